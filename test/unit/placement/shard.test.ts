import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseUnit, SHARDS, shardOf, shardUnit } from '../../../src/placement/shard.ts';

const MEAN = 64;

/** Shards whose load lies beyond six standard deviations of what chance would give. */
function unevenShards(ids: Iterable<string>): number {
  const counts = new Array<number>(SHARDS).fill(0);
  for (const id of ids) (counts[shardOf(id)] as number)++;
  return counts.filter((count) => Math.abs(count - MEAN) > 6 * Math.sqrt(MEAN)).length;
}

function* idsOf(make: (n: number) => string): Iterable<string> {
  for (let n = 0; n < SHARDS * MEAN; n++) yield make(n);
}

describe('the shard of an id', () => {
  test('is a whole number below SHARDS, the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        const shard = shardOf(id);
        expect(Number.isInteger(shard) && shard >= 0 && shard < SHARDS).toBe(true);
        expect(shardOf(id)).toBe(shard);
      }),
    );
  });

  test.each<[string, (n: number) => string]>([
    ['counted up', (n) => `counter/${n}`],
    ['padded with zeros', (n) => `order/${String(n).padStart(12, '0')}`],
    ['with a common end', (n) => `room/${n}/lobby`],
    ['beyond ASCII', (n) => `user/名前${n.toString(36)}`],
  ])('spreads keys %s evenly', (_, make) => {
    expect(unevenShards(idsOf(make))).toBe(0);
  });

  test('stays what it was, since processes of different versions must agree', () => {
    expect(['counter/alice', 'chat-room/eu/lobby', 'user/名前'].map(shardOf)).toMatchInlineSnapshot(`
      [
        798,
        279,
        581,
      ]
    `);
  });
});

describe('the unit of a shard', () => {
  test('is read back as its role and shard, whatever the role', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: SHARDS - 1 }), (role, shard) => {
        expect(parseUnit(shardUnit(role, shard))).toEqual({ column: role, shard });
      }),
    );
  });

  test('is none for the id of a pinned actor', () => {
    expect(parseUnit('chat-room/#web:17')).toBeUndefined();
  });
});
