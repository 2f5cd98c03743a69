/** The end of a worker's servers, without a server. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const { disconnect } = process;
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.doUnmock('../../../src/worker/keep-no-connections.ts');
  vi.resetModules();
  Object.assign(process, { disconnect });
});

test('are over as soon as its servers are closed, and not with the next look', async () => {
  // It changes every server of the process that is made later.
  vi.resetModules();
  vi.doMock('../../../src/worker/keep-no-connections.ts', () => ({ keepNoConnections: () => {}, IDLE_MS_MAX: 1_000 }));
  const { LastHttpRequests } = await import('../../../src/worker/last-http-requests.ts');
  const last = new LastHttpRequests();
  await last.announce();
  let isOver = false;
  const over = last.finish().then(() => (isOver = true));
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  process.disconnect?.();
  await new Promise(setImmediate);
  expect(isOver).toBe(true);
  await over;
});
