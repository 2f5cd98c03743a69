/** What no store takes, and what lies beside the head of a record. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import {
  checkChanges,
  FENCE_CHARACTERS_MAX,
  PART_BYTES_MAX,
  PART_NAME_BYTES_MAX,
} from '../../../src/store/commit-rules.ts';
import { INLINE_BYTES_MAX, INLINE_PART_BYTES_MAX } from '../../../src/store/packed-parts.ts';
import { inlineParts, readHead, RecordWriter } from '../../../src/store/record-bytes.ts';
import type { StoreChange } from '../../../src/store/store.ts';

const change = (put: [string, Uint8Array][], fence = 'f'): StoreChange => ({
  ...{ id: 'bank/a', expectedVersion: 0, fence, wakeAt: undefined, put: new Map(put), remove: [] },
});
const bytes = (length: number): Uint8Array => new Uint8Array(length);

test('a part, its name and a fence beyond their bounds are refused, those at the bounds are not', () => {
  const name = 'é'.repeat(PART_NAME_BYTES_MAX / 2);
  const fence = 'f'.repeat(FENCE_CHARACTERS_MAX);
  expect(() => checkChanges([change([[name, bytes(PART_BYTES_MAX)]], fence)])).not.toThrow();
  expect(() => checkChanges([change([['state', bytes(PART_BYTES_MAX + 1)]])])).toThrow(
    `the part state of bank/a has ${PART_BYTES_MAX + 1} bytes; the limit is ${PART_BYTES_MAX}`,
  );
  expect(() => checkChanges([change([[`${name}x`, bytes(1)]])])).toThrow(`longer than ${PART_NAME_BYTES_MAX} bytes`);
  expect(() => checkChanges([change([], `${fence}f`)])).toThrow(`has ${FENCE_CHARACTERS_MAX + 1} characters`);
});

test('a part lies with its head up to a size, and all of them up to another', () => {
  const written = (put: [string, Uint8Array][]): { inline: string[]; outside: string[] } => {
    const { value, putOutside } = new RecordWriter().write(change(put), undefined);
    const { parts } = inlineParts(readHead(Buffer.from(value)));
    return { inline: [...parts.keys()], outside: (putOutside ?? []).map(([name]) => name) };
  };
  expect(written([['a', bytes(INLINE_PART_BYTES_MAX)]])).toEqual({ inline: ['a'], outside: [] });
  expect(written([['a', bytes(INLINE_PART_BYTES_MAX + 1)]])).toEqual({ inline: [], outside: ['a'] });
  const half = INLINE_BYTES_MAX / 2;
  // Each entry has a name and two lengths.
  const fits: [string, Uint8Array][] = [
    ['a', bytes(half - 5)],
    ['b', bytes(half - 5)],
  ];
  expect(written(fits)).toEqual({ inline: ['a', 'b'], outside: [] });
  expect(written([...fits.slice(0, 1), ['b', bytes(half - 4)]])).toEqual({ inline: ['a'], outside: ['b'] });
});
