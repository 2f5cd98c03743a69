/**
 * A machine that was cut off for longer than its lease enters again under another name. What its processes had asked to watch meanwhile
 * lay in links that nobody reads any more: it is asked once more.
 */
import { expect, test } from 'vitest';
import { LEASE, type MachineStep, TALLIES } from './machine-program.ts';
import { runMachines } from './machines-bank.ts';

const PROGRAM: readonly MachineStep[] = [
  { do: 'start', machines: 3, workers: 1 },
  { do: 'cutOff', machine: 1, ms: Math.round(LEASE * 1.943) },
  // The others have declared it lost, and it does not know that yet.
  { do: 'wait', ms: Math.round(LEASE * 1.197) },
  ...Array.from({ length: TALLIES }, (_, to): MachineStep => ({ do: 'watch', by: 1, to })),
];

test.each([16, 21, 26, 27, 31, 32, 33, 37])('every end is told: seed %i', async (seed) => {
  const bank = await runMachines(seed, PROGRAM);
  expect(bank.counts()['watchers told']).toBe(TALLIES);
  expect(bank.breaches.list).toEqual([]);
});
