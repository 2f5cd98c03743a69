import { expect, test } from 'vitest';
import { PlacementTable } from '../../../src/placement/placement-table.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { ToMaster } from '../../../src/wire/control.ts';
import { SpawnReports } from '../../../src/process/spawn-reports.ts';

function newReports(epoch = 1): { clock: VirtualClock; told: ToMaster[]; reports: SpawnReports } {
  const clock = new VirtualClock();
  const told: ToMaster[] = [];
  const table = PlacementTable.from({ epoch, columns: {}, pins: [] });
  return {
    clock,
    told,
    reports: new SpawnReports(
      clock,
      (message) => void told.push(message),
      () => table,
    ),
  };
}

test('what was spawned and has ended in one turn is told together', async () => {
  const { clock, told, reports } = newReports();
  reports.spawned('counter/a', 1);
  reports.spawned('counter/b', 2);
  reports.ended('counter/c', true);
  expect(told).toEqual([]);
  await clock.settle();
  expect(told).toEqual([
    { type: 'ended', ids: ['counter/c'] },
    { type: 'spawned', records: [1, 2].map((args) => ({ id: `counter/${args === 1 ? 'a' : 'b'}`, args })) },
  ]);
});

test('of an id that ended and was spawned again, or the other way round, the last counts', async () => {
  const { clock, told, reports } = newReports();
  reports.ended('counter/a', true);
  reports.spawned('counter/a', 1);
  reports.spawned('counter/b', 2);
  reports.ended('counter/b', true);
  await clock.settle();
  expect(told).toEqual([
    { type: 'ended', ids: ['counter/b'] },
    { type: 'spawned', records: [{ id: 'counter/a', args: 1 }] },
  ]);
});

test('each turn is told by itself, and before control goes back to the loop', async () => {
  const { told, reports } = newReports();
  reports.spawned('counter/a', 1);
  await Promise.resolve();
  reports.ended('counter/a', true);
  await Promise.resolve();
  expect(told.map(({ type }) => type)).toEqual(['spawned', 'ended']);
});

test('nothing is told where there is no master: before the first table', async () => {
  const { clock, told, reports } = newReports(0);
  reports.spawned('counter/a', 1);
  await clock.settle();
  expect(told).toEqual([]);
});
