import vm from 'node:vm';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cutText,
  ERROR_FIELDS_MAX,
  ERROR_NAME_MAX,
  ERROR_PARTS_MAX,
  ERROR_SIZE_MAX,
  ERROR_TEXT_MAX,
  type ErrorReading,
  errorOfReading,
  isErrorReading,
  readError,
} from '../../../src/vocabulary/error-reading.ts';
import { asError, errorFromData, errorToData, isErrorData, TroupeError } from '../../../src/vocabulary/errors.ts';

/** As it gets to another process: read, sent as bytes, made again. */
function cross(thrown: unknown): Error {
  return errorOfReading(deserialize(serialize(readError(asError(thrown)))) as ErrorReading);
}

const explode = (): never => {
  throw new TypeError('not loaded yet');
};

class Lazy extends Error {
  override get message(): string {
    return explode();
  }
}

const ODD: [what: string, thrown: () => unknown][] = [
  ['a message that throws', () => new Lazy()],
  ['a message that is a symbol', () => Object.assign(new Error('m'), { message: Symbol('s') })],
  ['a message without a prototype', () => Object.assign(new Error('m'), { message: Object.create(null) as unknown })],
  ['a name that throws', () => Object.defineProperty(new Error('m'), 'name', { get: explode })],
  ['a name that is a number', () => Object.assign(new Error('m'), { name: 7 })],
  ['a stack that throws', () => Object.defineProperty(new Error('m'), 'stack', { get: explode })],
  ['a stack that is a list', () => Object.assign(new Error('m'), { stack: [1, 2] })],
  ['a code that throws', () => Object.defineProperty(new Error('m'), 'code', { get: explode, enumerable: true })],
  ['a cause that throws', () => Object.defineProperty(new Error('m'), 'cause', { get: explode })],
  ['a field that throws', () => Object.defineProperty(new Error('m'), 'more', { get: explode, enumerable: true })],
  ['errors that throw', () => Object.defineProperty(new Error('m'), 'errors', { get: explode })],
  ['a proxy that refuses everything', () => new Proxy(new Error('m'), { get: explode, getPrototypeOf: explode })],
  ['a proxy without a target', () => revoked()],
  ['a function', () => () => 1],
  ['a symbol', () => Symbol('s')],
  ['nothing', () => undefined],
  ['an object without a prototype', () => Object.create(null)],
  ['an object that cannot be shown', () => ({ [Symbol.for('nodejs.util.inspect.custom')]: explode })],
];

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable(new Error('m'), {});
  revoke();
  return proxy;
}

describe('a thrown value', () => {
  test.each(ODD)('with %s is an Error with texts, here and elsewhere', (_, make) => {
    for (const error of [asError(make()), cross(make())]) {
      expect(error).toBeInstanceOf(Error);
      expect([typeof error.name, typeof error.message]).toEqual(['string', 'string']);
    }
  });

  test('that is sound stays itself, also with texts that are computed', () => {
    class Listed extends Error {
      override get message(): string {
        return 'one, two';
      }
    }
    const error = new Listed();
    expect(asError(error)).toBe(error);
    expect(cross(error).message).toBe('one, two');
  });

  test(`has a name, a code and names of fields of ${ERROR_NAME_MAX} characters at most`, () => {
    const [most, more] = ['x'.repeat(ERROR_NAME_MAX), 'x'.repeat(ERROR_NAME_MAX + 1)];
    const long = 'y'.repeat(100 * ERROR_NAME_MAX);
    const thrown = Object.assign(new Error('m'), { name: long, code: long, [most]: 1, [more]: 2 });
    const again = cross(thrown) as Error & { code: string };
    expect([again.name.length, again.code.length]).toEqual([ERROR_NAME_MAX, ERROR_NAME_MAX]);
    expect(Object.keys(again).filter((key) => key.startsWith('x'))).toEqual([most]);
  });

  test('of another realm keeps name, message and stack', () => {
    const thrown = vm.runInNewContext('new RangeError("too far")') as Error;
    expect(asError(thrown)).toBe(thrown);
    expect(cross(thrown)).toMatchObject({ name: 'RangeError', message: 'too far', stack: thrown.stack });
  });

  test('that is a DOMException keeps name, message and code', () => {
    const again = cross(AbortSignal.abort().reason);
    expect(again).toMatchObject({ name: 'AbortError', message: 'This operation was aborted', code: 20 });
    expect(again.stack).toContain('AbortError');
  });

  test('keeps its own plain fields, and those of its causes; what is no plain data is left out', () => {
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', errno: -111, address: { port: 1 } });
    const thrown = Object.assign(new TypeError('fetch failed', { cause }), {
      attempt: 3,
      retry: () => 1,
      at: new Date(5),
    });
    const again = cross(thrown) as typeof thrown;
    expect(again).toMatchObject({ name: 'TypeError', message: 'fetch failed', attempt: 3, at: new Date(5) });
    expect(Object.keys(again)).not.toContain('retry');
    expect(again.cause).toMatchObject({ code: 'ECONNREFUSED', errno: -111, address: { port: 1 } });
    expect(again.cause).toBeInstanceOf(Error);
  });

  test('an AggregateError keeps its errors, each with what is its own', () => {
    const errors = [Object.assign(new Error('a'), { code: 'EA' }), 'b', new RangeError('c')];
    const again = cross(new AggregateError(errors, 'all failed')) as AggregateError;
    expect(again).toBeInstanceOf(AggregateError);
    expect(again).toMatchObject({ name: 'AggregateError', message: 'all failed' });
    expect(again.errors).toMatchObject([{ message: 'a', code: 'EA' }, 'b', { name: 'RangeError', message: 'c' }]);
  });

  test('keeps `errors` by field, as validators name them, and a `code` that is no text and no number', () => {
    const errors = { email: ['is taken'], age: { rule: 'min', of: 18 } };
    const again = cross(Object.assign(new Error('not valid'), { errors, code: { group: 3, fatal: true } }));
    expect(again).toMatchObject({ errors, code: { group: 3, fatal: true } });
    expect(again).not.toBeInstanceOf(AggregateError);
  });

  test('a cause that is no error arrives where it is plain data', () => {
    expect(cross(new Error('x', { cause: 'db' })).cause).toBe('db');
    expect(cross(new Error('x', { cause: { table: 'mails' } })).cause).toEqual({ table: 'mails' });
    expect(cross(new Error('x', { cause: () => 1 })).cause).toBeUndefined();
  });

  test('that is its own cause, by any way, ends there', () => {
    const direct = new Error('direct');
    direct.cause = direct;
    const [a, b] = [new Error('a'), new AggregateError([], 'b')];
    a.cause = b;
    b.errors.push(a, direct);
    expect(cross(direct).cause).toBeUndefined();
    expect(cross(a).cause).toMatchObject({ message: 'b', errors: [{ message: 'direct' }] });
  });
});

describe('what is read has bounds', () => {
  const sizeOf = (error: Error): number => JSON.stringify(readError(error)).length;

  test('texts are cut, without half a character at the end', () => {
    const { message, stack } = readError(new Error('🎭'.repeat(50_000)));
    expect([message.length, stack?.length]).toEqual([ERROR_TEXT_MAX, ERROR_TEXT_MAX]);
    expect(message.endsWith('…')).toBe(true);
    expect((cutText('a🎭b', 3) as string & { isWellFormed(): boolean }).isWellFormed()).toBe(true);
    expect(asError('y'.repeat(1_000_000)).message).toHaveLength(ERROR_TEXT_MAX);
  });

  test('a chain of causes, a crowd of errors and a heap of fields end within them', () => {
    let chain = new Error('first');
    for (let n = 0; n < 1_000; n++) chain = new Error(`after ${n}`, { cause: chain });
    const crowd = new AggregateError(
      Array.from({ length: 100_000 }, (_, n) => new Error(`${n}`)),
      'crowd',
    );
    const heap = Object.assign(
      new Error('heap'),
      Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`f${n}`, n])),
    );
    const wide = new AggregateError(
      Array.from({ length: 40 }, () => new Error('x'.repeat(20_000))),
      'wide',
    );
    const fat = Object.assign(new Error('fat'), { body: { text: 'z'.repeat(100_000) } });
    let depth = 0;
    for (let at: unknown = cross(chain); at instanceof Error; at = at.cause) depth++;
    expect(depth).toBeLessThanOrEqual(ERROR_PARTS_MAX);
    expect((cross(crowd) as AggregateError).errors.length).toBeLessThan(ERROR_PARTS_MAX);
    expect(Object.keys(readError(heap).fields ?? {})).toHaveLength(ERROR_FIELDS_MAX);
    expect(readError(fat).fields).toBeUndefined();
    // Names of the parts, quotes and escapes beside what is counted.
    for (const error of [chain, crowd, heap, wide, fat]) expect(sizeOf(error)).toBeLessThan(ERROR_SIZE_MAX * 1.5);
  });

  test('no value that can be thrown, nor one put into any part of an error, breaks the reading', () => {
    // Made in the property: fast-check looks at what it generates, and some of these cannot be looked at.
    const odd = fc.oneof(
      fc.anything({ withMap: true, withNullPrototype: true, withBigInt: true }).map((value) => () => value),
      fc.constantFrom(...ODD.map(([, make]) => make)),
    );
    const parts = fc.dictionary(fc.constantFrom('name', 'message', 'stack', 'code', 'cause', 'errors', 'more'), odd);
    fc.assert(
      fc.property(odd, parts, (make, more) => {
        const error = new Error('x');
        // V8 makes the text of a stack when it is first touched, of what the error is then.
        void error.stack;
        for (const [key, part] of Object.entries(more)) {
          Object.defineProperty(error, key, { value: part(), enumerable: true });
        }
        for (const one of [make(), error]) {
          const troupe = new TroupeError('HANDLER_FAILED', 'it threw', { fate: 'executed', cause: asError(one) });
          const data: unknown = deserialize(serialize(errorToData(troupe)));
          expect(isErrorData(data)).toBe(true);
          expect(errorFromData(data as ReturnType<typeof errorToData>).cause).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test.each<[string, unknown]>([
  ['no object', 7],
  ['a code that is none', { code: 'constructor', message: 'x' }],
  ['no message', { code: 'REFUSED' }],
  ['a fate that is none', { code: 'REFUSED', message: 'x', fate: 'sealed' }],
  ['a cause that is no reading', { code: 'HANDLER_FAILED', message: 'x', cause: { name: 'Error' } }],
])('%s is no error from another process', (_, data) => {
  expect(isErrorData(data)).toBe(false);
});

test('a reading without end is none', () => {
  const reading: ErrorReading = { name: 'Error', message: 'x' };
  reading.cause = reading;
  expect(isErrorReading(reading)).toBe(false);
});
