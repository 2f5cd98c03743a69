/** What `troupe start` makes of its options. */
import { resolve } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { DASHBOARD_PORT, systemOptionsOf, workersOf } from '../../../src/cli/start-command.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  Reflect.deleteProperty(process.stderr, 'isTTY');
});

function terminal(isThere: boolean): void {
  Object.defineProperty(process.stderr, 'isTTY', { value: isThere, configurable: true });
}

test('paths are those of the working folder, and groups are read', () => {
  expect(systemOptionsOf({ actors: 'kinds', data: 'd' })).toEqual({ actors: resolve('kinds'), dataDir: resolve('d') });
  expect(workersOf('web=2,mail=1')).toEqual([
    { role: 'web', count: 2 },
    { role: 'mail', count: 1 },
  ]);
});

test('the page has the token of the environment, or a new one each time where a terminal is there to tell it', () => {
  vi.stubEnv('TROUPE_DASHBOARD_TOKEN', 'given');
  terminal(false);
  expect(systemOptionsOf({ dashboard: true }).dashboard).toEqual({ port: DASHBOARD_PORT, token: 'given' });
  expect(systemOptionsOf({ dashboard: '4567' }).dashboard).toEqual({ port: 4567, token: 'given' });
  vi.stubEnv('TROUPE_DASHBOARD_TOKEN', '');
  terminal(true);
  const tokens = [1, 2].map(() => systemOptionsOf({ dashboard: true }).dashboard?.token ?? '');
  expect(tokens[0]).toMatch(/^[\w-]{24}$/);
  expect(tokens[0]).not.toBe(tokens[1]);
});

test('a page whose token nobody would learn, or whose port is none, is wrong use', () => {
  vi.stubEnv('TROUPE_DASHBOARD_TOKEN', '');
  terminal(false);
  expect(() => systemOptionsOf({ dashboard: true })).toThrow(/TROUPE_DASHBOARD_TOKEN/);
  expect(() => systemOptionsOf({ dashboard: '70000' })).toThrow(/--dashboard: expected a whole number/);
});
