/** A session outlives its connection for a while: its client comes back to what was accepted, and a later one begins anew. */
import { createConnection } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { BEAT_MS, CLIENT_VERSION, newSession } from '../../../src/client-wire/client-greeting.ts';
import { ConnectedClient } from '../../../src/client/connected-client.ts';
import { dialOf } from '../../../src/client/dial.ts';
import { CLOSE_MS, Gateway, SESSION_KEPT_MS } from '../../../src/gateway/gateway.ts';
import { resolveListen } from '../../../src/gateway/listen-options.ts';
import { encodeGreeting } from '../../../src/wire/handshake.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import { parseClientAddress } from '../../../src/client-wire/client-address.ts';
import { type Kit, startKit } from '../actor/kernel-fixture.ts';

let folder: string;
let kit: Kit;
let gateway: Gateway;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sessions-'));
  kit = startKit({ counter: defineActor({ state: () => ({ n: 0 }), receive: { add: (ctx) => ++ctx.state.n } }) });
  const { kernel, system } = kit.process;
  const listen = resolveListen([{ url: `unix:${join(folder, 'clients')}` }]);
  // The client beats by its own clock, which is the real one.
  gateway = new Gateway({ kernel, system, listen, silentMs: Number.POSITIVE_INFINITY });
  await gateway.open();
  gateway.begin();
});
afterEach(async () => {
  const closed = gateway.close();
  await kit.clock.advance(1_000);
  await closed;
  rmSync(folder, { recursive: true, force: true });
});

const counts = (): unknown => {
  const { connected, sessions } = kit.process.kernel.clients?.() ?? {};
  return { connected, sessions };
};

/** Sockets are real, and the time of the system is the test's: it stands still meanwhile. */
async function until(check: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !check(); await new Promise((resolve) => setTimeout(resolve, 1))) {
    await kit.clock.advance(0);
    if (Date.now() > end) throw new Error(`got ${JSON.stringify(counts())}`);
  }
}

test(`is kept ${SESSION_KEPT_MS} ms from the end of its connection, and no longer`, async () => {
  const address = parseClientAddress(`unix:${join(folder, 'clients')}`);
  const client = new ConnectedClient(systemClock(), dialOf(address as never, {}, systemClock()));
  await client.begin();
  // As long as it is connected, no time is too long.
  await kit.clock.advance(SESSION_KEPT_MS * 2);
  expect(counts()).toEqual({ connected: 1, sessions: 1 });
  await client.close();
  await until(() => kit.process.kernel.clients?.()?.connected === 0);
  await kit.clock.advance(SESSION_KEPT_MS - BEAT_MS);
  expect(counts()).toEqual({ connected: 0, sessions: 1 });
  await kit.clock.advance(BEAT_MS * 2);
  expect(counts()).toEqual({ connected: 0, sessions: 0 });
});

test(`the end of the gateway waits ${CLOSE_MS} ms for a client that does not close its side, and then cuts it`, async () => {
  const path = join(folder, 'clients');
  const socket = createConnection({ path, allowHalfOpen: true }).on('error', () => {});
  socket.write(encodeGreeting({ troupe: 'client', version: CLIENT_VERSION, session: newSession(), now: 0 }));
  await until(() => kit.process.kernel.clients?.()?.connected === 1);
  let isClosed = false;
  const closed = gateway.close().then(() => (isClosed = true));
  await kit.clock.advance(CLOSE_MS - 10);
  expect(isClosed).toBe(false);
  await kit.clock.advance(20);
  await closed;
  socket.destroy();
});
