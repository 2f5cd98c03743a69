/** A store that cannot be opened again, because its disk is gone say: its thread is started again and again, less and less often. */
import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { silent } from '../peer/link-fixture.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.doUnmock('node:worker_threads');
  vi.resetModules();
});

const threads: EventEmitter[] = [];

class FakeThread extends EventEmitter {
  constructor() {
    super();
    threads.push(this);
  }

  unref(): void {}
}

test('it is so at least every RESTART_MS_MAX', async () => {
  // Other files of this process may have loaded it.
  vi.resetModules();
  vi.doMock('node:worker_threads', async (original) => ({ ...(await original<object>()), Worker: FakeThread }));
  const { RESTART_MS_MAX, StoreSupervisor } = await import('../../../src/store-service/store-supervisor.ts');
  vi.useFakeTimers();
  const started = StoreSupervisor.start({} as never, silent, { missing: () => {}, checked: () => {} });
  threads[0]?.emit('message', { type: 'ready', path: 'a', startedAt: 0 });
  await started;
  const pauses: number[] = [];
  while (pauses.length < 10) {
    const [before, count] = [Date.now(), threads.length];
    threads.at(-1)?.emit('exit', 1);
    while (threads.length === count && Date.now() - before < 10 * RESTART_MS_MAX) await vi.advanceTimersByTimeAsync(50);
    pauses.push(Date.now() - before);
  }
  expect(pauses.slice(0, 3)).toEqual([100, 200, 400]);
  expect(pauses.slice(-3)).toEqual(Array(3).fill(RESTART_MS_MAX));
});
