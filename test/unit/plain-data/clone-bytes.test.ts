import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.doUnmock('node:v8');
  vi.resetModules();
});

const NO_PARTS = { refs: undefined, exceptions: undefined };

test('where node:v8 has no classes, as on Bun, its function reads what was written', async () => {
  vi.resetModules();
  vi.doMock('node:v8', async (original) => ({
    ...(await original<typeof import('node:v8')>()),
    DefaultDeserializer: class {
      constructor() {
        throw new Error('not implemented');
      }
    },
  }));
  const { deserializeClone, serializeClone } = await import('../../../src/plain-data/clone-bytes.ts');
  const value = { map: new Map([[1, 'one']]), list: [1, -0], at: new Date(5) };
  expect(deserializeClone(serializeClone(value, NO_PARTS))).toEqual(value);
  expect(() => deserializeClone(new Uint8Array([255, 1, 2]))).toThrow();
});

/** Of Node.js 20, base64: an error by an error by a plain object, twice, and one of most other kinds of values. */
const BY_NODE_20 =
  '/w9vIgVlcnJvcnJSbSIFb3V0ZXJjclRtIgVpbm5lcmNvIgFhQQFJAiQAAXsBcyIZVHlwZUVycm9yOiBpbm5lcgogICAgYXQgeS5zIhpSYW5nZUVycm9yOiBvdXRlcgogICAgYXQgeC4i' +
  'BWFnYWluXgEiBWJ5dGVzXAoDYWJjIgZmbG9hdHNcCAgAAAAAAADgPyIEbGlzdGEESQBJAkkETgAAAAAAAACASQZjBPwArCBAAwQiA21hcDsiAWsnWiAAAAAAAAAAAEAAAAAAAAAAWhEF' +
  'AAAAAAAAACwCOgIiAmF0RAAAAAAAABRAIgJyZVIiAWEDIgRub25lX3sJ';

interface Written {
  error: Error & { cause: Error };
  again: Error;
  bytes: Buffer;
}

async function expectAllRead(bytes: Uint8Array): Promise<void> {
  const { deserializeClone } = await import('../../../src/plain-data/clone-bytes.ts');
  const { error, again, bytes: part, ...rest } = deserializeClone(bytes) as Written;
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ message: 'outer', stack: 'RangeError: outer\n    at x' });
  expect(error.cause).toBeInstanceOf(TypeError);
  expect(error.cause).toMatchObject({ message: 'inner', stack: 'TypeError: inner\n    at y', cause: { a: [1] } });
  expect(again).toBe(error);
  expect(Buffer.isBuffer(part)).toBe(true);
  expect(part.toString()).toBe('abc');
  expect(part.buffer).not.toBe(bytes.buffer);
  const list: unknown[] = [1, 0, -0, 'ü€'];
  delete list[1];
  expect(rest).toEqual({
    ...{ floats: Float64Array.of(0.5), list, map: new Map([['k', new Set([2n ** 70n, -5n])]]) },
    ...{ at: new Date(5), re: /a/gi, none: undefined },
  });
}

test('an error with a cause that Node.js 20 has written is read', async () => {
  await expectAllRead(Buffer.from(BY_NODE_20, 'base64'));
});

test('what the V8 of this process cannot read is read as it was written, and garbage is garbage', async () => {
  vi.resetModules();
  vi.doMock('node:v8', async (original) => {
    const v8 = await original<typeof import('node:v8')>();
    return {
      ...v8,
      DefaultDeserializer: class extends v8.DefaultDeserializer {
        override readValue(): never {
          throw new Error('as a later V8');
        }
      },
    };
  });
  const whole = Buffer.from(BY_NODE_20, 'base64');
  await expectAllRead(whole);
  const { deserializeClone } = await import('../../../src/plain-data/clone-bytes.ts');
  for (let length = 2; length < whole.length; length++)
    expect(() => deserializeClone(whole.subarray(0, length))).toThrow('as a later V8');
  // An array of 2 ** 28 elements, of which none is there.
  expect(() => deserializeClone(Uint8Array.of(0xff, 15, 0x41, 0x80, 0x80, 0x80, 0x80, 1))).toThrow('as a later V8');
  // A number of two megabits is read at once.
  const digits = Buffer.alloc(2 ** 18, 1);
  const big = Buffer.concat([Uint8Array.of(0xff, 15, 0x5a, 0x80, 0x80, 0x20), digits]);
  const begun = performance.now();
  expect(typeof deserializeClone(big)).toBe('bigint');
  expect(performance.now() - begun).toBeLessThan(5_000);
});
