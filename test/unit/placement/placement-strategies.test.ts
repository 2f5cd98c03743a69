import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SHARDS } from '../../../src/placement/shard.ts';
import { leastLoaded, local, rendezvous } from '../../../src/placement/placement-strategies.ts';

const workers = fc.uniqueArray(fc.integer({ min: 1, max: 1024 }), { minLength: 1, maxLength: 12 });
const shards = fc.integer({ min: 0, max: SHARDS - 1 });

describe('rendezvous', () => {
  test('does not depend on the order of the workers', () => {
    fc.assert(
      fc.property(shards, workers, (shard, some) => {
        expect(rendezvous(shard, [...some].reverse())).toBe(rendezvous(shard, some));
      }),
    );
  });

  test('gives each of eight workers its share of the shards, within a quarter', () => {
    const eight = [1, 2, 3, 4, 5, 6, 7, 8];
    const counts = new Map<number, number>();
    for (let shard = 0; shard < SHARDS; shard++) {
      const worker = rendezvous(shard, eight) as number;
      counts.set(worker, (counts.get(worker) ?? 0) + 1);
    }
    for (const worker of eight) expect(Math.abs((counts.get(worker) ?? 0) - SHARDS / 8)).toBeLessThan(SHARDS / 32);
  });

  test('has no answer without workers', () => expect(rendezvous(0, [])).toBeUndefined());
});

describe('least-loaded', () => {
  test('picks a worker with the fewest actors, the lowest index among equals', () => {
    fc.assert(
      fc.property(workers, fc.func(fc.integer({ min: 0, max: 3 })), (some, load) => {
        const fewest = Math.min(...some.map((worker) => load(worker)));
        expect(leastLoaded(some, load)).toBe(Math.min(...some.filter((worker) => load(worker) === fewest)));
      }),
    );
  });

  test('has no answer without workers', () => expect(leastLoaded([], () => 0)).toBeUndefined());
});

describe('local', () => {
  test('stays at the origin where that can host', () => expect(local(2, [1, 2])).toBe(2));
  test('has no answer where the origin cannot', () => expect(local(0, [1, 2])).toBeUndefined());
});
