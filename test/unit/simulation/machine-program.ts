/** Random programs for many machines: what users do, and what becomes of machines, of what is between them and of their directory. */
import fc from 'fast-check';

/** Machines are counted among those that are up, and round again; process 0 is the master. */
export type MachineStep =
  /** The first of a program. */
  | { do: 'start'; machines: number; workers: number }
  | { do: 'transfer'; by: number; from: number; to: number; amount: number }
  /** Messages to an actor of which nothing is kept, from one process of the machine. */
  | { do: 'count'; by: number; process: number; to: number; count: number }
  | { do: 'ask'; by: number; process: number; to: number; ms: number }
  | { do: 'watch' | 'stop'; by: number; to: number }
  | { do: 'publish'; by: number; process: number }
  /** An actor is to move to another machine, of which nothing is kept or much. */
  | { do: 'move'; by: number; process: number; kind: 'tally' | 'account'; to: number; machine: number }
  | { do: 'pause' | 'resume'; by: number; to: number }
  | { do: 'join' }
  | { do: 'leave' | 'die'; machine: number }
  /** From the directory. */
  | { do: 'cutOff'; machine: number; ms: number }
  /** All of its processes stand still. */
  | { do: 'freeze'; machine: number; ms: number }
  /** A machine joins, and stands still some moments after something begins to come to it. */
  | { do: 'joinHalted'; afterMs: number; ms: number }
  | { do: 'workerDies'; machine: number; worker: number }
  /** It hands over what it has, and another one takes its place. */
  | { do: 'workerRestarts'; machine: number; worker: number }
  /** Commits to the store take two leases, and come all the same. */
  | { do: 'commitsHang'; machine: number; ms: number }
  | { do: 'engineGone' | 'engineSlow' | 'noAnswers'; ms: number }
  | { do: 'cutLinks'; a: number; b: number }
  | { do: 'stallLinks'; a: number; b: number; ms: number }
  /** One link between two processes, counted from the youngest. */
  | { do: 'cutWay'; a: number; b: number; near: number; far: number }
  | { do: 'stallWay'; a: number; b: number; near: number; far: number; ms: number }
  | { do: 'wait'; ms: number };

/** How often a kind of step is drawn; what is not named is not drawn. */
export type MachineMix = Partial<Record<MachineStep['do'], number>>;

export const LEASE = 900;
export const ACCOUNTS = 6;
export const TALLIES = 4;
/** Milliseconds in which most of what is handed over has gone on to its workers. */
const ARRIVAL_MS = 8;

const TRAFFIC: MachineMix = {
  transfer: 12,
  count: 10,
  ask: 6,
  watch: 2,
  stop: 1,
  publish: 3,
  pause: 2,
  resume: 1.5,
  wait: 10,
};

/** Everything. */
export const MACHINES: MachineMix = {
  ...TRAFFIC,
  move: 2,
  ...{ join: 2, leave: 2, die: 1.5, cutOff: 2, freeze: 2, workerDies: 2, workerRestarts: 1, commitsHang: 1.5 },
  joinHalted: 1.5,
  ...{ engineGone: 2, engineSlow: 1, noAnswers: 1.5, cutLinks: 1.5, stallLinks: 1.5, cutWay: 2, stallWay: 2 },
};

/** Machines come and go in order, and nothing else happens to them: whatever is not durable is lost by no fault. */
export const MACHINES_COME: MachineMix = { ...TRAFFIC, join: 4, leave: 4, count: 16, wait: 14 };

/** Actors are moved from machine to machine under much mail, while machines come and go in order. */
export const MACHINES_MOVES: MachineMix = { ...TRAFFIC, move: 12, join: 1.5, leave: 1.5, count: 24, wait: 14 };

/** Much mail, and machines that are lost while they live: what came to them before is not to come behind what is sent later. */
export const MACHINES_LOST: MachineMix = {
  ...{ transfer: 2, ask: 4, count: 40, wait: 16, join: 2, leave: 2 },
  ...{ cutOff: 4, freeze: 5, joinHalted: 3, workerDies: 1, cutLinks: 2, stallLinks: 2, noAnswers: 1 },
};

/** Nothing is published, so that mail goes from worker to worker: these come and go, and so do the links between them. */
export const MACHINES_WAYS: MachineMix = {
  ...{ transfer: 5, count: 28, ask: 8, watch: 2, stop: 1, wait: 14 },
  ...{ join: 1, leave: 1, workerDies: 2, workerRestarts: 4, cutLinks: 0.5, cutWay: 3, stallWay: 3 },
};

const machine = fc.integer({ min: 0, max: 3 });
const process = fc.integer({ min: 0, max: 2 });
const account = fc.integer({ min: 0, max: ACCOUNTS - 1 });
const tally = fc.integer({ min: 0, max: TALLIES - 1 });
const ms = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
/** Of a fault: mostly shorter than a lease, sometimes so long that others take over. */
const faultMs = fc.oneof({ weight: 3, arbitrary: ms(LEASE * 0.6) }, { weight: 2, arbitrary: ms(LEASE * 2) });

const ARBITRARIES: { [D in Exclude<MachineStep['do'], 'start'>]: fc.Arbitrary<MachineStep> } = {
  transfer: fc.record({
    ...{ do: fc.constant('transfer'), by: machine, from: account, to: account },
    amount: fc.integer({ min: 1, max: 9 }),
  }),
  count: fc.record({
    do: fc.constant('count'),
    by: machine,
    process,
    to: tally,
    count: fc.integer({ min: 1, max: 8 }),
  }),
  ask: fc.record({ do: fc.constant('ask'), by: machine, process, to: tally, ms: ms(600) }),
  watch: fc.record({ do: fc.constant('watch'), by: machine, to: tally }),
  stop: fc.record({ do: fc.constant('stop'), by: machine, to: tally }),
  publish: fc.record({ do: fc.constant('publish'), by: machine, process }),
  move: fc.record({
    ...{ do: fc.constant('move'), by: machine, process, kind: fc.constantFrom('tally', 'tally', 'account') },
    ...{ to: tally, machine },
  }),
  pause: fc.record({ do: fc.constant('pause'), by: machine, to: tally }),
  resume: fc.record({ do: fc.constant('resume'), by: machine, to: tally }),
  join: fc.constant({ do: 'join' }),
  leave: fc.record({ do: fc.constant('leave'), machine }),
  die: fc.record({ do: fc.constant('die'), machine }),
  cutOff: fc.record({ do: fc.constant('cutOff'), machine, ms: faultMs }),
  freeze: fc.record({ do: fc.constant('freeze'), machine, ms: faultMs }),
  joinHalted: fc.record({
    ...{ do: fc.constant('joinHalted'), afterMs: fc.integer({ min: 0, max: ARRIVAL_MS }), ms: faultMs },
  }),
  workerRestarts: fc.record({
    ...{ do: fc.constant('workerRestarts'), machine },
    worker: fc.integer({ min: 1, max: 2 }),
  }),
  workerDies: fc.record({ do: fc.constant('workerDies'), machine, worker: fc.integer({ min: 1, max: 2 }) }),
  commitsHang: fc.record({ do: fc.constant('commitsHang'), machine, ms: faultMs }),
  engineGone: fc.record({ do: fc.constant('engineGone'), ms: faultMs }),
  engineSlow: fc.record({ do: fc.constant('engineSlow'), ms: faultMs }),
  noAnswers: fc.record({ do: fc.constant('noAnswers'), ms: faultMs }),
  cutLinks: fc.record({ do: fc.constant('cutLinks'), a: machine, b: machine }),
  stallLinks: fc.record({ do: fc.constant('stallLinks'), a: machine, b: machine, ms: faultMs }),
  cutWay: fc.record({ do: fc.constant('cutWay'), a: machine, b: machine, near: process, far: process }),
  stallWay: fc.record({
    ...{ do: fc.constant('stallWay'), a: machine, b: machine, near: process, far: process },
    ms: faultMs,
  }),
  wait: fc.record({
    do: fc.constant('wait'),
    ms: fc.oneof({ weight: 3, arbitrary: ms(LEASE * 0.1) }, { weight: 1, arbitrary: ms(LEASE * 1.3) }),
  }),
};

/** Weights of fast-check are whole numbers. */
const WEIGHT_UNIT = 10;

export function machineSteps(mix: MachineMix, length: number): fc.Arbitrary<MachineStep[]> {
  const start: fc.Arbitrary<MachineStep> = fc.record({
    do: fc.constant('start'),
    machines: fc.integer({ min: 2, max: 3 }),
    workers: fc.integer({ min: 1, max: 2 }),
  });
  const step = fc.oneof(
    ...Object.entries(mix).map(([what, weight]) => ({
      weight: Math.round(weight * WEIGHT_UNIT),
      arbitrary: ARBITRARIES[what as keyof typeof ARBITRARIES],
    })),
  );
  const rest = fc.array(step, { minLength: length, maxLength: length, size: 'max' });
  return fc.tuple(start, rest).map(([first, others]) => [first, ...others]);
}
