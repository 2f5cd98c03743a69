/** A machine that is refused hears why, and does not stay: also one that never takes it. */
import { createConnection } from 'node:net';
import { connect, TLSSocket } from 'node:tls';
import { afterEach, expect, test, vi } from 'vitest';
import { parseMachineAddress } from '../../../src/machine-links/machine-address.ts';
import { REFUSED_MS } from '../../../src/machine-links/tls-machine-network.ts';
import { encodeGreeting } from '../../../src/wire/handshake.ts';
import { WIRE_VERSION } from '../../../src/wire/link.ts';
import { until } from '../wire/event-loop-clock.ts';
import { listening, master } from './machine-conformance.ts';
import { tlsWorld } from './tls-world.ts';

const world = tlsWorld();
afterEach(async () => {
  vi.restoreAllMocks();
  await world.dispose();
});

test(`it is closed after ${REFUSED_MS} ms`, async () => {
  const network = world.host(master('a'));
  const { address } = await listening(network);
  // What is said last never gets out, as to one that reads nothing.
  const said = vi.spyOn(TLSSocket.prototype, 'end').mockReturnThis();
  const late: { ms: number; run: () => void }[] = [];
  vi.spyOn(TLSSocket.prototype, 'setTimeout').mockImplementation(function (this: TLSSocket, ms, run) {
    if (run) late.push({ ms, run });
    return this;
  });
  const { certificate: cert, key, authority: ca } = world.credentials('b');
  const socket = connect({
    ...{ socket: createConnection(parseMachineAddress(address)), checkServerIdentity: () => undefined },
    ...{ cert, key, ca },
  });
  const closed = new Promise((resolve) =>
    socket
      .on('error', () => {})
      .resume()
      .once('close', resolve),
  );
  const hello = { troupe: 'machine', version: WIRE_VERSION, cluster: 'troupe', machine: 'b', process: 0 };
  socket.write(encodeGreeting({ ...hello, incarnation: 1, to: 'z', wants: 'link' }));
  await until(() => said.mock.calls.length === 1, 'the refusal');
  expect(network.refusals.name).toBe(1);
  // Those before it were of the handshake.
  expect([late.at(-1)?.ms, socket.destroyed]).toEqual([REFUSED_MS, false]);
  vi.restoreAllMocks();
  late.at(-1)?.run();
  await closed;
});
