import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignment } from '../../../src/machines/assignment.ts';

const ids = ['a', 'b', 'c', 'd', 'e'];
const drawn = fc.record({
  owners: fc.array(fc.constantFrom('', ...ids), { minLength: 1, maxLength: 60 }),
  living: fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1 }),
});

function counts(owners: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const owner of owners) found.set(owner, (found.get(owner) ?? 0) + 1);
  return found;
}

describe('the assignment of partitions', () => {
  it('gives each machine as many as any other, to one', () => {
    fc.assert(
      fc.property(drawn, ({ owners, living }) => {
        const found = counts(assignment(owners, living));
        const all = living.map((id) => found.get(id) ?? 0);
        expect([...found.keys()].every((id) => living.includes(id))).toBe(true);
        expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves as few as a fair one can', () => {
    fc.assert(
      fc.property(drawn, ({ owners, living }) => {
        const moved = assignment(owners, living).filter((owner, at) => owner !== owners[at]).length;
        // The best that any fair assignment does: each machine keeps what fits into its share, the larger shares where most is.
        const before = counts(owners);
        const share = Math.floor(owners.length / living.length);
        const larger = owners.length % living.length;
        const had = living.map((id) => before.get(id) ?? 0).sort((a, b) => b - a);
        const kept = had.reduce((sum, count, at) => sum + Math.min(count, share + (at < larger ? 1 : 0)), 0);
        expect(moved).toBe(owners.length - kept);
      }),
    );
  });

  it('is the same in whatever order the machines are told, and once it is there it stays', () => {
    fc.assert(
      fc.property(drawn, ({ owners, living }) => {
        const wanted = assignment(owners, living);
        expect(assignment(owners, [...living].reverse())).toEqual(wanted);
        expect(assignment(wanted, living)).toEqual(wanted);
      }),
    );
  });

  it('leads to the same end when its moves are made one after the other', () => {
    fc.assert(
      fc.property(drawn, fc.nat(), ({ owners, living }, from) => {
        let at = owners;
        for (let moves = 0; moves < owners.length + 1; moves++) {
          const wanted = assignment(at, living);
          const open = wanted.flatMap((owner, partition) => (owner === at[partition] ? [] : [partition]));
          if (open.length === 0) break;
          const one = open[from % open.length] as number;
          at = at.map((owner, partition) => (partition === one ? (wanted[partition] as string) : owner));
        }
        expect(assignment(at, living)).toEqual(at);
      }),
    );
  });

  it('leaves what is pinned where it is, gives nobody else more than to one, and stays', () => {
    const pinned = fc.record({ drawn, pins: fc.uniqueArray(fc.nat(59)) });
    fc.assert(
      fc.property(pinned, ({ drawn: { owners, living }, pins }) => {
        const held = new Set(pins);
        const wanted = assignment(owners, living, held);
        for (const [partition, owner] of owners.entries())
          if (held.has(partition) && living.includes(owner)) expect(wanted[partition]).toBe(owner);
        expect(wanted.every((owner) => living.includes(owner))).toBe(true);
        expect(assignment(wanted, living, held)).toEqual(wanted);
        const ofPins = (id: string): number =>
          owners.filter((owner, partition) => owner === id && held.has(partition)).length;
        const found = counts(wanted);
        // Beyond its share is only who has that many pins.
        const free = living
          .map((id) => ({ id, count: found.get(id) ?? 0 }))
          .filter(({ id, count }) => count > ofPins(id));
        const all = living.map((id) => found.get(id) ?? 0);
        if (free.length > 0)
          expect(Math.max(...free.map(({ count }) => count)) - Math.min(...all)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('leaves everything where it is when no machine is there', () => {
    expect(assignment(['a', 'b', ''], [])).toEqual(['a', 'b', '']);
  });
});
