import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rebalance } from '../../../src/placement/rebalance.ts';
import { SHARDS } from '../../../src/placement/shard.ts';
import { NOWHERE } from '../../../src/wire/control.ts';

const workers = fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 2, maxLength: 9 });

/** The column as it is once all shards are where they belong. */
function settledColumn(living: readonly number[]): number[] {
  const column = new Array<number>(SHARDS).fill(NOWHERE);
  for (const [shard, worker] of rebalance(column, living).forced) column[shard] = worker;
  return column;
}

describe('rebalance', () => {
  test('places every shard at once where nothing is placed yet', () => {
    const { forced, moves } = rebalance(new Array(SHARDS).fill(NOWHERE), [1, 2]);
    expect(forced.map(([shard]) => shard)).toEqual(Array.from({ length: SHARDS }, (_, shard) => shard));
    expect(new Set(forced.map(([, worker]) => worker))).toEqual(new Set([1, 2]));
    expect(moves).toEqual([]);
  });

  test('changes nothing where all is in place', () => {
    fc.assert(
      fc.property(
        workers,
        (living) => void expect(rebalance(settledColumn(living), living)).toEqual({ forced: [], moves: [] }),
      ),
    );
  });

  test('a worker that joins is given about its share, by hand-off, and nobody else anything', () => {
    fc.assert(
      fc.property(workers, ([joiner, ...living]) => {
        const { forced, moves } = rebalance(settledColumn(living), [...living, joiner as number]);
        expect(forced).toEqual([]);
        expect(moves.every(({ to }) => to === joiner)).toBe(true);
        const share = SHARDS / (living.length + 1);
        expect(moves.length).toBeGreaterThan(share / 2);
        expect(moves.length).toBeLessThan(share * 1.5);
      }),
    );
  });

  test('a worker that goes leaves what it had, at once, and nothing else changes', () => {
    fc.assert(
      fc.property(workers, ([leaver, ...living]) => {
        const column = settledColumn([leaver as number, ...living]);
        const { forced, moves } = rebalance(column, living);
        expect(moves).toEqual([]);
        expect(forced.map(([shard]) => shard)).toEqual([...column.keys()].filter((shard) => column[shard] === leaver));
        expect(forced.every(([, worker]) => living.includes(worker))).toBe(true);
      }),
    );
  });

  test('the last worker that goes leaves its shards nowhere', () => {
    const { forced } = rebalance(settledColumn([1]), []);
    expect(forced).toEqual(Array.from({ length: SHARDS }, (_, shard) => [shard, NOWHERE]));
  });

  test('what lives nowhere and cannot be placed is no change', () => {
    expect(rebalance(new Array(SHARDS).fill(NOWHERE), [])).toEqual({ forced: [], moves: [] });
  });
});
