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
  const { deserializeClone, serializeClone } = await import('../../../src/vocabulary/clone-bytes.ts');
  const value = { map: new Map([[1, 'one']]), list: [1, -0], at: new Date(5) };
  expect(deserializeClone(serializeClone(value, NO_PARTS))).toEqual(value);
  expect(() => deserializeClone(new Uint8Array([255, 1, 2]))).toThrow();
});
