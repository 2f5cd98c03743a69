/** The address of a machine is found by a connection to the database: one that is not answered is not waited for without end. */
import { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { FIND_MS_MAX, hostTowards } from '../../../src/machine-links/machine-address.ts';

afterEach(() => vi.restoreAllMocks());

test(`a database that does not answer within ${FIND_MS_MAX} ms`, async () => {
  vi.spyOn(Socket.prototype, 'connect').mockReturnThis();
  // The timers of sockets are Node.js's own: the test says when this one is over.
  const asked: [ms: number, socket: Socket][] = [];
  vi.spyOn(Socket.prototype, 'setTimeout').mockImplementation(function (this: Socket, ms, late) {
    asked.push([ms, this]);
    return this.once('timeout', late ?? (() => {}));
  });
  const found = hostTowards('postgres://bank@db.example:6000/x');
  expect(asked.map(([ms]) => ms)).toEqual([FIND_MS_MAX]);
  asked[0]?.[1].emit('timeout');
  await expect(found).rejects.toMatchObject({
    code: 'ACTOR_UNAVAILABLE',
    message: expect.stringContaining(
      `a connection to db.example:6000, which failed: no answer within ${FIND_MS_MAX} ms; give cluster.advertise`,
    ),
  });
});

test('a database behind a unix socket is on this host', async () => {
  expect(await hostTowards('postgres:///x?host=/run/postgresql')).toBe('127.0.0.1');
});
