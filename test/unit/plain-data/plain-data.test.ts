import { Buffer } from 'node:buffer';
import { EventEmitter } from 'node:events';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEPTH_MAX, deepFreeze, inspectPlain } from '../../../src/plain-data/plain-data.ts';

class Point {
  x = 1;
}
class OwnMap extends Map {}
class OwnArray extends Array {}
class OwnBytes extends Uint8Array {}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { value };
  return value;
}

describe('accepted', () => {
  test.each<[string, unknown, boolean]>([
    ['a flat message', { type: 'inc', n: 1 }, true],
    ['nothing', undefined, true],
    ['null', null, true],
    ['numbers of all kinds', [0, 1.5, Number.NaN, Infinity, -Infinity], true],
    ['bytes', { a: Buffer.from('a'), b: new Uint8Array(2) }, true],
    ['a date', new Date(1_700_000_000_001), true],
    ['a symbol as key, which nobody sends', { [Symbol('s')]: Symbol('t'), a: 1 }, true],
    ['a null prototype', Object.assign(Object.create(null), { a: 1 }), true],
    ['sixty-four keys', Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, i])), true],
    ['sixty-five keys', Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])), false],
    ['minus zero', -0, false],
    ['an int64', 2n ** 63n - 1n, true],
    ['a larger BigInt', 2n ** 63n, false],
    ['an invalid date', new Date(Number.NaN), false],
    ['a lone surrogate', '\ud800', false],
    ['a Map and a Set', new Map([[new Set([1]), { a: 1 }]]), false],
    ['a RegExp', /a/, false],
    ['an Error with a class of its own', new (class OwnError extends TypeError {})('x'), false],
    ['an ArrayBuffer and views', [new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), new Float64Array(1)], false],
    ['boxed values', [Object(1), Object('a'), Object(true), Object(1n)], false],
    ['a sparse array', new Array(4_000_000_000), false],
    ['a hole in place of a further property', Object.assign(new Array(2), { 0: 1, extra: 1 }), false],
    ['what another realm made', runInNewContext('({ a: [1, new Map(), new Date(5), new Error("x")] })'), false],
    ['an object whose prototype is empty', Object.assign(Object.create(Object.create(null)), { a: 1 }), false],
    ['sixty-four levels', nested(64), true],
    ['sixty-six levels', nested(66), false],
    [`${DEPTH_MAX} levels`, nested(DEPTH_MAX), false],
  ])('%s', (_, value, simple) => {
    expect(inspectPlain(value)).toMatchObject({ fault: undefined, simple });
  });

  test('shared references and cycles are accepted but not simple, few objects or many', () => {
    for (const count of [0, 5, 14, 15, 16, 17, 100]) {
      const parts: unknown[] = Array.from({ length: count }, (_, i) => ({ i }));
      expect(inspectPlain({ parts }).simple).toBe(true);
      const shared = {};
      expect(inspectPlain({ a: shared, parts, b: shared })).toMatchObject({ fault: undefined, simple: false });
      if (count > 0)
        expect(inspectPlain({ parts, b: parts[count - 1] })).toMatchObject({ fault: undefined, simple: false });
      const ring = { parts, self: {} };
      ring.self = ring;
      expect(inspectPlain(ring)).toMatchObject({ fault: undefined, simple: false });
    }
  });

  test('a getter is read, and may inspect a value itself', () => {
    const value = {
      a: { deep: [1] },
      get b() {
        return inspectPlain({ f: () => 1 }).fault?.path;
      },
      c: 1n,
    };
    expect(inspectPlain(value)).toMatchObject({ fault: undefined, simple: true });
  });

  test('one inspection leaves nothing behind for the next', () => {
    const part = { a: 1 };
    inspectPlain({ part, bad: () => 1 });
    inspectPlain({ part, minus: -0 });
    expect(inspectPlain({ part })).toMatchObject({ fault: undefined, simple: true });
  });

  test('a function that somebody put on Object.prototype is not in the message', () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>;
    prototype.polluted = () => 1;
    try {
      expect(inspectPlain({ a: { b: 1 } })).toMatchObject({ fault: undefined, simple: true });
      expect(inspectPlain({ a: { b: () => 2 } }).fault?.path).toBe('message.a.b');
    } finally {
      delete prototype.polluted;
    }
  });
});

describe('refused, naming the path', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const throwing = {
    get broken(): number {
      throw new RangeError('no luck');
    },
  };

  test.each<[string, unknown, string, string]>([
    ['a function', { user: { callbacks: [1, 2, () => 3] } }, 'message.user.callbacks[2]', 'a function'],
    ['a symbol', Symbol('s'), 'message', 'a symbol'],
    ['a class instance', { at: new Point() }, 'message.at', 'an object of class Point'],
    ['a class', { at: Point }, 'message.at', "a function 'Point'"],
    ['a subclass of Map', [new OwnMap()], 'message[0]', 'an object of class OwnMap'],
    ['a subclass of Array', { list: OwnArray.from([1]) }, 'message.list', 'an object of class OwnArray'],
    ['a subclass of Uint8Array', { list: new OwnBytes(1) }, 'message.list', 'an object of class OwnBytes'],
    ['an object made from another one', { a: Object.create({ b: 1 }) }, 'message.a', 'an object'],
    ['a promise', { p: Promise.resolve(1) }, 'message.p', 'an object of class Promise'],
    ['weak collections', { w: new WeakMap() }, 'message.w', 'an object of class WeakMap'],
    ['a WeakRef', { w: new WeakRef({}) }, 'message.w', 'an object of class WeakRef'],
    ['a generator', { g: (function* () {})() }, 'message.g', 'an object'],
    ['a proxy', { p: new Proxy({}, {}) }, 'message.p', 'a Proxy'],
    ['a revoked proxy', [[revoked.proxy]], 'message[0][0]', 'a Proxy'],
    ['a getter that throws', { a: [throwing] }, 'message.a[0].broken', 'a property that threw RangeError: no luck'],
    ['shared memory', new SharedArrayBuffer(1), 'message', 'an object of class SharedArrayBuffer'],
    [
      'a view of shared memory',
      [new Uint8Array(new SharedArrayBuffer(1))],
      'message[0]',
      'a view of a SharedArrayBuffer',
    ],
    ['a boxed symbol', { s: Object(Symbol('b')) }, 'message.s', 'an object of class Symbol'],
    ['a value of a Map', { m: new Map([['k', () => 1]]) }, 'message.m.get(a string)', 'a function'],
    ['a key of a Map', { m: new Map([[Symbol('k'), 1]]) }, 'message.m.keys()[0]', 'a symbol'],
    ['a member of a Set', new Set([1, Symbol('m')]), 'message.values()[1]', 'a symbol'],
    ['the cause of an error', { e: new Error('x', { cause: { f: Symbol('c') } }) }, 'message.e.cause.f', 'a symbol'],
    ['a key that is no name', { 'a b': { '': Symbol('k') } }, 'message["a b"][""]', 'a symbol'],
    ['a property of an array', Object.assign([1], { extra: Symbol('x') }), 'message.extra', 'a symbol'],
    ['an element of a sparse array', Object.assign(new Array(9), { 7: Symbol('x') }), 'message[7]', 'a symbol'],
  ])('%s', (_, value, path, got) => {
    expect(inspectPlain(value)).toMatchObject({ fault: { path, got: expect.stringContaining(got) }, simple: false });
  });

  test('handles, emitters and addresses of Node.js', () => {
    const { port1, port2 } = new MessageChannel();
    for (const value of [new EventEmitter(), process.stdout, port1, new URL('a:b'), new AbortController().signal]) {
      expect(inspectPlain({ value }).fault?.path).toBe('message.value');
    }
    port1.close();
    port2.close();
  });

  test('deeper nesting than its limit, however deep, with a short path', () => {
    for (const depth of [DEPTH_MAX + 1, 100_000]) {
      const { fault } = inspectPlain(nested(depth));
      expect(fault?.got).toBe(`a value nested deeper than ${DEPTH_MAX}`);
      expect(fault?.path.length).toBeLessThan(210);
    }
  });

  test('it never throws', () => {
    fc.assert(
      fc.property(
        fc.anything({ withSparseArray: true, withBoxedValues: true, withMap: true }),
        (value) => void inspectPlain(value),
      ),
    );
    const hostile = Object.defineProperty(new Map(), 'size', {
      get: () => {
        throw new Error('size');
      },
    });
    const regexp = Object.defineProperty(/a/, 'source', {
      get: () => {
        throw new Error('source');
      },
    });
    const error = Object.defineProperty(new Error('a'), 'message', {
      get: () => {
        throw new Error('message');
      },
    });
    expect(inspectPlain(hostile).fault).toBeUndefined();
    expect(inspectPlain(regexp).fault?.got).toContain('source');
    expect(inspectPlain(error).fault?.got).toContain('message');
    const descend = (): unknown => {
      try {
        return descend();
      } catch {
        return inspectPlain(nested(500));
      }
    };
    expect(descend()).toHaveProperty('simple', false);
  });
});

describe('deepFreeze', () => {
  test('plain objects and arrays are frozen all the way down', () => {
    const value = { a: [{ b: Object.assign(Object.create(null), { c: {} }) }], n: 1 };
    deepFreeze(value);
    for (const part of [value, value.a, value.a[0], value.a[0]?.b, value.a[0]?.b.c])
      expect(Object.isFrozen(part)).toBe(true);
  });

  test('parts of what was frozen before are frozen too', () => {
    const inner = { x: { y: 1 } };
    deepFreeze(Object.freeze({ list: Object.freeze([inner]) }));
    expect([Object.isFrozen(inner), Object.isFrozen(inner.x)]).toEqual([true, true]);
  });

  test('cycles and great depth come to an end', () => {
    const ring: Record<string, unknown> = { inner: {} };
    ring.self = ring;
    (ring.inner as Record<string, unknown>).outer = ring;
    deepFreeze(ring);
    expect(Object.isFrozen(ring.inner)).toBe(true);
    const deep = nested(100_000);
    deepFreeze(deep);
    expect(Object.isFrozen(deep)).toBe(true);
  });

  test('everything else is left as it is', () => {
    const inMap = {};
    const value = {
      m: new Map([[1, inMap]]),
      s: new Set([inMap]),
      d: new Date(),
      b: Buffer.from('a'),
      f: new Float64Array(1),
      p: new Point(),
    };
    deepFreeze(value);
    for (const part of [...Object.values(value), inMap]) expect(Object.isFrozen(part)).toBe(false);
    value.m.set(2, {});
    value.b[0] = 0;
  });

  test('a getter that throws does no harm', () => {
    const value = {
      a: {},
      get b(): never {
        throw new Error('no');
      },
    };
    deepFreeze(value);
    expect(Object.isFrozen(value.a)).toBe(true);
  });
});
