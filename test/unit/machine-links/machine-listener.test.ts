/** Connections at the port of a machine, beyond as many as it takes. */
import { connect, Server, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { newAuthority } from '../../../src/machine-links/authority.ts';
import { issueCredentials } from '../../../src/machine-links/credentials.ts';
import { MACHINE_CONNECTIONS_MAX, MachineListener } from '../../../src/machine-links/machine-listener.ts';
import { silent } from '../peer/link-fixture.ts';
import { eventLoopClock, until } from '../wire/event-loop-clock.ts';

test('one connection more than there may be is closed, counted, and takes nobody’s place', async () => {
  const listener = new MachineListener({
    ...{ clock: eventLoopClock, log: silent, handshakeMs: 60_000, connectionsMax: 3 },
    visited: () => {},
  });
  const credentials = issueCredentials(newAuthority('troupe', Date.now()), 'troupe', 'a', Date.now());
  const port = await listener.open('127.0.0.1', 0, credentials);
  const closed = new Set<number>();
  const sockets: Socket[] = [];
  const come = (): void => {
    const at = sockets.length;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.once('close', () => closed.add(at));
    sockets.push(socket);
  };
  for (let n = 0; n < 3; n++) come();
  await until(() => sockets.every(({ readyState }) => readyState === 'open'), 'all are there');
  come();
  await until(() => closed.size === 1, 'one is closed');
  expect([...closed]).toEqual([3]);
  expect(listener.refusals.full).toBe(1);
  sockets[0]?.destroy();
  await until(() => closed.has(0), 'one has gone');
  come();
  await until(() => sockets[4]?.readyState === 'open', 'another one has its place');
  expect([closed.has(4), listener.refusals.full]).toEqual([false, 1]);
  for (const socket of sockets) socket.destroy();
  listener.close();
});

test(`there may be ${MACHINE_CONNECTIONS_MAX} where nothing else is said`, async () => {
  const opened = vi.spyOn(Server.prototype, 'listen');
  const listener = new MachineListener({
    ...{ clock: eventLoopClock, log: silent, handshakeMs: 60_000, visited: () => {} },
  });
  const credentials = issueCredentials(newAuthority('troupe', Date.now()), 'troupe', 'a', Date.now());
  await listener.open('127.0.0.1', 0, credentials);
  const [server] = opened.mock.contexts as Server[];
  opened.mockRestore();
  listener.close();
  expect(server?.maxConnections).toBe(MACHINE_CONNECTIONS_MAX);
});
