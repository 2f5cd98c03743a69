/** A broker that takes a connection and says nothing: the one who dials it hears of an error, and may try again. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CONNECT_MS_MAX, dialOf } from '../../../src/rabbitmq/broker.ts';
import { until } from '../wire/event-loop-clock.ts';

let server: Server;
const taken: Socket[] = [];

beforeEach(async () => {
  server = createServer((socket) => taken.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const socket of taken.splice(0)) socket.destroy();
  server.close();
});

test(`a connection that is not open after ${CONNECT_MS_MAX} ms is given up`, async () => {
  // The timers of sockets are Node.js's own: the test says when this one is over.
  const times = new Map<number, Socket>();
  const { setTimeout } = Socket.prototype;
  vi.spyOn(Socket.prototype, 'setTimeout').mockImplementation(function (this: Socket, ms, late) {
    times.set(ms, this);
    return setTimeout.call(this, 600_000, late);
  });
  const dial = await dialOf(`amqp://127.0.0.1:${(server.address() as AddressInfo).port}`, {});
  const opened = dial();
  await until(() => taken.length > 0, 'the connection');
  expect([...times.keys()]).toContain(CONNECT_MS_MAX);
  times.get(CONNECT_MS_MAX)?.emit('timeout');
  await expect(opened).rejects.toThrow(/ETIMEDOUT/);
});
