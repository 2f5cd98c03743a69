import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspectPlain } from '../../../src/plain-data/plain-data.ts';
import { Ref } from '../../../src/plain-data/ref.ts';
import { encodedSize, FrameDecoder, FrameEncoder, fromWire, toWire } from '../../../src/wire/codec.ts';
import { FRAME_HEAD_BYTES } from '../../../src/wire/link.ts';

/** An encoder and a decoder joined: what a batch of messages looks like on the other side. */
class Line {
  readonly encoder: FrameEncoder = new FrameEncoder();
  readonly decoder: FrameDecoder = new FrameDecoder();

  send(batch: unknown[]): unknown[] {
    const bytes = this.encoder.encode(batch.map((value) => toWire(value)));
    // As a link does: the frame without its length, in memory that is used again.
    const read = Buffer.from(bytes.subarray(FRAME_HEAD_BYTES));
    const got = this.decoder.decode(read).map((value) => fromWire(value));
    read.fill(0xee);
    return got;
  }

  one(value: unknown): unknown {
    return this.send([value])[0];
  }
}

/** Null prototypes arrive as ordinary ones: `twin` is what has to come out. */
function twin(value: unknown, seen: Map<unknown, unknown> = new Map()): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const prototype = Object.getPrototypeOf(value);
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [twin(key, seen), twin(each, seen)]));
  }
  if (value instanceof Set) return new Set([...value].map((each) => twin(each, seen)));
  if (!Array.isArray(value) && prototype !== null && prototype !== Object.prototype) return value;
  const copy: object = Array.isArray(value) ? new Array(value.length) : {};
  seen.set(value, copy);
  for (const key of Object.keys(value)) {
    const part = twin((value as Record<string, unknown>)[key], seen);
    Object.defineProperty(copy, key, { value: part, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

/** Node.js's comparison is strict about everything but holds two invalid dates to differ. */
function expectSame(got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) expect(got).toStrictEqual(expected);
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

describe('round trips', () => {
  test('any plain value arrives equal, over one line, in batches', () => {
    const line = new Line();
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 8 }), (batch) => {
        const got = line.send(batch);
        expect(got.length).toBe(batch.length);
        batch.forEach((value, i) => {
          expectSame(got[i], twin(value));
        });
      }),
      { numRuns: 600 },
    );
  });

  test('the estimate is never below the true size', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(inspectPlain(value).bytesMax).toBeGreaterThanOrEqual(encodedSize(value));
      }),
      { numRuns: 600 },
    );
  });

  test('a simple value is handed to the codec as it is, and is kept exactly', () => {
    const simple = {
      type: 'all',
      numbers: [
        0,
        1,
        -1,
        63,
        64,
        127,
        128,
        255,
        65_536,
        2 ** 31,
        -(2 ** 31),
        2 ** 32,
        2 ** 53,
        0.1,
        1e300,
        Number.NaN,
        -Infinity,
      ],
      bigs: [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n)],
      texts: ['', 'ä', '€', '😀', 'x'.repeat(31), 'x'.repeat(32), 'ä'.repeat(300), '😀'.repeat(30_000)],
      nothing: [null, undefined, true, false, [], {}],
      dates: [new Date(1), new Date(999), new Date(1_700_000_000_123), new Date(2 ** 32 * 1000 - 1)],
      bytes: [Buffer.from('abc'), new Uint8Array([1, 2, 3]), Buffer.alloc(0), new Uint8Array(70_000).fill(7)],
      odd: { constructor: 1, toJSON: 'x', hasOwnProperty: 2, length: 3, '': 4, 'a b': 5, 7: 6 },
    };
    expect(inspectPlain(simple).simple).toBe(true);
    expect(toWire(simple)).toBe(simple);
    const line = new Line();
    for (let i = 0; i < 5; i++) expect(isDeepStrictEqual(line.one(simple), simple)).toBe(true);
  });

  test('dates are kept to the millisecond', () => {
    const line = new Line();
    fc.assert(
      fc.property(fc.date({ noInvalidDate: false }), fc.integer({ min: 1, max: 2 ** 32 * 1000 - 1 }), (date, ms) => {
        expect(line.send([{ date }, { ms: new Date(ms) }])).toStrictEqual([{ date }, { ms: new Date(ms) }]);
      }),
      { numRuns: 1000 },
    );
  });

  test.each<[string, () => unknown]>([
    ['minus zero', () => ({ n: -0 })],
    ['a large BigInt', () => ({ n: 2n ** 63n, m: -(2n ** 70n) })],
    ['a lone surrogate in a text', () => ({ text: 'a\ud800' })],
    ['a lone surrogate in a key', () => ({ '\udc00': 1 })],
    ['an own key __proto__', () => JSON.parse('{"a":{"__proto__":{"x":1}}}')],
    ['a key __keys__', () => [{ __keys__: { a: 1 } }, {}, { __keys__: 2 }]],
    ['many keys', () => Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key ${i}`, i]))],
    ['deep nesting', () => Array.from({ length: 900 }).reduce<unknown>((inner) => ({ inner }), 'core')],
    ['a sparse array', () => Object.assign(new Array(5), { 0: 1, 2: 3, 3: undefined })],
    ['an array with a further property', () => /b(?<rest>c)/.exec('abc')],
    ['an invalid date and an old one', () => [new Date(Number.NaN), new Date(-1), new Date(0), new Date(8.64e15)]],
    [
      'maps and sets',
      () =>
        new Map<unknown, unknown>([
          [{ k: 1 }, new Set([1, [2]])],
          ['a', new Map()],
        ]),
    ],
    ['a regular expression', () => /a+[b]/giu],
    ['boxed values', () => [Object(1), Object('s'), Object(false), Object(1n)]],
    ['an ArrayBuffer', () => new Uint8Array([1, 2, 3]).buffer],
    [
      'views',
      () => [
        new Float64Array([1.5, Number.NaN]),
        new DataView(new ArrayBuffer(3)),
        new BigInt64Array(2),
        new Int16Array(1),
      ],
    ],
  ])('by structured clone: %s', (_, make) => {
    const value = make();
    expect(inspectPlain(value).fault).toBeUndefined();
    expect(toWire(value)).toBeInstanceOf(Uint8Array);
    expectSame(new Line().one(value), twin(value));
  });

  test('cycles and shared references keep their identity', () => {
    const shared = { s: 1 };
    const value: Record<string, unknown> = { type: 'ring', a: shared, b: [shared] };
    value.self = value;
    const got = new Line().one(value) as { a: object; b: object[]; self: object };
    expect(got.self).toBe(got);
    expect(got.b[0]).toBe(got.a);
    expect(got.a).toEqual(shared);
  });

  test('bytes as the whole message keep their class', () => {
    const line = new Line();
    expect(line.one(Buffer.from('abc'))).toStrictEqual(Buffer.from('abc'));
    expect(Buffer.isBuffer(line.one(Buffer.from('abc')))).toBe(true);
    expect(line.one(new Uint8Array([1]))).toStrictEqual(new Uint8Array([1]));
    expect(line.one(new Uint16Array([1, 2]))).toStrictEqual(new Uint16Array([1, 2]));
  });

  test('views arrive with memory of their own, of their own size', () => {
    const value = {
      map: new Map([['f', new Float32Array([1, 2])]]),
      data: new DataView(new ArrayBuffer(8), 2, 4),
      buffer: Buffer.from('x'),
    };
    const got = new Line().one(value) as typeof value;
    expect(got.map.get('f')?.buffer.byteLength).toBe(8);
    expect([got.data.byteOffset, got.data.buffer.byteLength, got.buffer.buffer.byteLength]).toEqual([0, 4, 1]);
    const simple = new Line().one({ u: new Uint8Array(100).subarray(5, 7), b: Buffer.from('ab') }) as {
      u: Uint8Array;
      b: Buffer;
    };
    expect([simple.u.buffer.byteLength, simple.b.buffer.byteLength]).toEqual([2, 2]);
  });

  test('errors keep standard name, message, stack and cause', () => {
    const error = new RangeError('too far', { cause: new TypeError('inner') });
    const got = new Line().one({ error }) as { error: RangeError };
    expect(got.error).toBeInstanceOf(RangeError);
    expect([got.error.name, got.error.message, got.error.stack]).toEqual(['RangeError', 'too far', error.stack]);
    expect(got.error.cause).toMatchObject({ name: 'TypeError', message: 'inner' });
    class OwnError extends Error {}
    expect(new Line().one(new OwnError('own'))).toMatchObject({ name: 'Error', message: 'own' });
  });
});

describe('refs of actors', () => {
  class FarRef extends Ref {
    // What a real ref knows of its own process must not travel.
    readonly #system = () => 'here';
    tell(): string {
      return this.#system();
    }
  }
  const toRef = (id: string): FarRef => new FarRef(id);
  const travel = (value: unknown): unknown => fromWire(Buffer.from(toWire(value) as Uint8Array), toRef);

  test('come out as refs of the other process, wherever they stand, with everything around them', () => {
    const [a, b] = [new FarRef('counter/a'), new FarRef('counter/b')];
    const value = {
      type: 'meet',
      list: Object.assign(new Array<FarRef>(4), { 0: a, 1: b, 3: a }),
      map: new Map<unknown, unknown>([
        [1, a],
        [b, { deep: b }],
        [3, 'last'],
      ]),
      set: new Set<unknown>([0, b, 'end']),
      error: new TypeError('x', { cause: { a } }),
      bytes: Buffer.from('abc'),
      stub: { id: 'counter/a' },
    };
    const got = travel(value) as typeof value;
    expect(got).toEqual(value);
    expect(got.list[0]).toBeInstanceOf(FarRef);
    expect(got.list[0]).not.toBe(a);
    expect((got.list[0] as FarRef).tell()).toBe('here');
    expect(got.list[3]).toBe(got.list[0]);
    expect(2 in got.list).toBe(false);
    expect([...got.map.keys()]).toEqual([1, b, 3]);
    expect([...got.map.keys()][1]).toBe(got.list[1]);
    expect([...got.set]).toEqual([0, b, 'end']);
    expect((got.error.cause as { a: unknown }).a).toBe(got.list[0]);
    expect(got.stub).not.toBeInstanceOf(FarRef);
  });

  test('a ref may be the whole message, or stand in a cycle, or under the key __proto__', () => {
    expect(travel(new FarRef('a/b'))).toEqual(new FarRef('a/b'));
    const ring: Record<string, unknown> = { ref: new FarRef('a/b') };
    ring.self = ring;
    const got = travel(ring) as typeof ring;
    expect(got.self).toBe(got);
    expect(got.ref).toBeInstanceOf(FarRef);
    const odd = Object.defineProperty({}, '__proto__', { value: new FarRef('a/b'), enumerable: true });
    expect(Object.getOwnPropertyDescriptor(travel(odd), '__proto__')?.value).toBeInstanceOf(FarRef);
  });

  test('their bytes count', () => {
    const value = [new FarRef('a/b'), new FarRef(`a/${'é'.repeat(200)}`)];
    const report = inspectPlain(value);
    expect(report).toMatchObject({ fault: undefined, simple: false, refs: value });
    expect(report.bytesMax).toBeGreaterThanOrEqual(encodedSize(value));
    expect(inspectPlain({ none: 1 }).refs).toBeUndefined();
  });
});

describe('refusals', () => {
  test('what is not plain data is refused with its path', () => {
    const error = (() => {
      try {
        return toWire({ user: { callbacks: [1, 2, () => 3] } });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({
      code: 'INVALID_MESSAGE',
      message: 'a message is plain data, which structured clone keeps; got at message.user.callbacks[2]: a function',
    });
  });

  test('what only the clone itself can refuse is INVALID_MESSAGE too', () => {
    const buffer = new ArrayBuffer(8);
    structuredClone(buffer, { transfer: [buffer] });
    expect(() => toWire({ buffer })).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE' }));
  });

  test.each<[string, unknown]>([
    ['simple', { type: 'text', text: 'ä'.repeat(500) }],
    ['cloned', new Map([['text', 'ä'.repeat(500)]])],
    ['bytes', Buffer.alloc(1000)],
  ])('a message of exactly messageBytesMax passes, one byte less refuses it: %s', (_, value) => {
    const size = encodedSize(value);
    expect(size).toBeGreaterThan(500);
    expect(fromWire(toWire(value, size))).toEqual(value);
    expect(() => toWire(value, size - 1)).toThrow(
      expect.objectContaining({
        code: 'MESSAGE_TOO_LARGE',
        message: `an encoded message has at most ${size - 1} bytes (messageBytesMax); got ${size}`,
      }),
    );
  });
});

describe('frames', () => {
  test('the head holds the length of what follows', () => {
    const bytes = new FrameEncoder().encode(['a', { n: 1 }]);
    expect(Buffer.from(bytes).readUInt32LE(0)).toBe(bytes.length - FRAME_HEAD_BYTES);
  });

  test('a shape is described once', () => {
    const encoder = new FrameEncoder();
    const first = encoder.encode([{ aLongPropertyName: 1 }]).length;
    expect(encoder.encode([{ aLongPropertyName: 2 }]).length).toBeLessThan(first - 17);
  });

  test('frames stay as they are while others are encoded, large ones between them', () => {
    const encoders = [new FrameEncoder(), new FrameEncoder()];
    const frames: { bytes: Uint8Array; copy: Buffer }[] = [];
    for (let i = 0; i < 300; i++) {
      const content = 'x'.repeat(i % 50 === 0 ? 3_000_000 : i * 10);
      const bytes = (encoders[i % 2] as FrameEncoder).encode([i, { content }]);
      frames.push({ bytes, copy: Buffer.from(bytes) });
    }
    expect(frames.every(({ bytes, copy }) => copy.equals(bytes))).toBe(true);
    // A large frame does not make later, small ones hold on to large memory.
    const last = (encoders[0] as FrameEncoder).encode(['small']);
    expect(last.buffer.byteLength).toBeLessThanOrEqual(1024 * 1024);
  });

  test('ten thousand shapes go over one line, again and again', () => {
    const line = new Line();
    const shape = (i: number): Record<string, unknown> => ({
      type: 's',
      [`a${i}`]: i,
      [`b${i % 97}`]: { [`c${i % 1013}`]: [i] },
    });
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 10_000; i += 20) {
        const batch = Array.from({ length: 20 }, (_, j) => shape(i + j));
        const got = line.send([...batch, shape(0), { type: 'often', n: i }]);
        expect(isDeepStrictEqual(got, [...batch, shape(0), { type: 'often', n: i }])).toBe(true);
      }
    }
  });

  test('more shapes nested in one value than there are record ids', () => {
    const nest = (depth: number): unknown =>
      depth === 0 ? 'core' : { [`k${depth}`]: nest(depth - 1), [`n${depth}`]: depth };
    const value = Array.from({ length: 4 }, () => [
      nest(60),
      Array.from({ length: 80 }, (_, i) => ({ [`flat${i}`]: i })),
      nest(60),
    ]);
    expect(inspectPlain(value).simple).toBe(true);
    const line = new Line();
    for (let i = 0; i < 5; i++) expect(isDeepStrictEqual(line.one(value), value)).toBe(true);
  });

  test('after a batch that could not be packed the line goes on', () => {
    const line = new Line();
    const known = { known: 1 };
    expect(line.one(known)).toEqual(known);
    for (let i = 0; i < 3; i++) {
      // The shape is given a number before the symbol ends the packing; the decoder never hears of it.
      expect(() => line.encoder.encode([{ unheard: 1 }, { [`other${i}`]: 1 }, Symbol('no')])).toThrow();
      expect(line.send([{ unheard: 2 }, known, { [`other${i}`]: i }])).toEqual([
        { unheard: 2 },
        known,
        { [`other${i}`]: i },
      ]);
      expect(line.send([{ unheard: 3 }, known])).toEqual([{ unheard: 3 }, known]);
    }
  });

  test('garbage throws', () => {
    const frame = Buffer.from(
      new FrameEncoder().encode([{ type: 'a', text: 'b'.repeat(100) }]).subarray(FRAME_HEAD_BYTES),
    );
    expect(new FrameDecoder().decode(frame)).toHaveLength(1);
    expect(() => new FrameDecoder().decode(frame.subarray(0, frame.length - 1))).toThrow();
    expect(() => new FrameDecoder().decode(Buffer.concat([frame, Buffer.from([0])]))).toThrow();
    expect(() => new FrameDecoder().decode(frame.subarray(1))).toThrow('begins with 0 or 1');
    expect(() => new FrameDecoder().decode(Buffer.from([0, 5]))).toThrow('holds an array');
    expect(() => new FrameDecoder().decode(Buffer.from([1]))).toThrow();
    expect(() => fromWire(Buffer.from('garbage'))).toThrow();
  });
});

describe('errors', () => {
  class TestRef extends Ref {}
  const line = new Line();

  test('a DOMException arrives with its name, message and stack, wherever it stands, once where it stands twice', () => {
    const reason = AbortSignal.abort().reason as DOMException;
    const value = {
      type: 'gone',
      reason,
      again: new Map([['key', [reason, new DOMException('late', 'TimeoutError')]]]),
      error: new Error('x', { cause: reason }),
    };
    const got = line.one(value) as typeof value;
    expect(got.reason).toBeInstanceOf(DOMException);
    expect([got.reason.name, got.reason.message, got.reason.code]).toEqual(['AbortError', reason.message, 20]);
    expect(got.reason.stack).toBe(reason.stack);
    const [same, late] = got.again.get('key') as DOMException[];
    expect([same === got.reason, got.error.cause === got.reason]).toEqual([true, true]);
    expect([late?.name, late?.message]).toEqual(['TimeoutError', 'late']);
  });

  test('refs beside a DOMException are refs', () => {
    const wire = toWire({ type: 'gone', reason: AbortSignal.abort().reason as unknown, who: new TestRef('counter/a') });
    const got = fromWire(wire, (id) => new TestRef(id)) as { reason: Error; who: Ref };
    expect(got.who).toBeInstanceOf(TestRef);
    expect(got.reason.name).toBe('AbortError');
  });

  test('one that leads to itself by its causes is refused with its path, and one that stands twice is not', () => {
    const own = new Error('x');
    own.cause = { list: [own] };
    expect(() => toWire({ type: 'note', own })).toThrow(
      /got at message\.own\.cause\.list\[0\]: an Error that is part of/,
    );
    const twice = new Error('y');
    const got = line.one({ type: 'note', list: [twice, new Error('z', { cause: twice }), twice] }) as { list: Error[] };
    expect(got.list.map(({ message }) => message)).toEqual(['y', 'z', 'y']);
    expect([got.list[0] === got.list[2], got.list[1]?.cause === got.list[0]]).toEqual([true, true]);
  });

  test('a frame past its bound is refused, and the next one can be read', () => {
    const text = 'x'.repeat(2_000);
    expect(() => line.encoder.encode([{ seen: 1, text }], 1_000)).toThrow(
      /a frame has at most 1000 bytes; got 2\d\d\d/,
    );
    expect(line.one({ seen: 1, text: 'short' })).toEqual({ seen: 1, text: 'short' });
  });
});
