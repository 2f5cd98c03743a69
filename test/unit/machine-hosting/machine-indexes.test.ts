/** The numbers by which a table names other machines, and their workers. */
import { expect, test } from 'vitest';
import { MachineIndexes } from '../../../src/machine-hosting/machine-indexes.ts';
import { FOREIGN_WORKERS_MAX, isForeignWorker, machineIndexOf } from '../../../src/vocabulary/host-index.ts';

test('each start of a worker has a number of its own, of its machine, until there is none left', () => {
  const indexes = new MachineIndexes();
  const [one, other] = [indexes.of('m1'), indexes.of('m2')];
  const given = Array.from({ length: FOREIGN_WORKERS_MAX }, (_, n) => indexes.ofWorker('m1', 1, n + 1) as number);
  expect(new Set(given).size).toBe(FOREIGN_WORKERS_MAX);
  expect(given.every((index) => isForeignWorker(index) && machineIndexOf(index) === one)).toBe(true);
  expect(indexes.ofWorker('m1', 2, 1)).toBeUndefined();
  // Those that have one keep it, and other machines have their own.
  expect(indexes.ofWorker('m1', 1, 1)).toBe(given[0]);
  expect(machineIndexOf(indexes.ofWorker('m2', 1, 1) as number)).toBe(other);
});
