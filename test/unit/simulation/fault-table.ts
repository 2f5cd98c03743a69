/**
 * One move, with everything that can go along, under a stream of messages from three kinds of senders; and fate, which
 * strikes one party at exactly one step of it.
 */
import type { Observer, SimulationEvent } from '../../../src/simulation/observation.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import { speaker } from './carry-out.ts';
import { endWell } from './end.ts';
import { promiseOf } from './promised.ts';
import { World } from './world.ts';

const OLD_HOME = 1;
const NEW_HOME = 2;
const SENDER = 3;
const RECEIVER_ID = 'player/0';
const SENDER_ID = 'player/1';
const WATCHER_ID = 'player/2';
const OLD = `~${OLD_HOME}.1`;
const NEW = `~${NEW_HOME}.1`;
const SENDING = `~${SENDER}.1`;

const HANG_MS = 300;
/** Shorter than what counts as a hang. */
const NAP_MS = 120;
const STREAM_MS = 60;

export type Fate = 'dies' | 'hangs' | 'naps';
export type Party = 'old host' | 'new host' | 'sender' | 'master';
/** Where the receiver is in the end, and whether it is the same incarnation, with its state. */
export type Outcome = 'moves' | 'stays' | 'fresh';

type Fits = (event: SimulationEvent, move: number) => boolean;

const received =
  (type: string, by: string): Fits =>
  (event, move) =>
    event.kind === 'control' &&
    event.step === 'received' &&
    event.to === by &&
    event.message.type === type &&
    moveOf(event.message) === move;
const sent =
  (type: string, by: string): Fits =>
  (event, move) =>
    event.kind === 'control' &&
    event.step === 'sent' &&
    event.from === by &&
    event.message.type === type &&
    moveOf(event.message) === move;
const frame =
  (step: 'written' | 'read', type: string, from: string, to: string, isEnd = false): Fits =>
  (event, move) =>
    event.kind === 'frame' &&
    event.step === step &&
    event.from === from &&
    event.to === to &&
    event.frame.entries.some(
      (entry) => entry.type === type && 'move' in entry && entry.move === move && (!isEnd || isTransferEnd(entry)),
    );
const settlement =
  (step: 'sent' | 'received', to: string): Fits =>
  (event, move) =>
    event.kind === 'control' &&
    event.step === step &&
    event.to === to &&
    event.message.type === 'table' &&
    event.message.change.endedMoves.includes(move);

/** In the order in which they happen. */
export const STEPS: Readonly<Record<string, Fits>> = {
  'prepare arrives at the old host': received('prepare', OLD),
  'flush is written by the old host': frame('written', 'flush', OLD, SENDING),
  'prepared is sent by the old host': sent('prepared', OLD),
  'flushed is read by the old host': frame('read', 'flushed', SENDING, OLD),
  'hold arrives at the old host': received('hold', OLD),
  'hold arrives at the new host': received('hold', NEW),
  'hold arrives at the sender': received('hold', SENDING),
  'the marker of the sender is written': frame('written', 'marker', SENDING, OLD),
  'the marker of the sender is read': frame('read', 'marker', SENDING, OLD),
  'transfer is written': frame('written', 'transfer', OLD, NEW),
  'the end of the transferred state is read': frame('read', 'transfer', OLD, NEW, true),
  'installed is sent by the new host': sent('installed', NEW),
  'the commit is sent': settlement('sent', OLD),
  'the commit arrives at the old host': settlement('received', OLD),
  'the commit arrives at the new host': settlement('received', NEW),
  'the commit arrives at the sender': settlement('received', SENDING),
};

export interface Cell {
  step: string;
  party: Party;
  fate: Fate;
}

/** The outcome, or why there is none. */
export async function strike(
  { step, party, fate }: Cell,
  seed: number,
  observe?: Observer,
): Promise<{ outcome: Outcome; world: World }> {
  const world = new World();
  const simulation = await Simulation.start({
    ...{
      seed,
      workers: [{ role: '', count: 3 }],
      actors: world.actors(),
      hangMs: HANG_MS,
      askTimeoutMs: 500,
      linkMs: 2,
    },
    observe: (event) => {
      observe?.(event);
      world.observe(event);
    },
    began: world.enter,
    built: (begun) => {
      world.simulation = begun;
    },
  });
  await furnish(world);
  const before = world.census.lives.get(RECEIVER_ID)?.number;
  let hasStruck = false;
  const fits = STEPS[step] as Fits;
  simulation.when(
    (event) => isMoving(world, event) !== undefined && fits(event, isMoving(world, event) as number),
    () => {
      hasStruck = true;
      hit(simulation, party, fate);
    },
  );
  stream(world);
  await simulation.run(5);
  promiseOf(world, { do: 'move', to: RECEIVER_ID, worker: NEW_HOME }, 5);
  await simulation.run(STREAM_MS + HANG_MS * 4);
  if (!hasStruck) throw new Error(`a move comes to the step that fate waits for; got none: ${step}`);
  // It lives again, if it does not live on.
  world.tell(speaker(world, 0), RECEIVER_ID, 'open');
  await simulation.run(50);
  const after = world.census.lives.get(RECEIVER_ID)?.number;
  const [home] = world.census.homesOf(RECEIVER_ID);
  await endWell(world);
  if (after !== before) return { outcome: 'fresh', world };
  return { outcome: home === OLD ? 'stays' : 'moves', world };
}

/** Everything that an actor can have: state, stash, timers, a watcher, a watch, a subscription, a child. */
async function furnish(world: World): Promise<void> {
  const { simulation } = world;
  const { system } = simulation;
  const master = speaker(world, 0);
  for (const [id, worker] of [
    [RECEIVER_ID, OLD_HOME],
    [SENDER_ID, SENDER],
    [WATCHER_ID, SENDER],
  ] as const) {
    world.tell(master, id, 'note');
    await simulation.until(system.move(id, worker));
  }
  world.tell(master, RECEIVER_ID, 'after', { ms: 350 });
  world.tell(master, RECEIVER_ID, 'every', { ms: 60 });
  world.tell(master, RECEIVER_ID, 'subscribe', { topic: 'news' });
  world.tell(master, RECEIVER_ID, 'adopt', { key: 'a' });
  world.tell(master, RECEIVER_ID, 'watch', { id: SENDER_ID });
  world.tell(master, WATCHER_ID, 'watch', { id: RECEIVER_ID });
  await simulation.run(30);
  world.tell(master, RECEIVER_ID, 'close');
  world.tell(master, RECEIVER_ID, 'note');
  await simulation.run(10);
}

/** Three kinds of senders, and a publisher; the receiver sends, too. */
function stream(world: World): void {
  const { simulation } = world;
  for (let at = 0; at < STREAM_MS; at += 2) {
    simulation.time.at(at, () => {
      const master = speaker(world, 0);
      world.tell(master, RECEIVER_ID, 'note');
      world.tell(master, SENDER_ID, 'relay', { to: RECEIVER_ID, count: 2 });
      world.tell(master, RECEIVER_ID, 'relay', { to: SENDER_ID, count: 1 });
      world.tell(speaker(world, SENDER), RECEIVER_ID, 'note');
      if (at % 10 === 0) world.tell(master, SENDER_ID, 'announce', { topic: 'news' });
      if (at % 10 === 4) void world.ask(master, RECEIVER_ID, 'note', 250);
    });
  }
}

function hit(simulation: Simulation, party: Party, fate: Fate): void {
  if (party === 'master') {
    simulation.freezeMaster();
    simulation.time.at(NAP_MS, () => simulation.thawMaster());
    return;
  }
  const process = simulation.worker({ 'old host': OLD_HOME, 'new host': NEW_HOME, sender: SENDER }[party]);
  if (fate === 'dies') return process?.crash();
  process?.freeze();
  if (fate === 'naps') simulation.time.at(NAP_MS, () => process?.thaw());
}

/** The number of the receiver's move, once it is known. */
function isMoving(world: World, event: SimulationEvent): number | undefined {
  if (event.kind === 'control' && event.message.type === 'prepare' && event.message.move.units.includes(RECEIVER_ID)) {
    const { from, to, id } = event.message.move;
    if (from.index === OLD_HOME && to.index === NEW_HOME) world.marks.set('move', id);
  }
  return world.marks.get('move');
}

function moveOf(message: object): number | undefined {
  const { move } = message as { move?: number | { id: number } };
  return typeof move === 'object' ? move.id : move;
}

function isTransferEnd(entry: object): boolean {
  return (entry as { piece?: unknown }).piece === null;
}
