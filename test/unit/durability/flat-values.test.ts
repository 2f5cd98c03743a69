import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { replyBytes } from '../../../src/commit/mark-bytes.ts';
import { decodeValue, encodeValue } from '../../../src/wire/codec.ts';
import { encodeFlat } from '../../../src/commit/flat-values.ts';

/** What the codec makes of a value where it is not alone: an array of one, whose first byte says so. */
function general(value: unknown): Uint8Array {
  return encodeValue([value]).subarray(1);
}

const NUMBERS = [
  ...[0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000],
  ...[-1, -0x20, -0x21, -0x80, -0x81, -0x8000, -0x8001, -0x80000000, -0x80000001],
  ...[0.5, -1e300, Number.MAX_SAFE_INTEGER, Number.NaN, Number.POSITIVE_INFINITY],
];
const OTHERS = [
  ...['', 'x'.repeat(31), 'y'.repeat(32), 'z'.repeat(128), true, false, null, undefined],
  ...[
    new Uint8Array(0),
    new Uint8Array(64).fill(7),
    new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3),
    new Uint8Array(128),
  ],
];

describe('a flat value', () => {
  it.each([...NUMBERS, ...OTHERS])('has the bytes of the codec, with a part %s', (part) => {
    const flat = encodeFlat({ part });
    expect(flat).toEqual(Uint8Array.from(general({ part })));
    expect(decodeValue(flat as Uint8Array)).toEqual({ part });
  });

  it('has the bytes of the codec, whatever its parts are', () => {
    const random = seededRandom(7);
    const all = [...NUMBERS, ...OTHERS.filter((part) => !(part instanceof Uint8Array))];
    const written: [Uint8Array, string][] = [];
    for (let n = 0; n < 3_000; n++) {
      const value: Record<string, unknown> = {};
      const parts = Math.floor(random() * 16);
      for (let part = 0; part < parts; part++) value[`p${part}`] = all[Math.floor(random() * all.length)];
      const flat = encodeFlat(value) as Uint8Array;
      written.push([flat, Buffer.from(general(value)).toString('hex')]);
    }
    // Only now: those that came later lie behind it in the same memory.
    for (const [flat, hex] of written) expect(Buffer.from(flat).toString('hex')).toBe(hex);
  });

  it('may fill its memory to the last byte', () => {
    const full = Object.fromEntries(
      Array.from({ length: 15 }, (_, n) => [`${'n'.repeat(29)}${n + 10}`, 'x'.repeat(128)]),
    );
    for (let n = 0; n < 100; n++) expect(encodeFlat(full)).toEqual(Uint8Array.from(general(full)));
  });

  class Own {
    part = 1;
  }
  const bytes = new Uint8Array(3);
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`p${n}`, n]));
  it.each([
    ...[1, 'text', null, undefined, [1], new Own(), new Map(), Object.create(null), new Uint8Array(3), many],
    ...[{ part: -0 }, { part: {} }, { part: [] }, { part: 1n }, { part: 'ä' }, { ä: 1 }, { part: 'x'.repeat(129) }],
    ...[
      { part: new Uint8Array(129) },
      { part: Buffer.alloc(3) },
      { part: new Int8Array(3) },
      { one: bytes, other: bytes },
    ],
    ...[
      { part: new Date(5) },
      { part: () => 1 },
      { part: Symbol('s') },
      { part: new Uint8Array(new SharedArrayBuffer(3)) },
    ],
    ...[{ ['n'.repeat(32)]: 1 }, { __keys__: 1 }, JSON.parse('{"__proto__":1}'), new Proxy({}, {})],
    ...[{ part: new Proxy(bytes, {}) }, Object.create({ inherited: 1 })],
  ])('is none of these, which go the general way: %s', (value) => {
    expect(encodeFlat(value)).toBeUndefined();
  });

  it('with a getter that throws goes the general way, which says where', () => {
    const value = {
      get part(): number {
        throw new Error('as the test says');
      },
    };
    expect(encodeFlat(value)).toBeUndefined();
    expect(() => encodeValue(value)).toThrow(/part/);
  });

  it('with a getter that encodes another one is whole, and so is the other', () => {
    let other: Uint8Array | undefined;
    const value = {
      before: 1,
      get part() {
        const inner = { other: 2 };
        other = encodeFlat(inner) ?? encodeValue(inner);
        return 3;
      },
    };
    expect(decodeValue(encodeFlat(value) as Uint8Array)).toEqual({ before: 1, part: 3 });
    expect(decodeValue(other as Uint8Array)).toEqual({ other: 2 });
  });

  it('that is larger than a reply may be is refused', () => {
    const reply = { turn: undefined, value: { text: 'x'.repeat(100) }, error: undefined };
    expect(() => replyBytes(reply, 50)).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
    expect(replyBytes(reply, 500)).toEqual(Uint8Array.from(general(reply.value)));
  });

  it('after one that did not go to its end is whole', () => {
    expect(encodeFlat({ a: 1, b: {} })).toBeUndefined();
    expect(encodeFlat({ a: 1 })).toEqual(Uint8Array.from(general({ a: 1 })));
  });
});
