/** Random programs: what users and fate do to a system, step by step. */
import fc from 'fast-check';
import { Simulation } from '../../../src/testkit/simulation/simulation.ts';
import type { Observer } from '../../../src/testkit/simulation/observation.ts';
import { CHILD_IDS, IDS, TOPICS, World } from './world.ts';

export type Step =
  | { do: 'tell' | 'ask' | 'slow' | 'boom'; to: string; count: number }
  | { do: 'relay'; from: string; to: string; count: number }
  | { do: 'question'; from: string; to: string }
  | { do: 'subscribe' | 'announce'; from: string; topic: string }
  | { do: 'watch'; from: string; to: string }
  | { do: 'stop' | 'killActor' | 'spawn'; to: string }
  | { do: 'adopt'; from: string; key: string }
  | { do: 'killWorker' | 'freeze' | 'thaw'; worker: number }
  | { do: 'addWorker' | 'reload' }
  | { do: 'move'; to: string; worker: number }
  | { do: 'removeWorker' | 'restartWorker'; worker: number }
  /** The sender's worker dies while what it sent is on its way, and its next incarnation sends at once. */
  | { do: 'crashSender'; from: string; to: string; count: number; ms: number }
  | { do: 'wait'; ms: number };

const anyId = fc.constantFrom(...IDS, ...CHILD_IDS);
const player = fc.constantFrom(...IDS);
const topic = fc.constantFrom(...TOPICS);
const count = fc.integer({ min: 1, max: 12 });
const worker = fc.integer({ min: 1, max: 4 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('tell' as const), to: anyId, count }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), to: anyId, count }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('slow' as const, 'boom' as const), to: player, count }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('relay' as const), from: player, to: anyId, count }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('question' as const), from: player, to: anyId }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('subscribe' as const, 'announce' as const), from: player, topic }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), from: player, to: anyId }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('stop' as const, 'killActor' as const, 'spawn' as const), to: player }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('adopt' as const), from: player, key: fc.constantFrom('a', 'b', 'c') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('killWorker' as const, 'freeze' as const, 'thaw' as const), worker }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('addWorker' as const, 'reload' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('move' as const), to: anyId, worker }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('removeWorker' as const, 'restartWorker' as const), worker }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('crashSender' as const),
      from: player,
      to: anyId,
      count,
      ms: fc.double({ min: 0, max: 30, noNaN: true }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 40 }) }) },
);

export function steps({ maxLength }: { maxLength: number }): fc.Arbitrary<Step[]> {
  const calm = step.filter((one) => !['killWorker', 'freeze', 'thaw', 'crashSender'].includes(one.do));
  return fc.array(process.env.TROUPE_CALM ? calm : step, { maxLength, size: 'max' });
}

/** Runs a program to the end and checks what happened. */
export async function runProgram(seed: number, program: readonly Step[], observe?: Observer): Promise<World> {
  const world = new World();
  // Links as fast as the control plane, and far slower: what is learnt by the one may overtake what comes by the other.
  const linkMs = [0.2, 1, 5, 20][seed % 4] as number;
  const simulation = await Simulation.start({
    seed,
    workers: 3,
    actors: world.actors(),
    hangMs: 300,
    askTimeoutMs: 500,
    linkMs,
    ...(observe && { observe }),
  });
  world.simulation = simulation;
  simulation.system.on('dead-letter', ({ to, message, reason }) => {
    const { from, n } = message as { from?: string; n?: number };
    if (from !== undefined) world.dead.set(`${from}>${to}:${n}`, reason);
  });
  simulation.observers.add((event) => {
    if (event.kind === 'process' && event.step === 'killed') world.kills++;
  });
  await simulation.run(5);
  for (const one of program) {
    carryOut(world, simulation, one);
    await simulation.run(simulation.random() * 2);
  }
  for (const process of simulation.workers()) process.thaw();
  await simulation.run(3_000);
  await probe(world, simulation);
  world.check();
  await simulation.until(simulation.system.shutdown({ timeoutMs: 5_000 }));
  if (simulation.workers().length > 0) world.breach('a process outlived the shutdown');
  return world;
}

function carryOut(world: World, simulation: Simulation, one: Step): void {
  const { system } = simulation;
  switch (one.do) {
    case 'tell':
      for (let i = 0; i < one.count; i++) system.tell(one.to, { type: 'note', ...world.sends('main', one.to) });
      return;
    case 'slow':
    case 'boom':
      system.tell(one.to, { type: one.do, ...world.sends('main', one.to), ms: one.count });
      return;
    case 'ask': {
      const { from, n } = world.sends('main', one.to);
      const sent = world.asks(from, one.to, n, 400);
      void world.settles(sent, system.ask(one.to, { type: 'note', from, n }, { timeoutMs: 400 }));
      return;
    }
    case 'relay':
      system.tell(one.from, { type: 'relay', to: one.to, count: one.count });
      return;
    case 'question':
      system.tell(one.from, { type: 'question', to: one.to });
      return;
    case 'subscribe':
    case 'announce':
      system.tell(one.from, { type: one.do, topic: one.topic });
      return;
    case 'watch':
      system.tell(one.from, { type: 'watch', id: one.to });
      return;
    case 'adopt':
      system.tell(one.from, { type: 'adopt', key: one.key });
      return;
    case 'stop':
      void system.stop(one.to).catch(() => {});
      return;
    case 'killActor':
      void system.kill(one.to).catch(() => {});
      return;
    case 'spawn':
      void system.spawn('player', { key: one.to.slice('player/'.length) }).catch(() => {});
      return;
    case 'crashSender':
      return crashSender(simulation, one);
    case 'move':
      void system.move(one.to, one.worker).catch(() => {});
      return;
    case 'removeWorker':
      if (simulation.workers().length > 3) void system.removeWorker(one.worker).catch(() => {});
      return;
    case 'restartWorker':
      void system.restartWorker(one.worker).catch(() => {});
      return;
    case 'reload':
      void system.reload().catch(() => {});
      return;
    case 'addWorker':
      if (simulation.workers().length < 5) void system.addWorker().catch(() => {});
      return;
    default:
      return fate(simulation, one);
  }
}

function fate(simulation: Simulation, one: Extract<Step, { worker: number }> | { do: 'wait'; ms: number }): void {
  if (one.do === 'wait') return void simulation.time.at(one.ms, () => {});
  const process = simulation.worker(one.worker);
  if (one.do === 'killWorker') process?.kill();
  else if (one.do === 'freeze') process?.freeze();
  else process?.thaw();
}

function crashSender(simulation: Simulation, { from, to, count, ms }: Extract<Step, { do: 'crashSender' }>): void {
  const { system, time } = simulation;
  system.tell(from, { type: 'relay', to, count });
  time.at(ms, () => {
    const home = simulation.workers().find(({ process }) => process?.actors.cellOf(from) !== undefined);
    if (simulation.workers().length > 1) home?.kill();
    system.tell(from, { type: 'relay', to, count });
  });
}

/** When all is quiet, everybody can be reached again. */
async function probe(world: World, simulation: Simulation): Promise<void> {
  for (const id of IDS) {
    const { from, n } = world.sends('main', id);
    const sent = world.asks(from, id, n, 2_000);
    await simulation.until(
      world.settles(sent, simulation.system.ask(id, { type: 'note', from, n }, { timeoutMs: 2_000 })),
    );
    if (sent.ask?.outcome !== 'reply')
      world.breach(`${id} could not be reached when all was quiet: ${sent.ask?.outcome}`);
  }
}
