/** The end of a run: all becomes quiet, everybody can be reached, every promise is checked, and the system shuts down. */
import type { LocalActors } from '../../../src/actor/local-actors.ts';
import { type Heavy, LIGHT_BYTES } from '../../../src/plain-data/weight.ts';
import { NOWHERE } from '../../../src/wire/control.ts';
import { speaker } from './carry-out.ts';
import { CHILD_IDS, GUEST_IDS, IDS, JOB_IDS } from './program.ts';
import type { World } from './world.ts';

/** Milliseconds until all must be quiet: hangs are found, workers forked again, hand-offs past their deadlines. */
const QUIET_MS_MAX = 20_000;
/** Milliseconds between two looks, and how many quiet ones make the quiet. */
const LOOK_MS = 10;
const QUIET_LOOKS = 15;
/** Milliseconds in which a watcher is told, when all is quiet. */
const TOLD_MS = 200;
const PROBE_MS = 2_000;
/** Milliseconds that a shutdown may take, when all is quiet. */
const SHUTDOWN_MS_MAX = 1_000;

export async function endWell(world: World): Promise<void> {
  world.pauses.resumeAll(world.simulation.system);
  for (const id of IDS) world.tell(speaker(world, 0), id, 'open');
  await becomeQuiet(world);
  if (isBroken(world)) return;
  await probe(world);
  await becomeQuiet(world);
  if (isBroken(world)) return;
  world.ledger.check();
  world.asks.check();
  world.timers.check();
  world.topics.check();
  world.families.check();
  checkPlaces(world);
  for (const [id, at] of world.census.mustReturn)
    world.breaches.add(8, `${id} was spawned, lost at ${at.toFixed(3)} and not started again`);
  if (isBroken(world)) return;
  await checkWatches(world);
  await shutDown(world);
}

function isBroken({ breaches }: World): boolean {
  return breaches.list.length > 0;
}

async function becomeQuiet(world: World): Promise<void> {
  const { simulation } = world;
  const until = world.now + QUIET_MS_MAX;
  let quiet = 0;
  let why: string | undefined;
  while (quiet < QUIET_LOOKS) {
    if (isBroken(world)) return;
    if (world.now > until) return world.breaches.add('liveness', `all is quiet within ${QUIET_MS_MAX} ms; got ${why}`);
    await simulation.run(LOOK_MS);
    why = unrest(world);
    quiet = why === undefined ? quiet + 1 : 0;
  }
}

/** What is still going on; undefined where nothing is. */
function unrest(world: World): string | undefined {
  const { simulation, census, faults, changes } = world;
  const { master, system } = simulation;
  if (world.now < world.timers.lastDueAt) return 'a timer that is due later';
  if (changes.inFlight > 0) return `${changes.inFlight} changes of workers or places under way`;
  const away = system.workers().find(({ state }) => state !== 'ready');
  if (away) return `worker ${away.index} is ${away.state}`;
  if (!master.isSettled) return 'a hand-off under way';
  let sent = 0;
  let received = 0;
  for (const process of simulation.workers()) {
    if (process.isFrozen) return `${process.address} is frozen`;
    if (process.inFlight > 0) return `a control message to or from ${process.address}`;
  }
  for (const [address, process] of census.processes) {
    if (!faults.isAlive(address)) continue;
    const idleness = process.idleness();
    if (!idleness.idle) return `${address} is busy`;
    sent += idleness.sent;
    received += idleness.received;
  }
  return sent === received ? undefined : `${sent} entries were sent, ${received} received`;
}

/** Everybody can be reached again, from everywhere. */
async function probe(world: World): Promise<void> {
  const { simulation, breaches } = world;
  const asks: Promise<unknown>[] = [];
  const jobs = JOB_IDS.filter((id) => world.ledger.sent.some(({ to }) => to === id));
  for (const [number, id] of [...IDS, ...CHILD_IDS, ...GUEST_IDS, ...jobs].entries()) {
    const by = speaker(world, number % 4);
    asks.push(
      world.ask(by, id, 'note', PROBE_MS).then((outcome) => {
        if (outcome !== 'reply')
          breaches.add('liveness', `${id} cannot be reached by ${by.name} when all is quiet: ${outcome}`);
      }),
    );
  }
  await simulation.until(Promise.all(asks));
}

/** The tables of all processes agree with the master's, and every actor is where they say, once. */
function checkPlaces({ simulation, census, faults, breaches }: World): void {
  const { master } = simulation;
  const truth = JSON.stringify(master.table.toData());
  const homes = new Map<string, string>();
  for (const [address, process] of census.processes) {
    if (!faults.isAlive(address)) continue;
    const { table, actors, kernel, self } = process;
    if (JSON.stringify(table.toData()) !== truth)
      breaches.add(
        'placement',
        `the table of ${address} (epoch ${table.epoch}) differs from the master's (epoch ${master.table.epoch})`,
      );
    if (kernel.pending.size !== 0)
      breaches.add(5, `${address} counts ${kernel.pending.size} asks under way when all is quiet`);
    const aside = bytesAside(actors);
    if (kernel.memory.bytes !== aside)
      breaches.add(
        6,
        `${address} counts ${kernel.memory.bytes} bytes that wait, when all is quiet and ${aside} are put aside`,
      );
    if (kernel.memory.heavyWaiting !== 0 || kernel.memory.waiting !== 0)
      breaches.add(6, `${address} counts ${kernel.memory.waiting} messages that wait, when all is quiet`);
    for (const id of actors.ids()) {
      const other = homes.get(id);
      if (other) breaches.add(1, `${id} lives in ${other} and in ${address}`);
      homes.set(id, address);
      const terms = table.termsOf(id);
      const home = terms?.strategy === 'hash' ? table.hostOf(id, terms.column) : (table.pinOf(id) ?? NOWHERE);
      if (home !== self.worker && home !== NOWHERE)
        breaches.add('placement', `${id} lives in ${address}; the table says worker ${home}`);
    }
  }
}

/** What waits though all is quiet: it was put aside. */
function bytesAside(actors: LocalActors): number {
  const heavy = new Set<Heavy>();
  let bytes = 0;
  for (const id of actors.ids()) {
    for (const envelope of actors.cellOf(id)?.mailbox.aside() ?? []) {
      if (envelope.heavy === undefined) bytes += LIGHT_BYTES;
      else heavy.add(envelope.heavy);
    }
  }
  for (const one of heavy) bytes += one.bytes;
  return bytes;
}

/** Whoever is watched ends now: each watcher that waits is told, once. */
async function checkWatches(world: World): Promise<void> {
  const { simulation, watches, census, deadLetters, breaches } = world;
  for (const target of new Set(watches.armed.map((watch) => watch.target))) {
    // A child that is killed is started again by its parent: that is no end.
    const home = census.homesOf(target)[0];
    if (home && census.processes.get(home)?.actors.cellOf(target)?.origin.parent) continue;
    deadLetters.killed(target);
    const waiting = watches.armed.filter((watch) => watch.target === target);
    await simulation.until(simulation.system.kill(target));
    await simulation.run(TOLD_MS);
    for (const watch of waiting) {
      // A watcher that slept is woken by the news; one that ended took its watch along.
      if (!watches.armed.includes(watch)) continue;
      // So did one that died with the process that it had just moved to.
      const isGone = census.lives.get(watch.watcher)?.doubtfulAt !== undefined;
      if (isGone && census.homesOf(watch.watcher).length === 0) continue;
      const where = census.homesOf(watch.watcher).join() || 'nowhere';
      breaches.add(
        7,
        `${watch.watcher} (in ${where}) was never told of the end of ${target}, watched since ${watch.since.toFixed(3)}`,
      );
    }
  }
}

async function shutDown(world: World): Promise<void> {
  const { simulation, breaches, deadLetters } = world;
  const startedAt = world.now;
  deadLetters.isShuttingDown = true;
  await simulation.until(simulation.system.shutdown({ timeoutMs: 5_000 }));
  if (world.now - startedAt > SHUTDOWN_MS_MAX)
    breaches.add('end', `a shutdown in quiet times took ${(world.now - startedAt).toFixed(0)} ms`);
  if (simulation.workers().length > 0) breaches.add('end', 'a process outlived the shutdown');
  await simulation.run(1);
  if (simulation.clock.timers > 0)
    breaches.add('end', `${simulation.clock.timers} timers of the master outlived the shutdown`);
}
