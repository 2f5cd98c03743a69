import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HashedRing, hashOf, NO_SLOT } from '../../../src/structures/hashed-ring.ts';

/** As its owners use it: names by slot. */
class Names {
  readonly ring = new HashedRing(8);
  readonly names: string[] = [];

  slotOf(name: string, hash: number): number {
    let slot = this.ring.find(hash);
    while (slot !== NO_SLOT && this.names[slot] !== name) slot = this.ring.find(hash, slot);
    return slot;
  }
}

it('finds what a list would, whatever comes, goes and has the same hash', () => {
  const step = fc.tuple(fc.constantFrom('add', 'add', 'take out', 'shift'), fc.nat(11));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const known = new Names();
      const { ring, names } = known;
      // Four hashes for twelve names, so that chains have several of each.
      const hash = (name: string) => Number(name) % 4;
      // A name that was taken out may come again before its old slot is free.
      let list: { name: string; isIn: boolean }[] = [];
      for (const [act, number] of steps) {
        const name = `${number}`;
        const slot = known.slotOf(name, hash(name));
        if (act === 'add' && !ring.isFull && slot === NO_SLOT) {
          names[ring.push(hash(name))] = name;
          list.push({ name, isIn: true });
        } else if (act === 'take out' && slot !== NO_SLOT) {
          ring.takeOut(slot);
          list = list.map((one) => (one.name === name ? { name, isIn: false } : one));
        } else if (act === 'shift' && list.length > 0) {
          ring.shift();
          list.shift();
        }
        expect(ring.length).toBe(list.length);
        expect(ring.isFull).toBe(list.length === 8);
        for (let n = 0; n < 12; n++) {
          const isKnown = list.some((one) => one.name === `${n}` && one.isIn);
          expect(known.slotOf(`${n}`, hash(`${n}`)) !== NO_SLOT).toBe(isKnown);
        }
        for (const [age, { name: own, isIn }] of list.entries()) {
          expect([names[ring.slotAt(age)], ring.isIn(ring.slotAt(age))]).toEqual([own, isIn]);
        }
        expect(ring.first).toBe(list.length === 0 ? NO_SLOT : ring.slotAt(0));
      }
    }),
  );
});

it('gives names that follow one another hashes of their own', () => {
  const hashes = new Set(Array.from({ length: 50_000 }, (_, n) => hashOf(`queue|m${n}`)));
  expect(hashes.size).toBeGreaterThan(49_900);
});
