import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { PartitionRequests } from '../../../src/membership/partition-requests.ts';
import type { ClusterProcess } from '../../../src/process/cluster-process.ts';
import type { Observer } from '../../../src/simulation/observation.ts';
import type { System } from '../../../src/system/system.ts';
import { LEASE, type MachineStep } from './machine-program.ts';
import { MachineWitness } from './machine-witness.ts';
import { type BankOptions, runMachines } from './machines-bank.ts';
import { programOf } from './search.ts';
import { expectPromisesKept } from './suite.ts';

/** Of each mix; more are for `npm run simulate -- --mix machines`. */
const PROGRAMS = Number(process.env.TROUPE_MACHINES_RUNS ?? 4);
const FIRST = Number(process.env.TROUPE_MACHINES_SEED ?? 1);
/** In about half of them a mover hears where its actor is once that has left for an earlier mover's place. */
const LATE_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

test.each(['machines', 'machines-come'])(
  'programs of %s keep every promise, whatever becomes of machines and of their directory',
  { timeout: 600_000 },
  (mix) => expectPromisesKept(mix, FIRST, PROGRAMS),
);

test('the same seed gives the same run', { timeout: 600_000 }, async () => {
  expect(await fingerprint(3)).toBe(await fingerprint(3));
  expect(await fingerprint(4)).not.toBe(await fingerprint(3));
});

test('a move among workers that waited for a partition does not begin as that leaves', {
  timeout: 600_000,
}, async () => {
  const program: MachineStep[] = [
    { do: 'start', machines: 3, workers: 2 },
    { do: 'stallLinks', a: 0, b: 0, ms: 119 },
    { do: 'transfer', by: 0, from: 1, to: 2, amount: 9 },
    { do: 'transfer', by: 1, from: 1, to: 5, amount: 2 },
    { do: 'ask', by: 2, process: 1, to: 1, ms: 562 },
    { do: 'workerDies', machine: 0, worker: 1 },
    { do: 'cutOff', machine: 1, ms: 10 },
    { do: 'join' },
    { do: 'transfer', by: 3, from: 4, to: 1, amount: 3 },
    { do: 'count', by: 2, process: 0, to: 0, count: 3 },
    { do: 'transfer', by: 1, from: 5, to: 2, amount: 8 },
  ];
  expect((await runMachines(60_001_200, program)).breaches.list).toEqual([]);
});

test('nobody speaks in a worker before its code has begun', { timeout: 600_000 }, async () => {
  const hasBegun = new Set<string>();
  const said = { before: 0, after: 0 };
  const observe: Observer = (event) => {
    if (event.kind === 'control' && event.step === 'received' && event.message.type === 'go') hasBegun.add(event.to);
  };
  const began = ({ system, self, kernel }: ClusterProcess): void => {
    const tell = system.tell.bind(system);
    system.tell = (...args) => {
      if (self.worker > 0) said[hasBegun.has(kernel.address) ? 'after' : 'before']++;
      return tell(...args);
    };
  };
  // A worker is forked again, and some moments later its code begins.
  const count = { do: 'count', by: 0, process: 1, to: 3, count: 1 } as const;
  const program: MachineStep[] = [{ do: 'start', machines: 2, workers: 1 }, ...Array(10).fill(count)];
  program.push({ do: 'workerDies', machine: 0, worker: 1 }, ...Array(150).fill(count));
  for (const seed of [1, 2, 3, 4]) {
    hasBegun.clear();
    await runMachines(seed, program, { observe, began });
  }
  expect(said).toEqual({ before: 0, after: expect.toSatisfy((count: number) => count > 100) });
});

test('of two moves that are under way at once either may be the last; of two in a row only the later one', async () => {
  const moves: (() => void)[] = [];
  const system = {
    move: () => new Promise<void>((done) => void moves.push(done)),
    where: async () => ({ machine: 'm1' }),
  } as unknown as System;
  const breachesOf = async (isAtOnce: boolean): Promise<readonly string[]> => {
    const witness = new MachineWitness(() => 0);
    const begin = (machine: string): void => witness.move(system, 'tally/3', machine, () => true);
    const end = async (): Promise<void> => {
      for (const done of moves.splice(0)) done();
      await new Promise(setImmediate);
    };
    begin('m1');
    if (!isAtOnce) await end();
    begin('m2');
    await end();
    return witness.breaches.list;
  };
  expect(await breachesOf(true)).toEqual([]);
  expect(await breachesOf(false)).toEqual([expect.stringContaining('tally/3 has moved to m2, and is on m1')]);
});

test('a mover may hear late of a place that was left for another mover; one who is told what never was so is seen', {
  timeout: 600_000,
}, async () => {
  const wait: MachineStep = { do: 'wait', ms: 1_000 };
  const move = (by: number, process: number, machine: number): MachineStep => ({
    ...{ do: 'move', by, process, kind: 'tally', to: 0, machine },
  });
  const start: MachineStep = { do: 'start', machines: 2, workers: 1 };
  const inRow = [move(0, 0, 0), wait, move(0, 0, 1), wait];
  // The second machine has it. Both ask as the first one goes on: the worker, which wants it to stay, a moment before its master.
  const atOnce: MachineStep[] = [{ do: 'freeze', machine: 0, ms: 749 }, move(0, 0, 0), move(0, 2, 1), wait];
  const breaches = async (seed: number, program: MachineStep[]): Promise<readonly string[]> =>
    (await runMachines(seed, [start, ...program])).breaches.list;
  for (const seed of LATE_SEEDS) expect(await breaches(seed, [...inRow, ...atOnce])).toEqual([]);
  const lie = vi.spyOn(PartitionRequests.prototype, 'want').mockResolvedValue('there');
  const seen = await breaches(1, inRow).finally(() => lie.mockRestore());
  expect(seen.join()).toMatch(/tally.0 has moved to m\d, and is on m\d/);
});

test('a watch that waits for what a lost machine leaves behind is told of an end later', {
  timeout: 120_000,
}, async () => {
  const start: MachineStep = { do: 'start', machines: 3, workers: 1 };
  const freeze: MachineStep = { do: 'freeze', machine: 0, ms: LEASE * 1.8 };
  const count: MachineStep = { do: 'count', by: 1, process: 0, to: 1, count: 5 };
  for (const seed of [1, 2, 3]) {
    const { breaches } = await runMachines(seed, [start, freeze, count, { do: 'watch', by: 2, to: 1 }]);
    expect(breaches.list).toEqual([]);
  }
});

test('a watch that is passed on over a link that breaks is told of the end all the same', {
  timeout: 120_000,
}, async () => {
  const transfer = (by: number, from: number, to: number, amount: number): MachineStep => ({
    ...{ do: 'transfer', by, from, to, amount },
  });
  const program: MachineStep[] = [
    { do: 'start', machines: 2, workers: 2 },
    transfer(1, 0, 3, 6),
    { do: 'join' },
    { do: 'freeze', machine: 3, ms: 1_537 },
    { do: 'wait', ms: 1_035 },
    transfer(2, 5, 0, 9),
    { do: 'commitsHang', machine: 0, ms: 133 },
    { do: 'cutLinks', a: 2, b: 2 },
    transfer(3, 5, 0, 9),
    { do: 'ask', by: 0, process: 0, to: 3, ms: 420 },
    transfer(0, 5, 0, 6),
    { do: 'watch', by: 3, to: 3 },
    { do: 'wait', ms: 63 },
  ];
  expect((await runMachines(154_001_227, program)).breaches.list).toEqual([]);
});

test('a process that heeds no deadline is seen: it makes turns behind those of the next owner', async () => {
  const wait: MachineStep = { do: 'wait', ms: LEASE / 5 };
  const rounds = Array.from({ length: 15 }, (): MachineStep[] => [
    ...[0, 1, 2].flatMap((by) =>
      [0, 1, 2, 3].map((to): MachineStep => ({ do: 'count', by, process: 1, to, count: 1 })),
    ),
    wait,
  ]);
  const cut: MachineStep = { do: 'cutOff', machine: 0, ms: LEASE * 3 };
  const program: MachineStep[] = [{ do: 'start', machines: 3, workers: 1 }, cut, ...rounds.flat()];
  const breaches = async (options: BankOptions = {}): Promise<readonly string[]> =>
    (await runMachines(1, program, options)).breaches.list;
  expect(await breaches()).toEqual([]);
  expect((await breaches({ began: servesForEver })).join()).toContain('behind one of a newer owner');
});

async function fingerprint(seed: number): Promise<string> {
  const hash = createHash('sha256');
  const trace = (at: number, process: string, event: unknown): void =>
    void hash.update(`${at} ${process} ${JSON.stringify(event)}`);
  const outcome = await runMachines(seed, programOf({ mix: 'machines', seed, steps: 12 }) as MachineStep[], { trace });
  return hash.update(JSON.stringify(outcome.counts())).digest('hex');
}

function servesForEver({ kernel: { serving } }: ClusterProcess): void {
  if (!serving) return;
  const serve = serving.serve.bind(serving);
  serving.serve = (until) => serve(until > 0 ? Number.POSITIVE_INFINITY : until);
}
