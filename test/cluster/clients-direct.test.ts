/** Asks of clients over a unix socket that go to the worker of their actor directly, while that moves, dies and is replaced. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientMetrics, System } from 'troupe';
import { type Client, connect } from 'troupe/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { idOn, kill, startSystem, stopSystems, TIRELESS, until, untilInTurn, whenAllReady } from './harness.ts';

const TOKEN = 'the-token-of-counters';
let system: System;
let folder: string;
const clients: Client[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-direct-'));
  const clients = [{ token: TOKEN, kinds: ['count*'], may: ['ask'] as const }];
  system = await startSystem({
    supervision: TIRELESS,
    listen: [{ url: `unix:${join(folder, 'c.sock')}` }, { url: `unix:${join(folder, 'g.sock')}`, clients }],
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

afterAll(async () => {
  await stopSystems();
  rmSync(folder, { recursive: true, force: true });
});

async function clientAt(file: string, options: object = {}): Promise<Client> {
  const client = await connect(`unix:${join(folder, file)}`, options);
  clients.push(client);
  return client;
}

async function counts(): Promise<ClientMetrics> {
  return (await system.metrics()).clients as ClientMetrics;
}

/** Messages that the serving process has taken of clients. */
async function served(): Promise<number> {
  const { messages, direct } = await counts();
  return messages - direct;
}

/** Asks until none of ten passes the serving process any more. */
async function untilDirect(client: Client, id: string, type = 'get'): Promise<void> {
  await until('asks go directly', async () => {
    for (let n = 0; n < 40; n++) await client.ask(id, { type });
    const before = await served();
    for (let n = 0; n < 10; n++) await client.ask(id, { type });
    return (await served()) === before;
  });
}

test('an actor that answers is asked without the serving process, and no ask is lost or doubled as it moves', async () => {
  const client = await clientAt('c.sock');
  const id = await idOn(system, 'counter', 1);
  await untilDirect(client, id);
  let asked = 0;
  let isOver = false;
  const asking = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await client.ask(id, { type: 'add', by: 1 });
      asked++;
    }
  });
  for (const worker of [2, 1, 2, 1]) {
    await system.move(id, worker);
    await untilDirect(client, id);
  }
  isOver = true;
  await Promise.all(asking);
  expect(await client.ask(id, { type: 'get' })).toBe(asked);
  expect(asked).toBeGreaterThan(100);
});

test('asks at the socket of a worker are counted, each once, and its client as one', async () => {
  const client = await clientAt('c.sock');
  await until('the others have gone', async () => (await counts()).connected === 1);
  const id = await idOn(system, 'counter', 2);
  await untilDirect(client, id);
  const before = await counts();
  for (let n = 0; n < 200; n++) await client.ask(id, { type: 'get' });
  const after = await counts();
  const grown = (name: 'messages' | 'direct' | 'bytesRead' | 'bytesWritten') => after[name] - before[name];
  expect(grown('messages')).toBe(200);
  expect(grown('direct')).toBe(200);
  // An ask has more than 10 bytes on the wire, and so has its reply.
  expect(grown('bytesRead')).toBeGreaterThan(2_000);
  expect(grown('bytesWritten')).toBeGreaterThan(2_000);
  expect(after).toMatchObject({ connected: 1, accepted: before.accepted });
  const { workers } = await system.metrics();
  const ofWorker = workers.find(({ worker }) => worker === 2)?.clients;
  expect(ofWorker).toMatchObject({ connected: 1, sessions: 0 });
  expect(ofWorker?.messages).toBeGreaterThanOrEqual(200);
});

test('what is told stands behind what was asked before, and is asked again after it by either way', async () => {
  const client = await clientAt('c.sock');
  const id = await idOn(system, 'recorder', 2);
  await untilDirect(client, id, 'seen');
  const expected: Record<string, number[]> = { door: [] };
  const asks: Promise<unknown>[] = [];
  for (let n = 0; n < 2_000; n++) {
    expected.door?.push(n);
    const message = { type: 'note', from: 'door', n };
    if (n % 97 === 0) client.tell(id, message);
    else asks.push(client.ask(id, message));
    if (n % 10 === 0) await Promise.all(asks.splice(0));
    if (n % 500 === 250) await system.move(id, n % 1_000 === 250 ? 1 : 2);
  }
  await Promise.all(asks);
  expect(await client.ask(id, { type: 'seen' })).toEqual(expected);
});

test('a worker that dies fails what was asked of it at once, and its next home is found', async () => {
  const client = await clientAt('c.sock');
  const id = await idOn(system, 'counter', 1);
  await untilDirect(client, id);
  const slow = client.ask(id, { type: 'sleep', ms: 8_000 });
  await untilInTurn(system, id, 'sleep');
  const startedAt = performance.now();
  kill(system, 1);
  await expect(slow).rejects.toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  // The serving process may not have heard of the death yet.
  await until('its next home answers', () =>
    client.ask(id, { type: 'get' }).then(
      () => true,
      () => false,
    ),
  );
  await whenAllReady(system);
  await untilDirect(client, id);
});

test('a worker that is replaced gives its answers first', async () => {
  const client = await clientAt('c.sock');
  await whenAllReady(system);
  const id = await idOn(system, 'counter', 1);
  await untilDirect(client, id);
  const slow = client.ask(id, { type: 'sleep', ms: 700 });
  const { worker } = await system.where(id);
  await system.restartWorker(worker);
  await slow;
  expect(await client.ask(id, { type: 'get' })).toEqual(expect.any(Number));
});

test('a client that may ask some kinds may ask no others there, and nobody comes in without a ticket', async () => {
  const client = await clientAt('g.sock', { token: TOKEN });
  const id = await idOn(system, 'counter', 1);
  await untilDirect(client, id);
  await expect(client.ask('recorder/a', { type: 'seen' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const doors = readdirSync(tmpdir())
    .filter((name) => name.startsWith(`troupe-${process.pid}-`))
    .flatMap((name) => readdirSync(join(tmpdir(), name)).map((file) => join(tmpdir(), name, file)))
    .filter((path) => /\/c\d+\.\d+\.sock$/.test(path));
  expect(doors.length).toBeGreaterThanOrEqual(2);
  for (const token of ['made.up', undefined]) {
    const options = { connectMs: 500, ...(token !== undefined && { token }) };
    await expect(connect(`unix:${doors[0]}`, options)).rejects.toMatchObject({ code: 'ACTOR_UNAVAILABLE' });
  }
});
