/** Workers of other machines: how many of them this one links to. */
import { expect, test } from 'vitest';
import { FOREIGN_WORKERS_LINKED_MAX, ForeignHosts } from '../../../src/machine-hosting/foreign-hosts.ts';
import { MachineIndexes } from '../../../src/machine-hosting/machine-indexes.ts';
import type { MachinePlaces } from '../../../src/vocabulary/host-index.ts';

/** So many workers, of which each hosts the shard of its number. */
function placesOf(count: number, version = 1): MachinePlaces {
  const workers = Array.from({ length: count }, (_, n) => [n + 1, 1] as const);
  return { version, workers, columns: { '': [0, ...workers.map(([process]) => process)] } };
}

test('those beyond the bound are not linked to: mail for them goes by their masters', () => {
  const places = new ForeignHosts(new MachineIndexes());
  places.take('a', placesOf(FOREIGN_WORKERS_LINKED_MAX - 10));
  places.take('b', placesOf(30));
  expect(places.workersOf('b')).toHaveLength(10);
  expect([10, 11].map((shard) => places.hostOf('b', '', shard) === undefined)).toEqual([false, true]);
  places.take('c', placesOf(5));
  expect(places.workersOf('c')).toEqual([]);
  expect(places.hostOf('c', '', 1)).toBeUndefined();

  // One machine alone has no more than that either, and those that are linked to stay so.
  places.keep(new Set(['b']));
  const before = places.workersOf('b');
  places.take('b', placesOf(FOREIGN_WORKERS_LINKED_MAX + 50, 2));
  expect(places.workersOf('b')).toHaveLength(FOREIGN_WORKERS_LINKED_MAX);
  expect(places.workersOf('b').slice(0, before.length)).toEqual(before);
});
