/** Clients on another network, over TLS 1.3: tokens, certificates by common name, a cable that is pulled. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientMetrics, System } from 'troupe';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Certificate, certificates, ClientProcess, HAS_OPENSSL } from './client-process.ts';
import { numbers, sleep, startSystem, stopSystems, until } from './harness.ts';
import { NetworkNamespace } from './network-namespace.ts';
import { freePort } from '../free-port.ts';

const TOKEN = 'the-token-of-the-other-network';
const HANDSHAKE_MS = 400;
const network = HAS_OPENSSL ? NetworkNamespace.make(0) : undefined;

describe.skipIf(network === undefined)('a client on another network', () => {
  const { address = '', within = [] } = network ?? {};
  let system: System;
  let folder: string;
  let url: string;
  let port: number;
  let ca: string;
  let ada: Certificate;
  let forged: Certificate;
  const clients: ClientProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'troupe-network-'));
    const made = certificates('localhost', 'ada');
    const [server, client] = made.signed as [Certificate, Certificate];
    ca = made.ca;
    ada = client;
    forged = certificates('ada').signed[0] as Certificate;
    port = await freePort();
    url = `tls://${address}:${port}`;
    system = await startSystem({
      dataDir: folder,
      listen: [
        { url, ...server, ca, handshakeMs: HANDSHAKE_MS, clients: [{ token: TOKEN }, { cn: 'ada', may: ['ask'] }] },
      ],
    });
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.end();
  });

  afterAll(async () => {
    await stopSystems();
    network?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function clientWith(options: object): Promise<ClientProcess> {
    const client = await ClientProcess.start(within);
    clients.push(client);
    await client.do('connect', url, { servername: 'localhost', ...options });
    return client;
  }

  async function refused(): Promise<ClientMetrics['refused']> {
    return ((await system.metrics()).clients as ClientMetrics).refused;
  }

  test('tells and asks with its token, and may do with its certificate what its name may', async () => {
    const client = await clientWith({ ca, token: TOKEN });
    await client.call(0, 'tell', 'counter/far', { type: 'add', by: 3 });
    expect(await client.call(0, 'ask', 'counter/far', { type: 'get' })).toBe(3);
    const named = await clientWith({ ca, ...ada });
    expect(await named.call(0, 'ask', 'counter/far', { type: 'get' })).toBe(3);
    await named.call(0, 'tell', 'counter/far', { type: 'add' });
    await until('it is refused', async () => ((await named.do('events')) as unknown[]).length > 0);
    expect(await client.call(0, 'ask', 'counter/far', { type: 'get' })).toBe(3);
  });

  test('does not come in with less, nor to a system whose certificate it does not know', async () => {
    await expect(clientWith({ ca })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(clientWith({ ca, token: 'another' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(clientWith({ ca, ...forged })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(clientWith({ token: TOKEN })).rejects.toMatchObject({ code: 'ACTOR_UNAVAILABLE' });
    await expect(clientWith({ ca, token: TOKEN, servername: 'elsewhere' })).rejects.toMatchObject({
      code: 'ACTOR_UNAVAILABLE',
    });
    expect((await refused()).token).toBe(3);
  });

  test('finds its way back after its cable was pulled for longer than silence may last', async () => {
    const client = await clientWith({ ca, token: TOKEN });
    await client.do('note', 0, 'recorder/cable', 0, 100);
    network?.pull();
    const asked = client
      .call(0, 'ask', 'counter/cable', { type: 'visit' }, { timeoutMs: 60_000 })
      .catch((error) => error);
    await client.do('note', 0, 'recorder/cable', 100, 100);
    expect(await asked).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    await sleep(2_000);
    network?.plug();
    await until('all are handled', async () => (await seenBy('recorder/cable')).length === 200, 30_000);
    expect(await seenBy('recorder/cable')).toEqual(numbers(200));
    expect(await client.call(0, 'ask', 'counter/cable-2', { type: 'visit' })).toBe(1);
  }, 90_000);

  test('that stands still in its TLS handshake is closed in time, and counted', async () => {
    const before = (await refused()).tls;
    const sockets = ['', 'GET / HTTP/1.1\r\n\r\n'].map((said): Socket => {
      const socket = connectSocket(port, address).on('error', () => {});
      socket.write(said);
      return socket.resume();
    });
    const startedAt = performance.now();
    await Promise.all(sockets.map((socket) => once(socket, 'close')));
    expect(performance.now() - startedAt).toBeLessThan(HANDSHAKE_MS + 1_500);
    expect(performance.now() - startedAt).toBeGreaterThan(HANDSHAKE_MS - 50);
    await until('both are counted', async () => (await refused()).tls === before + 2);
  });

  async function seenBy(id: string): Promise<number[]> {
    return ((await system.ask(id, { type: 'seen' })) as Record<string, number[]>)['client-0'] ?? [];
  }
});
