import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ref } from '../../../src/plain-data/ref.ts';
import { inspectPlain } from '../../../src/plain-data/plain-data.ts';
import { encodedSize, fromWire, toWire } from '../../../src/wire/codec.ts';
import { COMPACT_BYTES_MAX, SHAPE_KEYS_MAX, SHAPES_MAX, VARIANTS_MAX } from '../../../src/wire/plain-tags.ts';
import { PlainReader } from '../../../src/wire/plain-reader.ts';
import { PlainWriter } from '../../../src/wire/plain-writer.ts';

/** A writer and the reader at the other end, which sees each frame once and in order. */
class Line {
  readonly writer = new PlainWriter(Buffer.alloc(4 * 1024 * 1024));
  readonly reader = new PlainReader();

  /** What arrived of those values that were taken. */
  send(values: readonly unknown[], bytesMax = Number.POSITIVE_INFINITY): { taken: boolean[]; got: unknown[] } {
    const start = this.writer.at;
    const taken = values.map((value) => this.writer.tryValue(value, bytesMax));
    const frame = Buffer.from(this.writer.bytes.subarray(start, this.writer.at));
    this.writer.at = 0;
    this.reader.begin(frame);
    const got: unknown[] = [];
    while (!this.reader.isAtEnd) got.push(this.reader.value());
    this.reader.finish();
    return { taken, got };
  }

  takes(value: unknown, bytesMax?: number): boolean {
    const { taken, got } = this.send([value], bytesMax);
    if (taken[0]) expect(isDeepStrictEqual(got[0], value)).toBe(true);
    else expect(got).toEqual([]);
    return taken[0] === true;
  }
}

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
  maxDepth: 4,
});

const leaf = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, 127, 128, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31),
  fc.string({ maxLength: 80, unit: 'binary' }),
);
const key = fc.oneof(
  fc.constantFrom('a', 'n', 'type', 'toString', 'constructor', '7', '__proto__', ''),
  fc.string({ maxLength: 6 }),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));
const mail = fc.record(
  { type: fc.constantFrom('inc', 'dec', 'naïve', '\ud83d\ude00'), n: leaf, data: tree },
  { requiredKeys: ['type'], noNullPrototype: true },
);

describe('a compact value', () => {
  test('is taken and arrives equal, or is not taken and leaves no trace: any value, over one line', () => {
    const line = new Line();
    fc.assert(
      fc.property(fc.array(fc.oneof(anything, tree, mail), { maxLength: 8 }), (values) => {
        const { taken, got } = line.send(values);
        const expected = values.filter((_, at) => taken[at]);
        expect(got.length).toBe(expected.length);
        got.forEach((value, at) => {
          if (!isDeepStrictEqual(value, expected[at])) expect(value).toStrictEqual(expected[at]);
        });
        // What is taken is what the general way would have taken, and arrives as there.
        for (const value of expected) {
          expect(inspectPlain(value).fault).toBeUndefined();
          expect(isDeepStrictEqual(fromWire(toWire(value)), value)).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('the common message is taken: this test is about something', () => {
    const line = new Line();
    fc.assert(
      fc.property(
        fc.record(
          { type: fc.constant('inc'), n: fc.integer(), text: fc.string({ maxLength: 2_000 }) },
          { noNullPrototype: true },
        ),
        (message) => {
          expect(line.takes(message)).toBe(true);
        },
      ),
    );
    expect(line.takes({ type: 'nested', at: { x: 1, y: [1, 'two', { three: 3 }] }, none: null })).toBe(true);
  });

  test('never passes a limit that the general codec keeps', () => {
    const line = new Line();
    fc.assert(
      fc.property(fc.oneof(mail, tree), fc.integer({ min: 1, max: 4_000 }), (value, bytesMax) => {
        if (line.takes(value, bytesMax)) expect(encodedSize(value)).toBeLessThanOrEqual(bytesMax);
      }),
      { numRuns: 2_000 },
    );
  });

  test('its keys and type travel once', () => {
    const line = new Line();
    const message = { type: 'aVeryLongTypeName', aVeryLongPropertyName: 5 };
    line.send([message]);
    const start = line.writer.at;
    line.writer.tryValue(message, 1_000);
    expect(line.writer.at - start).toBe(3);
  });

  test.each<[string, () => unknown]>([
    ['a function', () => ({ type: 'a', run: () => 1 })],
    ['a symbol', () => [Symbol('s')]],
    ['a BigInt', () => ({ n: 1n })],
    ['a proxy', () => new Proxy({ type: 'a' }, {})],
    ['a proxy inside', () => ({ type: 'a', inner: new Proxy([], {}) })],
    [
      'a class instance',
      () =>
        new (class Point {
          x = 1;
        })(),
    ],
    ['a ref', () => ({ type: 'a', to: new (class extends Ref {})('counter/a') })],
    ['a null prototype', () => Object.assign(Object.create(null), { a: 1 })],
    ['a Date', () => ({ at: new Date(1) })],
    ['bytes', () => ({ bytes: Buffer.from('a') })],
    ['a lone surrogate', () => ({ text: 'a\ud800' })],
    ['a lone surrogate in a key', () => ({ '\udc00': 1 })],
    ['a lone surrogate in a type', () => ({ type: '\udc00' })],
    ['the key __proto__', () => JSON.parse('{"__proto__":{"x":1}}')],
    ['a hole', () => Object.assign(new Array(3), { 0: 1, 2: 3 })],
    ['an array with a property', () => Object.assign([1, 2], { extra: 3 })],
    ['a subclass of Array', () => new (class List extends Array {})()],
    [
      'a getter that throws',
      () => ({
        get x() {
          throw new Error('no');
        },
      }),
    ],
    [
      'the same object twice',
      () => {
        const same = {};
        return { a: same, b: same };
      },
    ],
    [
      'a cycle',
      () => {
        const ring: Record<string, unknown> = {};
        ring.ring = ring;
        return ring;
      },
    ],
    ['many keys', () => Object.fromEntries(Array.from({ length: SHAPE_KEYS_MAX + 1 }, (_, at) => [`k${at}`, at]))],
    ['what is large', () => ({ text: 'x'.repeat(COMPACT_BYTES_MAX) })],
    ['much nesting', () => Array.from({ length: 40 }).reduce<unknown>((inner) => ({ inner }), 1)],
  ])('is not made of %s, and the line goes on', (_, make) => {
    const line = new Line();
    const known = { type: 'known', n: 1, fresh: { x: 1 } };
    line.send([known]);
    expect(line.send([{ type: 'unheard', n: 1, inner: { unheard: 1 } }, make(), known]).taken).toEqual([
      true,
      false,
      true,
    ]);
    // A shape that came with what was not taken is described again with the next value that has it.
    expect(line.takes({ type: 'new', more: { even: 'newer' }, run: 5 })).toBe(true);
    expect(line.send([{ type: 'half', more: { never: 1 }, last: () => 1 }]).taken).toEqual([false]);
    expect(line.takes({ type: 'half', more: { never: 1 }, last: 1 })).toBe(true);
    expect(line.takes(known)).toBe(true);
  });

  test('data used as keys takes a bounded number of shapes, and others still have theirs', () => {
    const line = new Line();
    const taken = Array.from({ length: 100 }, (_, at) => line.takes({ type: 'dictionary', [`user-${at}`]: at }));
    expect(taken.filter(Boolean).length).toBe(VARIANTS_MAX);
    expect(line.takes({ type: 'other', n: 1 })).toBe(true);
    const types = Array.from({ length: SHAPES_MAX + 10 }, (_, at) => line.takes({ type: `type-${at}` }));
    expect(types.lastIndexOf(true)).toBeLessThan(SHAPES_MAX);
    expect(line.takes({ type: 'dictionary', 'user-0': 5 })).toBe(true);
  });

  test('a shape that is read often arrives as before', () => {
    const line = new Line();
    for (let n = 0; n < 200; n++)
      expect(line.takes({ type: 'often', n, 'odd key': [n], constructor: 'x', 7: null })).toBe(true);
  });

  test('an object that changes its shape between two messages arrives as it is', () => {
    const line = new Line();
    const message: Record<string, unknown> = { type: 'inc', n: 1 };
    expect(line.takes(message)).toBe(true);
    message.n = 'text';
    expect(line.takes(message)).toBe(true);
    delete message.n;
    expect(line.takes(message)).toBe(true);
    message.n = 2.5;
    expect(line.takes(message)).toBe(true);
  });
});

describe('garbage', () => {
  const read = (...bytes: number[]): unknown => {
    const reader = new PlainReader();
    reader.begin(Buffer.from(bytes));
    const value = reader.value();
    reader.finish();
    return value;
  };

  test.each<[string, number[]]>([
    ['a tag of nothing', [255]],
    ['a text that is cut', [134, 5, 97]],
    ['a long text that is cut', [135, 100, 97]],
    ['a number that is cut', [132, 1]],
    ['a number without an end', [135, 255, 255]],
    ['an array longer than its bytes', [137, 200, 1, 1]],
    ['a shape that was not described', [138, 9]],
    ['a shape of too many keys', [138, 0, 200, 1]],
    ['more than its value', [1, 2]],
    ['nothing', []],
  ])('throws: %s', (_, bytes) => {
    expect(() => read(...bytes)).toThrow('got');
  });

  test('throws or gives some value, for any bytes, in bounded time', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read(...bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
