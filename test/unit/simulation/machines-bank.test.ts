import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ClusterProcess } from '../../../src/process/cluster-process.ts';
import { LEASE, type MachineStep } from './machine-program.ts';
import { type BankOptions, runMachines } from './machines-bank.ts';
import { programOf } from './search.ts';
import { expectPromisesKept } from './suite.ts';

/** Of each mix; more are for `npm run simulate -- --mix machines`. */
const PROGRAMS = Number(process.env.TROUPE_MACHINES_RUNS ?? 4);
const FIRST = Number(process.env.TROUPE_MACHINES_SEED ?? 1);

test.each(['machines', 'machines-come'])(
  'programs of %s keep every promise, whatever becomes of machines and of their directory',
  { timeout: 600_000 },
  (mix) => expectPromisesKept(mix, FIRST, PROGRAMS),
);

test('the same seed gives the same run', { timeout: 60_000 }, async () => {
  expect(await fingerprint(3)).toBe(await fingerprint(3));
  expect(await fingerprint(4)).not.toBe(await fingerprint(3));
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
