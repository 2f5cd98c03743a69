/** Clients: from another process, over real sockets, while workers die, connections are cut and nobody reads. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { createSystem, type System } from 'troupe';
import { connect } from 'troupe/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Certificate, certificates, ClientProcess, CuttableWay, greeting, HAS_OPENSSL } from './client-process.ts';
import {
  ACTORS,
  collectDeadLetters,
  faultOf,
  idOn,
  kill,
  numbers,
  openDiary,
  removeDiaries,
  sleep,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
  untilInTurn,
  whenAllReady,
  whenReady,
} from './harness.ts';
import { freePort } from '../free-port.ts';

const TOKEN = 'the-token-of-counters';
let system: System;
let port: number;
let guarded: number;
let folder: string;
let socket: string;
const clients: ClientProcess[] = [];
const ways: CuttableWay[] = [];
const servers: ChildProcess[] = [];

beforeAll(async () => {
  [port, guarded] = [await freePort(), await freePort()];
  folder = mkdtempSync(join(tmpdir(), 'troupe-clients-'));
  socket = join(folder, 'clients', 'c.sock');
  const may = ['tell', 'ask', 'subscribe'] as const;
  system = await startSystem({
    supervision: TIRELESS,
    listen: [
      { url: `unix:${socket}` },
      { url: `tcp://127.0.0.1:${port}` },
      { url: `tcp://127.0.0.1:${guarded}`, clients: [{ token: TOKEN, kinds: ['count*'], may }], handshakeMs: 300 },
    ],
  });
});

afterEach(() => {
  for (const client of clients.splice(0)) client.end();
  for (const way of ways.splice(0)) way.close();
  for (const server of servers.splice(0)) server.kill('SIGKILL');
  removeDiaries();
});

afterAll(async () => {
  await stopSystems();
  rmSync(folder, { recursive: true, force: true });
});

async function clientAt(url: string, options: object = {}, count = 1): Promise<ClientProcess> {
  const client = await ClientProcess.start();
  clients.push(client);
  await client.do('connect', url, options, count);
  return client;
}

/** A client behind a way that can be cut. */
async function cuttable(): Promise<{ client: ClientProcess; way: CuttableWay }> {
  const way = await CuttableWay.to(port);
  ways.push(way);
  return { client: await clientAt(`tcp://127.0.0.1:${way.port}`), way };
}

async function seenBy(id: string, from: string): Promise<number[]> {
  return ((await system.ask(id, { type: 'seen' })) as Record<string, number[]>)[from] ?? [];
}

describe('a client over a unix socket', () => {
  test('tells, asks, publishes, listens and watches; its socket file is for its user alone', async () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const client = await clientAt(`unix:${socket}`);
    await client.call(0, 'tell', 'counter/unix', { type: 'add', by: 2 });
    expect(await client.call(0, 'ask', 'counter/unix', { type: 'visit' })).toBe(3);
    expect(await client.call(0, 'where', 'counter/unix')).toMatchObject({ active: true });
    await client.do('subscribe', 0, 'news');
    system.publish('news', { type: 'n', n: 1 });
    await client.call(0, 'publish', 'news', { type: 'n', n: 2 });
    await client.do('watch', 0, 'counter/unix');
    await client.call(0, 'ask', 'counter/unix', { type: 'get' });
    await system.stop('counter/unix');
    const heard: unknown[] = [];
    await until('all is heard', async () => heard.push(...(await client.do<unknown[]>('heard'))) >= 3);
    expect(heard).toContainEqual({ type: 'n', n: 1 });
    expect(heard).toContainEqual({ type: 'n', n: 2 });
    expect(heard).toContainEqual({ id: 'counter/unix', reason: 'stopped' });
  });

  test('has the errors of actors with their fate', async () => {
    const client = await clientAt(`unix:${socket}`);
    await expect(client.call(0, 'ask', 'counter/e', { type: 'boom' })).rejects.toMatchObject({
      ...{ code: 'HANDLER_FAILED', fate: 'executed' },
    });
    await expect(
      client.call(0, 'ask', 'counter/e', { type: 'sleep', ms: 300 }, { timeoutMs: 50 }),
    ).rejects.toMatchObject({
      ...{ code: 'ASK_TIMEOUT', fate: 'unknown' },
    });
    await expect(client.call(0, 'ask', 'nobody/e', { type: 'get' })).rejects.toMatchObject({ code: 'UNKNOWN_KIND' });
  });
});

describe('what a client tells', () => {
  test('is handled in order and once, though its connection is cut again and again', async () => {
    const { client, way } = await cuttable();
    await system.ask('recorder/cut', { type: 'join', topic: 'cut' });
    const told = client.do('mixed', 0, 'recorder/cut', 'cut', 0, 1_000);
    let cuts = 0;
    const isTold = told.then(() => true);
    while (!(await Promise.race([isTold, sleep(80)]))) {
      cuts += way.connections > 0 ? 1 : 0;
      way.cut();
    }
    expect(cuts).toBeGreaterThan(2);
    await client.call(0, 'tell', 'recorder/cut', { type: 'note', n: 1_000, from: 'mixed' });
    await until('the last one is handled', async () => (await seenBy('recorder/cut', 'mixed')).at(-1) === 1_000);
    const seen = await seenBy('recorder/cut', 'mixed');
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    // An ask that was under way as its connection was cut is not repeated; all else is there.
    const missing = numbers(1_001).filter((n) => !seen.includes(n));
    expect(missing.filter((n) => n % 10 !== 9)).toEqual([]);
    expect(await client.do('events')).toContainEqual(expect.objectContaining({ name: 'connected', isAgain: true }));
  });

  test('waits while it is not connected, and goes out then', async () => {
    const { client, way } = await cuttable();
    way.shut();
    await until('it has noticed', async () => (await client.do<unknown[]>('events')).length > 0);
    await client.do('note', 0, 'recorder/later', 0, 100);
    const asked = client.call(0, 'ask', 'counter/later', { type: 'visit' });
    await sleep(300);
    expect(await seenBy('recorder/later', 'client-0')).toEqual([]);
    way.open();
    // An ask that was never written is none whose fate nobody knows: it waits for the next connection.
    expect(await asked).toBe(1);
    await until('all are handled', async () => (await seenBy('recorder/later', 'client-0')).length === 100);
    expect(await seenBy('recorder/later', 'client-0')).toEqual(numbers(100));
  });

  test('overruns no small mailbox', async () => {
    const letters = collectDeadLetters(system);
    const client = await clientAt(`unix:${socket}`);
    await client.do('note', 0, 'narrow/small', 0, 2_000);
    await until('all are handled', async () => (await system.ask('narrow/small', { type: 'seen' })).length === 2_000);
    expect(letters.filter(({ to }) => to === 'narrow/small')).toEqual([]);
  });
});

describe('an ask of a client', () => {
  test('has the fate unknown at once where its connection is cut, and the next ones are answered', async () => {
    const { client, way } = await cuttable();
    const asked = client.call(0, 'ask', 'counter/cut', { type: 'sleep', ms: 8_000 }).catch((error) => error);
    await untilInTurn(system, 'counter/cut', 'sleep');
    way.cut();
    expect(await asked).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    expect(await client.call(0, 'ask', 'counter/cut-2', { type: 'visit' })).toBe(1);
  });

  test('settles truly while workers are killed under it', async () => {
    const client = await clientAt(`unix:${socket}`);
    const ids = [await idOn(system, 'counter', 1, 'kill'), await idOn(system, 'counter', 2, 'kill')];
    const asked = client.do<{ id: string; value?: number; code?: string; fate?: string; ms: number }[]>(
      ...(['askFor', 0, ids, 2_500] as const),
    );
    for (let round = 0; round < 3; round++) {
      await sleep(600);
      await whenReady(system, 1 + (round % 2));
      kill(system, 1 + (round % 2));
    }
    const outcomes = await asked;
    await whenAllReady(system);
    const failed = outcomes.filter(({ value }) => value === undefined);
    expect(outcomes.length - failed.length).toBeGreaterThan(10);
    for (const outcome of failed) expect(outcome).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(8_000);
    // The client was not cut: the process that serves it is the master.
    expect((await client.do<{ name: string }[]>('events')).filter(({ name }) => name === 'disconnected')).toEqual([]);
  }, 60_000);
});

describe('a system that is killed and started again', () => {
  async function serve(url: string): Promise<ChildProcess> {
    const server = fork(fileURLToPath(new URL('./programs/serve-clients.mjs', import.meta.url)), [url]);
    servers.push(server);
    await once(server, 'message');
    return server;
  }

  test('has its clients again: what was asked has failed truly, what was told meanwhile is handled', async () => {
    const url = `unix:${join(folder, 'again.sock')}`;
    const server = await serve(url);
    const client = await clientAt(url);
    expect(await client.call(0, 'ask', 'counter/again', { type: 'visit' })).toBe(1);
    const diary = openDiary();
    const slow = `diarist/${diary.path}?again`;
    const asked = client.call(0, 'ask', slow, { type: 'slowly', n: 1, ms: 20_000 }).catch((error) => error);
    await until('it has come there', () => diary.lines().length > 0);
    server.kill('SIGKILL');
    expect(await asked).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    await client.do('note', 0, 'recorder/again', 0, 500);
    // The file of the dead one is still there.
    await serve(url);
    await until('all are handled', async () => {
      const seen = await client.call<Record<string, number[]>>(0, 'ask', 'recorder/again', { type: 'seen' });
      return seen['client-0']?.length === 500;
    });
    const seen = await client.call<Record<string, number[]>>(0, 'ask', 'recorder/again', { type: 'seen' });
    expect(seen['client-0']).toEqual(numbers(500));
    expect(await client.call(0, 'ask', 'counter/again', { type: 'visit' })).toBe(1);
  }, 60_000);

  test('listens where nobody does, and nowhere else', async () => {
    const listen = [{ url: `unix:${socket}` }];
    const fault = await faultOf(createSystem({ actors: ACTORS, workers: 1, log: 'silent', listen }));
    expect(fault).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('another process that listens'),
    });
  });
});

describe('what a client listens to', () => {
  test('comes back after a cut, and gap says what may be missing', async () => {
    const { client, way } = await cuttable();
    await client.do('subscribe', 0, 'gaps');
    await system.ask('counter/watched-2', { type: 'visit' });
    await client.do('watch', 0, 'counter/watched-2');
    way.cut();
    const events: { name: string }[] = [];
    await until('the gap is told', async () => {
      events.push(...(await client.do<{ name: string }[]>('events')));
      return events.some(({ name }) => name === 'gap');
    });
    expect(events.find(({ name }) => name === 'gap')).toMatchObject({
      ...{ topics: ['gaps'], watches: ['counter/watched-2'], repeated: 0 },
    });
    await system.stop('counter/watched-2');
    const heard: unknown[] = [];
    await until('all is heard again', async () => {
      system.publish('gaps', { type: 'n', n: 1 });
      heard.push(...(await client.do<unknown[]>('heard')));
      return heard.some((one) => (one as { n?: number }).n === 1) && heard.some((one) => (one as { id?: string }).id);
    });
    expect(heard).toContainEqual({ id: 'counter/watched-2', reason: 'stopped' });
  });

  test('is cut off where nobody reads it, with the reason, and others go on', async () => {
    const client = await clientAt(`unix:${socket}`);
    const other = await clientAt(`unix:${socket}`);
    await client.do('subscribe', 0, 'flood');
    await other.do('subscribe', 0, 'flood');
    client.child.kill('SIGSTOP');
    const text = 'x'.repeat(200_000);
    let heard = 0;
    // As fast as the one that reads can take it: 40 MB in all.
    for (let round = 1; round <= 20; round++) {
      for (let n = 0; n < 10; n++) system.publish('flood', { type: 'n', n, text });
      await until('the other one has heard all', async () => {
        heard += (await other.do<unknown[]>('heard')).length;
        return heard === round * 10;
      });
    }
    expect(await other.do('events')).toEqual([]);
    expect(await other.call(0, 'ask', 'counter/other', { type: 'visit' })).toBe(1);
    client.child.kill('SIGCONT');
    const events: { name: string; reason?: string }[] = [];
    await until('it is told why', async () => {
      events.push(...(await client.do<{ name: string }[]>('events')));
      return events.some(({ name }) => name === 'gap');
    });
    expect(events.find(({ name }) => name === 'gap')).toMatchObject({
      ...{ topics: ['flood'], reason: expect.stringContaining('the client did not read') },
    });
  }, 60_000);
});

describe('rights', () => {
  test('are looked at before any mailbox', async () => {
    const letters = collectDeadLetters(system);
    const client = await clientAt(`tcp://127.0.0.1:${guarded}`, { token: TOKEN });
    expect(await client.call(0, 'ask', 'counter/rights', { type: 'visit' })).toBe(1);
    const asked = client.call(0, 'ask', 'recorder/rights', { type: 'seen' });
    await expect(asked).rejects.toMatchObject({ code: 'FORBIDDEN', fate: 'not-executed' });
    await expect(client.call(0, 'where', 'counter/rights')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await client.call(0, 'tell', 'recorder/rights', { type: 'note', n: 1 });
    await client.call(0, 'publish', 'rights', { type: 'n' });
    const events: unknown[] = [];
    await until('it is told', async () => events.push(...(await client.do<unknown[]>('events'))) >= 2);
    for (const event of events) expect(event).toMatchObject({ name: 'refused', error: { code: 'FORBIDDEN' } });
    await until('they are dead letters', () => letters.length >= 2);
    expect(letters.map(({ reason }) => reason)).toEqual(['FORBIDDEN', 'FORBIDDEN']);
    expect(await system.where('recorder/rights')).toMatchObject({ active: false });
  });

  test('a wrong token, a wrong version, other bytes and silence do not come in', async () => {
    const url = `tcp://127.0.0.1:${guarded}`;
    expect(await faultOf(connect(url, { token: 'another' }))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await faultOf(connect(url))).toMatchObject({ code: 'FORBIDDEN' });
    const answers: string[] = [];
    for (const said of [greeting({ troupe: 'client', version: 99 }), 'GET / HTTP/1.1\r\n\r\n', '', undefined]) {
      const raw = connectSocket(guarded, '127.0.0.1');
      raw.on('error', () => {});
      let answer = '';
      raw.on('data', (data) => (answer += data));
      if (said !== undefined) raw.end(said);
      await once(raw, 'close');
      answers.push(answer);
    }
    expect(answers[0]).toContain('version 1; got 99');
    expect(answers.slice(1)).toEqual(['', '', '']);
  });
});

describe.skipIf(!HAS_OPENSSL)('a client over TLS', () => {
  let ca: string;
  let server: Certificate;
  let other: ReturnType<typeof certificates>;
  let ada: Certificate;
  let url: string;

  beforeAll(async () => {
    const made = certificates('localhost', 'ada', 'bob');
    other = certificates('ada');
    ca = made.ca;
    [server, ada] = made.signed as [Certificate, Certificate];
    const at = await freePort();
    url = `tls://127.0.0.1:${at}`;
    const secure = await createSystem({
      ...{ actors: ACTORS, workers: 1, log: 'silent', name: 'secure' },
      listen: [{ url, ...server, ca, clients: [{ token: TOKEN }, { cn: 'ada', may: ['ask'] }] }],
    });
    return () => secure.shutdown();
  });

  test('comes in with a token, or with a certificate by its common name', async () => {
    const client = await clientAt(url, { ca, token: TOKEN });
    await client.call(0, 'tell', 'counter/tls', { type: 'add', by: 3 });
    expect(await client.call(0, 'ask', 'counter/tls', { type: 'get' })).toBe(3);
    const named = await clientAt(url, { ca, ...ada });
    expect(await named.call(0, 'ask', 'counter/tls', { type: 'get' })).toBe(3);
    await named.call(0, 'tell', 'counter/tls', { type: 'add' });
    await until('it is refused', async () => ((await named.do('events')) as unknown[]).length > 0);
  });

  test('speaks TLS 1.3, and does not come in with less or as somebody else', async () => {
    expect(await faultOf(connect(url, { ca }))).toMatchObject({ code: 'FORBIDDEN' });
    const forged = other.signed[0] as Certificate;
    expect(await faultOf(connect(url, { ca, ...forged }))).toMatchObject({ code: 'FORBIDDEN' });
    expect(await faultOf(connect(url, { token: TOKEN }))).toMatchObject({ code: 'ACTOR_UNAVAILABLE' });
    const old = connectTls({ host: '127.0.0.1', port: Number(new URL(url).port), ca, maxVersion: 'TLSv1.2' });
    const [error] = (await once(old, 'error')) as [Error];
    expect(error.message).toMatch(/version/i);
  });
});
