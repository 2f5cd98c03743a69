import { expect, test } from 'vitest';
import { checkChildOptions, checkSpawnOptions } from '../../../src/actor/spawn-options.ts';
import { thrownBy } from './kernel-fixture.ts';

test.each([
  {},
  { key: 'a', args: [1] },
  { placement: {} },
  { placement: { worker: 3, role: 'web' } },
  { key: undefined, placement: undefined },
])('a spawn takes %j', (options) => {
  expect(() => checkSpawnOptions(options)).not.toThrow();
});

test.each([
  [5, /an object; got 5/],
  [null, /an object; got null/],
  [['a'], /an object; got \[/],
  [{ kye: 'a' }, /kye: expected one of key, args, placement; got 'kye'/],
  [{ toString: 'a' }, /toString: expected one of/],
  [{ restart: 'permanent' }, /restart: expected one of key, args, placement/],
  [{ placement: 5 }, /placement: expected an object; got 5/],
  [{ placement: { worker: '1' } }, /placement\.worker: expected the index of a worker; got '1'/],
  [{ placement: { worker: -1 } }, /placement\.worker/],
  [{ placement: { role: 5 } }, /placement\.role: expected the name of a role; got 5/],
  [{ placement: { on: 1 } }, /placement\.on: expected one of worker, role/],
])('a spawn refuses %j', (options, text) => {
  const error = thrownBy(() => checkSpawnOptions(options));
  expect([error.code, error.message]).toEqual(['INVALID_OPTIONS', expect.stringMatching(text)]);
});

test.each([
  [{ placement: {} }, /placement: expected one of key, args, restart, shutdownMs/],
  [{ restart: 'always' }, /restart: expected one of permanent, transient, temporary; got 'always'/],
  [{ shutdownMs: -1 }, /shutdownMs: expected milliseconds/],
  [{ shutdownMs: '5' }, /shutdownMs: expected milliseconds/],
  [{ shutdownMs: Number.NaN, restart: 1 }, /shutdownMs.*\n.*restart|restart.*\n.*shutdownMs/],
])('a child is refused with %j, all faults at once', (options, text) => {
  const error = thrownBy(() => checkChildOptions(options));
  expect([error.code, error.message]).toEqual(['INVALID_OPTIONS', expect.stringMatching(text)]);
});
