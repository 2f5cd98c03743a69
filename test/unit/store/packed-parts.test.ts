import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader } from '../../../src/store-service/byte-reader.ts';
import { ByteWriter } from '../../../src/store-service/byte-writer.ts';
import { readChanges, writeChanges } from '../../../src/store-service/store-frames.ts';
import { checkPacked, INLINE_BYTES_MAX, mayBePacked, unpacked } from '../../../src/store/packed-parts.ts';
import { RecordWriter, readHead } from '../../../src/store/record-bytes.ts';
import type { StoreChange } from '../../../src/store/store.ts';

const change = (
  put: ReadonlyMap<string, Uint8Array>,
  version: number,
  more: Partial<StoreChange> = {},
): StoreChange => ({
  ...{ id: 'bank/a', expectedVersion: version, fence: `f${version}`, wakeAt: undefined, put, remove: [] },
  ...more,
});

/** As the owner gets it from a process. */
function crossed(one: StoreChange, takesPacked: boolean): StoreChange {
  const out = new ByteWriter(0);
  writeChanges(out, [one], false);
  return readChanges(new ByteReader(out.take()), takesPacked)[0] as StoreChange;
}

const names = ['state', 'meta', 'm:~0.1@17', 'm:account/é', 'x'.repeat(90)];
const parts = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...names), fc.constantFrom(0, 1, 47, 48, 49, 300, 512, 513)), {
    selector: ([name]) => name,
    maxLength: names.length,
  })
  .map((all) => new Map(all.map(([name, size], n) => [name, new Uint8Array(size).fill(n + 1)])));
const step = fc.record({
  put: parts,
  remove: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2, minLength: 0 }),
  removes: fc.constantFrom(false, false, true),
  wakeAt: fc.option(fc.nat(1_000), { nil: undefined }),
});

it('makes the same value as parts one by one, whatever was there and whatever finds no room', () => {
  let packedOnes = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      let before: Buffer | undefined;
      for (const [version, { put, remove, removes, wakeAt }] of steps.entries()) {
        const gone = removes ? remove.filter((name) => !put.has(name)) : [];
        const one = change(put, version, { wakeAt, remove: gone });
        const packed = crossed(one, true);
        if (packed.packed !== undefined) packedOnes++;
        const head = (): ReturnType<typeof readHead> | undefined => before && readHead(before, '');
        const expected = new RecordWriter().write(one, head());
        const { value, putOutside, removeOutside } = new RecordWriter().write(packed, head());
        expect(Buffer.from(value).equals(expected.value)).toBe(true);
        expect(putOutside?.map(([name, bytes]) => [name, bytes.length])).toEqual(
          expected.putOutside?.map(([name, bytes]) => [name, bytes.length]),
        );
        expect(removeOutside).toEqual(expected.removeOutside);
        expect(crossed(one, false)).toMatchObject({ id: one.id, fence: one.fence, put: new Map(put) });
        before = Buffer.from(value);
      }
    }),
    { numRuns: 300 },
  );
  expect(packedOnes).toBeGreaterThan(300);
});

it('packs small parts that are put, and nothing else', () => {
  const small = new Map([['state', new Uint8Array(3)]]);
  expect(mayBePacked(change(small, 1))).toBe(true);
  expect(mayBePacked(change(small, 1, { remove: new Set<string>() }))).toBe(true);
  expect(mayBePacked(change(small, 1, { remove: ['meta'] }))).toBe(false);
  expect(mayBePacked(change(small, 1, { isGone: true }))).toBe(false);
  expect(mayBePacked(change(new Map(), 1))).toBe(false);
  expect(mayBePacked(change(new Map([['', new Uint8Array(3)]]), 1))).toBe(false);
  const three = new Map(['a', 'b', 'c'].map((name) => [name, new Uint8Array(INLINE_BYTES_MAX / 3)]));
  expect(mayBePacked(change(three, 1))).toBe(false);
});

it('refuses bytes that are no parts', () => {
  const packed = crossed(change(new Map([['state', new Uint8Array(3)]]), 1), true).packed as Buffer;
  expect([...unpacked(packed)]).toEqual([['state', new Uint8Array(3)]]);
  for (const wrong of [packed.subarray(0, packed.length - 1), Buffer.concat([packed, Buffer.alloc(4)]), Buffer.of(1)])
    expect(() => checkPacked(wrong)).toThrow(/packed part/);
});
