/** What a look at the socket of a lock says where the kernel gives no answer: nothing, so that other signs of life are looked at. */
import { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { CONNECT_MS_MAX, isListening } from '../../../src/data-dir/lock-socket.ts';
import { until } from '../wire/event-loop-clock.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test(`one that neither lets in nor refuses is waited for ${CONNECT_MS_MAX} ms`, async () => {
  const connect = vi.spyOn(Socket.prototype, 'connect').mockReturnThis();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let heard: unknown = 'nothing yet';
  const looked = isListening('/tmp', 'a.sock').then((is) => (heard = is));
  await until(() => connect.mock.calls.length > 0, 'the connection');
  await vi.advanceTimersByTimeAsync(CONNECT_MS_MAX - 1);
  expect(heard).toBe('nothing yet');
  await vi.advanceTimersByTimeAsync(1);
  await looked;
  expect(heard).toBeUndefined();
});
