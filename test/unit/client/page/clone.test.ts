/** The bytes of a structured clone in a page are those of Node.js, in both directions. */
import * as v8 from 'node:v8';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Buffer as PageBuffer } from '../../../../src/client/page/buffer.ts';
import { readClone } from '../../../../src/structures/clone-reader.ts';
import { writeClone } from '../../../../src/client/page/clone-writer.ts';

function cyclic(): object {
  const value: Record<string, unknown> = { name: 'a' };
  value.self = value;
  value.all = [value, new Map([[value, new Set([value])]])];
  return value;
}

const twice = { a: 1 };
const sparse: unknown[] = [1];
sparse[5] = 'six';
const VALUES: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['numbers', [0, -0, 1, -1, 2 ** 30, -(2 ** 30), 2 ** 31, 1.5, Number.NaN, Number.POSITIVE_INFINITY]],
  ['bigints', [0n, 1n, -1n, 2n ** 64n, -(2n ** 200n)]],
  ['texts', ['', 'plain', 'ümläut', 'Ω and 𝄞', '\ud800 alone', 'x'.repeat(300), 'Ω'.repeat(300)]],
  ['objects', { a: 1, 'b c': { d: [true, false, undefined] }, 7: 'seven', __proto__x: 1 }],
  ['an object that comes twice', { one: twice, other: twice }],
  ['a cycle', cyclic()],
  ['holes', sparse],
  ['an array with a property', Object.assign([1, 2], { more: 'x' })],
  ['dates', [new Date(0), new Date(1.7e12), new Date(Number.NaN)]],
  [
    'maps and sets',
    new Map<unknown, unknown>([
      ['a', new Set([1, 'two', { three: 3 }])],
      [{ k: 1 }, new Map()],
    ]),
  ],
  ['regular expressions', [/a+/giu, /^Ω$/s]],
  ['boxed', [Object(1.5), Object('text'), Object(true), Object(false), Object(12n)]],
  [
    'bytes',
    [new Uint8Array([1, 2, 3]), new Float64Array([1.5, -2]), new DataView(new ArrayBuffer(3)), new ArrayBuffer(4)],
  ],
  ['more views', [new Int16Array([-1]), new BigInt64Array([-5n]), new Uint8ClampedArray([300])]],
];

test.each(VALUES)('%s from Node.js', (_what, value) => {
  expect(readClone(v8.serialize(value))).toEqual(v8.deserialize(v8.serialize(value)));
});

test.each(VALUES)('%s to Node.js', (_what, value) => {
  expect(v8.deserialize(writeClone(value))).toEqual(v8.deserialize(v8.serialize(value)));
});

test('an object that comes twice comes as one', () => {
  const { one, other } = readClone(v8.serialize({ one: twice, other: twice })) as Record<string, unknown>;
  expect(one).toBe(other);
  const back = v8.deserialize(writeClone({ one: twice, other: twice })) as Record<string, unknown>;
  expect(back.one).toBe(back.other);
});

test('errors, with their kind, cause and stack', () => {
  const error = new RangeError('too far', { cause: new Error('before') });
  for (const back of [readClone(v8.serialize(error)), v8.deserialize(writeClone(error))] as Error[]) {
    expect(back).toBeInstanceOf(RangeError);
    expect(back).toMatchObject({ name: 'RangeError', message: 'too far', stack: error.stack });
  }
  // Node.js 20 writes no causes, and reads them.
  const { cause } = v8.deserialize(writeClone(error)) as Error;
  if (cause !== undefined) expect(cause).toMatchObject({ message: 'before' });
});

test('a Buffer of Node.js is a Uint8Array in a page, with bytes of its own', () => {
  const { bytes } = readClone(v8.serialize({ bytes: Buffer.from('abc') })) as { bytes: Uint8Array };
  expect(bytes).toEqual(new Uint8Array([97, 98, 99]));
  expect(bytes.buffer.byteLength).toBe(3);
  expect(v8.deserialize(writeClone({ bytes: PageBuffer.from('abc') }))).toEqual({ bytes });
});

test('any plain value, in both directions', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      const bytes = v8.serialize(value);
      const plain: unknown = v8.deserialize(bytes);
      expect(readClone(bytes)).toEqual(plain);
      expect(v8.deserialize(writeClone(plain))).toEqual(plain);
    }),
    { numRuns: 2_000 },
  );
});

test('garbage throws, and takes neither time nor memory', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, hasHead) => {
      try {
        readClone(hasHead ? new Uint8Array([0xff, 15, ...bytes]) : bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 5_000 },
  );
});

test('bytes of the page: texts, numbers, and views of the same bytes', () => {
  const bytes = PageBuffer.alloc(16);
  expect(bytes.write('Ωx', 2)).toBe(3);
  expect(bytes.toString('utf8', 2, 5)).toBe('Ωx');
  expect(bytes.writeUInt32LE(0xfffffffe, 8)).toBe(12);
  expect(Buffer.from(bytes.buffer).readUInt32LE(8)).toBe(0xfffffffe);
  expect(PageBuffer.byteLength('Ω')).toBe(2);
  expect(PageBuffer.from([251, 255]).toString('base64url')).toBe(Buffer.from([251, 255]).toString('base64url'));
  expect(PageBuffer.from('ÿ').toString('latin1')).toBe(Buffer.from('ÿ').toString('latin1'));
  expect(PageBuffer.concat([PageBuffer.of(1), new Uint8Array([2])])).toEqual(PageBuffer.from([1, 2]));
  expect(bytes.readUInt32LE(8)).toBe(0xfffffffe);
  expect(bytes.subarray(0, 2).constructor).toBe(Uint8Array);
});
