import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberTable, TABLE_SLOTS_KEPT } from '../../../src/structures/number-table.ts';

/** Few enough to meet again, dense enough to stand in each other's way, and some beyond 32 bits. */
const keys = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2 ** 33, max: 2 ** 33 + 20 }));
const steps = fc.array(fc.record({ key: keys, isTaken: fc.boolean() }), { maxLength: 300 });

describe('a table by numbers', () => {
  it('holds what a map would hold, whatever comes and goes', () => {
    return fc.assert(
      fc.property(steps, (all) => {
        const table = new NumberTable<number>();
        const model = new Map<number, number>();
        for (const [at, { key, isTaken }] of all.entries()) {
          if (isTaken) {
            expect(table.take(key)).toBe(model.get(key));
            model.delete(key);
          } else {
            table.set(key, at);
            model.set(key, at);
          }
          expect(table.size).toBe(model.size);
        }
        for (const { key } of all) expect(table.get(key)).toBe(model.get(key));
        expect(table.inOrder()).toEqual([...model].sort(([a], [b]) => a - b));
        expect(table.keysBelow(20)).toEqual([...model.keys()].filter((key) => key < 20).sort((a, b) => a - b));
      }),
    );
  });

  it('grows for a hundred thousand, and gives the memory back as they go', () => {
    const table = new NumberTable<string>();
    for (let key = 1; key <= 100_000; key++) table.set(key, String(key));
    expect(table.capacity).toBe(262_144);
    const wrong: number[] = [];
    for (let key = 100_000; key > 0; key--) {
      const isRight = table.take(key) === String(key);
      if (!isRight || table.capacity > Math.max(TABLE_SLOTS_KEPT, table.size * 16)) wrong.push(key);
    }
    expect(wrong).toEqual([]);
    expect([table.size, table.capacity]).toEqual([0, TABLE_SLOTS_KEPT]);
  });

  it('keeps its memory while a row of numbers passes through', () => {
    const table = new NumberTable<number>();
    const wrong: number[] = [];
    for (let key = 1; key <= 100_000; key++) {
      table.set(key, key);
      if (key > 256 && table.take(key - 256) !== key - 256) wrong.push(key);
    }
    expect(wrong).toEqual([]);
    expect([table.size, table.capacity]).toEqual([256, 1024]);
  });

  it('is found through quickly where many stay and a row passes them', () => {
    const table = new NumberTable<number>();
    for (let key = 1; key <= 100_000; key++) table.set(key, key);
    const began = process.cpuUsage().user;
    for (let key = 100_001; key <= 1_100_000; key++) {
      table.set(key, key);
      table.take(key);
    }
    // Some 0.05 µs each; where those that stay stand in a row, 100 times as much.
    expect((process.cpuUsage().user - began) / 1_000_000).toBeLessThan(2);
  });

  it('refuses what is no number of something', () => {
    const table = new NumberTable<number>();
    for (const key of [0, -1, Number.NaN]) expect(() => table.set(key, 1)).toThrow(RangeError);
    expect([table.get(0), table.take(0), table.size]).toEqual([undefined, undefined, 0]);
  });
});
