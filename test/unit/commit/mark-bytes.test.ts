import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readMark, replyBytes, writeMark } from '../../../src/commit/mark-bytes.ts';
import { encodeValue } from '../../../src/wire/codec.ts';

const mark = { number: 3, at: 17 };
const replyOf = (value: unknown): { turn: undefined; value: unknown; error: undefined } => ({
  ...{ turn: undefined, value, error: undefined },
});

it('has whole numbers in the bytes of the codec, and all others too', () => {
  const edges = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0xffffffff, 2 ** 32, -1, 1.5, -0, Number.NaN];
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...edges), fc.nat(), fc.double()), (value) => {
      const reply = replyOf(value);
      const rest = replyBytes(reply, 1_000) as Uint8Array;
      expect(Buffer.from(rest).equals(encodeValue(value))).toBe(true);
      const read = readMark(writeMark(mark, reply, rest), String);
      expect(read).toEqual({ mark, reply });
    }),
    { examples: edges.map((value): [number] => [value]) },
  );
});

it('refuses one where fewer bytes are left than it takes', () => {
  expect(replyBytes(replyOf(300), 5)).toHaveLength(3);
  expect(() => replyBytes(replyOf(300), 2)).toThrow(/at most 2 bytes/);
});
