/**
 * Scenarios for rules that random programs come to too rarely: a few steps each, on a network that is told what to hold
 * up and when. All run on the same workers; what comes of them is checked as in a program.
 */
import { shardOf, shardUnit } from '../../../src/placement/shard.ts';
import type { Observer, SimulationEvent } from '../../../src/simulation/observation.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import { speaker } from './carry-out.ts';
import { endWell } from './end.ts';
import type { Sent } from './ledger.ts';
import { promiseOf } from './promised.ts';
import { World } from './world.ts';

const OLD_HOME = 1;
const NEW_HOME = 2;
const THIRD = 3;
const RECEIVER_ID = 'player/0';
const SENDER_ID = 'player/1';
/** A second one that moves; it has never lived where the others move to. */
const OTHER_ID = 'player/2';
const TOPIC = 'news';

/** Milliseconds in which all that is not held up is done. */
const SOON_MS = 10;
/** Frames and control messages that nobody holds up: a frame is faster than most control messages. */
const LINK_MS = 0.001;
const WORKERS_MAX = 5;
/** Milliseconds after which an actor of these programs has left memory. */
const ASLEEP_MS = 1_000;

interface Scenario {
  /** Where the actors live when it begins. */
  homes: Readonly<Record<string, number>>;
  /** Frames under way on a link before its writer has to wait. */
  linkFramesMax?: number;
  act: (world: World) => Promise<void>;
}

export const SCENARIOS = {
  /** A sender stands still while mail of its own is held here; a loose end of one of its turns then says something more. */
  'a loose end speaks while its actor stands still': {
    homes: { [RECEIVER_ID]: THIRD, [SENDER_ID]: OLD_HOME },
    act: async (world) => {
      const { simulation } = world;
      await heldMove(world, RECEIVER_ID, [0, THIRD]);
      await relay(world);
      world.tell(speaker(world, 0), SENDER_ID, 'later', { to: RECEIVER_ID, ms: SOON_MS * 2 });
      await simulation.run(SOON_MS);
      await heldMove(world, SENDER_ID, [0, OLD_HOME]);
      await simulation.run(SOON_MS);
      const said = saidTo(world, SENDER_ID, RECEIVER_ID);
      reached(said.length === 2 && said.every(isUnwritten), 'both messages wait where their sender stands still');
      simulation.unstall(0, OLD_HOME);
      await simulation.run(SOON_MS);
      simulation.unstall(0, THIRD);
    },
  },

  /** Two moves from one host; between its markers for them a third process speaks, acknowledged flushes behind it. */
  'the marker of one move is read when another move waits for nothing else': {
    homes: { [OTHER_ID]: OLD_HOME, [RECEIVER_ID]: OLD_HOME },
    act: async (world) => {
      const { simulation } = world;
      const say = (): void => world.tell(speaker(world, THIRD), RECEIVER_ID, 'note');
      const otherMarked = frameOf(world, 'read', 'marker', OTHER_ID);
      let isFlushed = false;
      let isMarked = false;
      simulation.when(frameOf(world, 'written', 'flushed', RECEIVER_ID), () => {
        isFlushed = true;
      });
      simulation.when(holdOf(OTHER_ID), () => {
        simulation.stall(OLD_HOME, THIRD);
        simulation.stallOrders(THIRD);
        simulation.time.at(SOON_MS, say);
      });
      // Both stand still at once, so that the flushes of the one are acknowledged before anybody holds for the other.
      simulation.stallOrders(OLD_HOME);
      promiseOf(world, { do: 'move', to: OTHER_ID, worker: NEW_HOME }, WORKERS_MAX);
      promiseOf(world, { do: 'move', to: RECEIVER_ID, worker: NEW_HOME }, WORKERS_MAX);
      await simulation.run(1);
      simulation.unstallOrders(OLD_HOME);
      await simulation.run(SOON_MS * 2);
      const voice = speaker(world, THIRD).name;
      reached(isFlushed && saidTo(world, voice, RECEIVER_ID).length === 1, 'it speaks behind its acknowledgement');
      simulation.unstallOrders(THIRD);
      simulation.when(otherMarked, () => {
        isMarked = true;
        simulation.stall(OLD_HOME, THIRD);
      });
      await simulation.run(SOON_MS);
      // Held, since the move is not over.
      say();
      simulation.unstall(OLD_HOME, THIRD);
      await simulation.run(SOON_MS * 3);
      reached(isMarked, 'one marker comes alone');
      simulation.unstall(OLD_HOME, THIRD);
    },
  },

  /** A sender stands still, with mail for a receiver that moves, too: some not written, some held. The receiver's host dies. */
  'a link dies with unwritten mail of a sender that stands still': {
    homes: { [RECEIVER_ID]: THIRD, [SENDER_ID]: OLD_HOME },
    linkFramesMax: 1,
    act: async (world) => {
      const { simulation } = world;
      simulation.stall(OLD_HOME, THIRD);
      for (let frames = 0; frames < 3; frames++) {
        world.tell(speaker(world, OLD_HOME), RECEIVER_ID, 'note');
        await simulation.run(1);
      }
      await relay(world);
      promiseOf(world, { do: 'move', to: RECEIVER_ID, worker: NEW_HOME }, WORKERS_MAX);
      await simulation.run(SOON_MS);
      await relay(world);
      promiseOf(world, { do: 'move', to: SENDER_ID, worker: NEW_HOME }, WORKERS_MAX);
      await simulation.run(SOON_MS);
      const said = saidTo(world, SENDER_ID, RECEIVER_ID);
      reached(said.length === 2 && said.every(isUnwritten), 'both messages wait where their sender stands still');
      reached(world.moves.begun === world.moves.settled + 2, 'both moves stand when the worker dies');
      simulation.crash(THIRD);
      await simulation.run(SOON_MS * 5);
    },
  },

  /** What its publisher has published for a subscriber on the move waits with its other mail, and goes along where it moves itself. */
  'a worker dies with what one that has moved there had published for a subscriber on the move': {
    homes: { [OTHER_ID]: THIRD, [SENDER_ID]: OLD_HOME },
    act: async (world) => {
      const { simulation } = world;
      await command(world, OTHER_ID, 'subscribe');
      reached(world.topics.inForce === 1, 'the subscriber subscribes');
      await heldMove(world, OTHER_ID, [0, THIRD]);
      await command(world, SENDER_ID, 'announce');
      await simulation.until(simulation.system.move(SENDER_ID, NEW_HOME));
      await simulation.run(SOON_MS);
      reached(saidTo(world, SENDER_ID, TOPIC).length === 1, 'the sender publishes');
      reached(world.moves.begun === world.moves.settled + 1, 'the subscriber is on the move when the worker dies');
      simulation.crash(NEW_HOME);
      await simulation.run(SOON_MS * 5);
      simulation.unstall(0, THIRD);
    },
  },

  /** Its watch ends with it: what slept at the old host has left it, and is nowhere else yet. */
  'a watcher that sleeps moves to a worker that dies before it hears of it': {
    homes: { [RECEIVER_ID]: OLD_HOME, [SENDER_ID]: OLD_HOME },
    act: async (world) => {
      const { simulation, census } = world;
      world.tell(speaker(world, 0), SENDER_ID, 'watch', { id: RECEIVER_ID });
      await simulation.run(ASLEEP_MS);
      reached(census.lives.get(SENDER_ID)?.isAsleep === true && world.watches.armed.length === 1, 'a watcher sleeps');
      await diesUnheard(world);
      reached(world.watches.armed.length === 0, 'its watch has ended with it');
    },
  },
  /** So does that of one that has failed, and waits to begin again: nothing of it runs anywhere. */
  'a watcher that waits for its backoff moves to a worker that dies before it hears of it': {
    homes: { [RECEIVER_ID]: OLD_HOME, [SENDER_ID]: OLD_HOME },
    act: async (world) => {
      world.tell(speaker(world, 0), SENDER_ID, 'watch', { id: RECEIVER_ID });
      await command(world, SENDER_ID, 'boom');
      const life = world.census.lives.get(SENDER_ID);
      reached(life?.isRestarted === true && world.watches.armed.length === 1, 'a watcher fails');
      await diesUnheard(world);
      reached(world.watches.armed.length === 0, 'its watch has ended with it');
    },
  },
  /** Its place is its own: that its shard has come to that worker says nothing of it. */
  'a watcher that sleeps, and a pause keeps from starting, is moving to a worker that dies': {
    homes: { [RECEIVER_ID]: THIRD, [SENDER_ID]: OLD_HOME },
    act: async (world) => {
      const { simulation, census, pauses } = world;
      const hasComeBack = movedTo(world, NEW_HOME, SENDER_ID);
      simulation.crash(NEW_HOME);
      await simulation.run(ASLEEP_MS * 2);
      reached(hasComeBack(), 'its shard moves to the new worker');
      world.tell(speaker(world, 0), RECEIVER_ID, 'note');
      await command(world, SENDER_ID, 'watch', { id: RECEIVER_ID });
      await simulation.run(ASLEEP_MS);
      pauses.pause(simulation.system, SENDER_ID);
      await simulation.run(SOON_MS);
      world.tell(speaker(world, 0), SENDER_ID, 'note');
      await simulation.run(SOON_MS);
      reached(census.lives.get(SENDER_ID)?.isAsleep === true, 'it is woken, and does not start');
      await heldMove(world, SENDER_ID, [0, OLD_HOME]);
      simulation.crash(NEW_HOME);
      await simulation.run(SOON_MS);
      reached(world.watches.armed.length === 1, 'it stays where it is, and watches');
      simulation.unstall(0, OLD_HOME);
    },
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

/** From the beginning to a shutdown; what was found is in the world. */
export async function direct(name: ScenarioName, seed: number, observe?: Observer): Promise<World> {
  const { homes, linkFramesMax, act }: Scenario = SCENARIOS[name];
  const world = new World();
  const simulation = await Simulation.start({
    ...{ seed, workers: [{ role: '', count: 3 }], actors: world.actors(), linkMs: LINK_MS },
    ...(linkFramesMax !== undefined && { linkFramesMax }),
    observe: (event) => {
      observe?.(event);
      world.observe(event);
    },
    began: world.enter,
    built: (begun) => {
      world.simulation = begun;
    },
  });
  for (const [id, worker] of Object.entries(homes)) {
    world.tell(speaker(world, 0), id, 'note');
    await simulation.until(simulation.system.move(id, worker));
  }
  await simulation.run(SOON_MS);
  await act(world);
  await endWell(world);
  return world;
}

/** A move that does not get further than its markers: those of one link do not come. */
async function heldMove(world: World, id: string, [one, other]: [number, number]): Promise<void> {
  world.simulation.stall(one, other);
  promiseOf(world, { do: 'move', to: id, worker: NEW_HOME }, WORKERS_MAX);
  await world.simulation.run(SOON_MS);
}

/** Its move is committed, and its new host dies before that hears of it. */
async function diesUnheard(world: World): Promise<void> {
  const { simulation } = world;
  let isStruck = false;
  simulation.when(settlementFor(NEW_HOME), () => {
    isStruck = true;
    simulation.crash(NEW_HOME);
  });
  promiseOf(world, { do: 'move', to: SENDER_ID, worker: NEW_HOME }, WORKERS_MAX);
  await simulation.run(SOON_MS * 5);
  reached(isStruck, 'its move is committed');
}

async function command(world: World, id: string, type: string, more: object = { topic: TOPIC }): Promise<void> {
  world.tell(speaker(world, 0), id, type, more);
  await world.simulation.run(SOON_MS);
}

async function relay(world: World): Promise<void> {
  world.tell(speaker(world, 0), SENDER_ID, 'relay', { to: RECEIVER_ID, count: 1 });
  await world.simulation.run(SOON_MS);
}

function saidTo({ ledger }: World, from: string, to: string): Sent[] {
  return ledger.sent.filter((sent) => sent.from === from && sent.to === to);
}

function isUnwritten({ frames }: Sent): boolean {
  return frames.length === 0;
}

/** A scenario that does not come to its point proves nothing. */
function reached(isThere: boolean, point: string): void {
  if (!isThere) throw new Error(`a scenario comes to its point: ${point}; got none of it`);
}

/** The third process is told to hold. */
function holdOf(id: string): (event: SimulationEvent) => boolean {
  return (event) =>
    event.kind === 'control' &&
    event.step === 'received' &&
    event.to === `~${THIRD}.1` &&
    event.message.type === 'hold' &&
    event.message.move.units.includes(id);
}

/** Whether the shard of an actor has moved there since. */
function movedTo({ simulation }: World, worker: number, id: string): () => boolean {
  let hasMoved = false;
  simulation.observers.add((event) => {
    if (event.kind !== 'control' || event.message.type !== 'hold') return;
    const { to, units } = event.message.move;
    if (to.index === worker && units.includes(shardUnit('', shardOf(id)))) hasMoved = true;
  });
  return () => hasMoved;
}

/** The table that says who lives where is on its way to a worker. */
function settlementFor(worker: number): (event: SimulationEvent) => boolean {
  return (event) =>
    event.kind === 'control' &&
    event.step === 'sent' &&
    event.to === `~${worker}.1` &&
    event.message.type === 'table' &&
    event.message.change.endedMoves.length > 0;
}

/** A frame from the third process to the old host, with an entry of the next move of an actor. */
function frameOf(
  { simulation }: World,
  step: 'written' | 'read',
  type: 'flushed' | 'marker',
  id: string,
): (event: SimulationEvent) => boolean {
  let move: number | undefined;
  simulation.observers.add((event) => {
    if (event.kind === 'control' && event.message.type === 'prepare' && event.message.move.units.includes(id))
      move = event.message.move.id;
  });
  return (event) =>
    event.kind === 'frame' &&
    event.step === step &&
    event.from === `~${THIRD}.1` &&
    event.to === `~${OLD_HOME}.1` &&
    event.frame.entries.some((entry) => entry.type === type && entry.move === move);
}
