/** The end of a worker's servers, without a server. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LastHttpRequests } from '../../../src/worker/last-http-requests.ts';

// It changes every server of the process that is made later.
vi.mock('../../../src/worker/keep-no-connections.ts', async (original) => ({
  ...(await original<object>()),
  keepNoConnections: () => {},
}));

const { disconnect } = process;
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
  vi.useRealTimers();
  Object.assign(process, { disconnect });
});

test('are over as soon as its servers are closed, and not with the next look', async () => {
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
