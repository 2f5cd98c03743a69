import { expect, test } from 'vitest';
import { SPAWNED_MAX, SpawnRegistry } from '../../../src/placement-service/spawn-registry.ts';

function record(n: number | string): { id: string; args: unknown } {
  return { id: `counter/${n}`, args: n };
}

test('what ran on a worker is taken once, in the order in which it was spawned, with its last arguments', () => {
  const registry = new SpawnRegistry();
  for (const n of [1, 2, 3]) registry.add(1, record(n));
  registry.add(2, record(4));
  registry.add(1, { id: 'counter/1', args: 'new' });
  expect(registry.take(1)).toEqual([record(2), record(3), { id: 'counter/1', args: 'new' }]);
  expect([registry.take(1), registry.size]).toEqual([[], 1]);
});

test('an actor that was started elsewhere is registered there only', () => {
  const registry = new SpawnRegistry();
  registry.add(1, record(1));
  registry.add(2, record(1));
  expect([registry.take(1), registry.take(2)]).toEqual([[], [record(1)]]);
});

test('an end counts for the worker that tells it, a removal without one for any', () => {
  const registry = new SpawnRegistry();
  registry.add(2, record(1));
  registry.remove('counter/1', 1);
  expect(registry.size).toBe(1);
  registry.remove('counter/1', 2);
  registry.add(2, record(2));
  registry.remove('counter/2');
  registry.remove('counter/none');
  expect([registry.size, registry.take(2)]).toEqual([0, []]);
});

test('past the bound one more is not registered, one that is known is, and room that came free is used', {
  timeout: 60_000,
}, () => {
  const registry = new SpawnRegistry();
  for (let n = 0; n < SPAWNED_MAX; n++) registry.add(1, record(n));
  expect([registry.add(1, record('more')), registry.size]).toEqual([false, SPAWNED_MAX]);
  expect([registry.add(2, record(5)), registry.size]).toEqual([true, SPAWNED_MAX]);
  registry.remove('counter/6');
  expect([registry.add(1, record('more')), registry.size]).toEqual([true, SPAWNED_MAX]);
});

test('what has moved is registered at its new host, before that says so; the rest stays', () => {
  const registry = new SpawnRegistry();
  for (const n of [1, 2, 3]) registry.add(1, record(n));
  registry.rehost(1, (id) => ({ 'counter/1': 2, 'counter/2': 1 })[id]);
  expect([registry.take(2), registry.take(1), registry.size]).toEqual([[record(1)], [record(2), record(3)], 0]);
});
