/** Many clients at once, and those who mean no good: over real sockets, with the bounds themselves. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientMetrics, Log, System } from 'troupe';
import { connect } from 'troupe/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CLIENTS_MAX } from '../../src/gateway/client-listener.ts';
import { SESSIONS_KEPT_MAX } from '../../src/gateway/gateway.ts';
import { REFUSALS_MAX, REFUSALS_PERIOD_MS } from '../../src/observe/strangers.ts';
import { ClientProcess, CuttableWay, greeting } from './client-process.ts';
import { faultOf, numbers, sleep, startSystem, stopSystems, TIRELESS, until, whenAllReady } from './harness.ts';
import { freePort } from '../free-port.ts';

let folder: string;
const clients: ClientProcess[] = [];
const sockets: Socket[] = [];
const servers: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-many-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.kill('SIGKILL');
});

afterAll(async () => {
  await stopSystems();
  rmSync(folder, { recursive: true, force: true });
});

async function clientsAt(url: string, count: number): Promise<ClientProcess> {
  const client = await ClientProcess.start();
  clients.push(client);
  await client.do('connect', url, {}, count);
  return client;
}

async function countsOf(system: System): Promise<ClientMetrics> {
  return (await system.metrics()).clients as ClientMetrics;
}

describe('two thousand clients at once', () => {
  let system: System;
  let url: string;

  beforeAll(async () => {
    url = `unix:${join(folder, 'many.sock')}`;
    // Two thousand greetings at once wait for each other.
    system = await startSystem({ supervision: TIRELESS, listen: [{ url, handshakeMs: 60_000 }] });
  });

  test('are all served, and one that does not read is cut and harms none of them', async () => {
    const many = await clientsAt(url, 2_000);
    const replies = await many.do<number[]>('askAll', 'counter/many', { type: 'visit' });
    expect(replies.sort((a, b) => a - b)).toEqual(numbers(2_000, 1));
    expect(await countsOf(system)).toMatchObject({ connected: 2_000, sessions: 2_000, accepted: 2_000 });

    await many.do('subscribeAll', 'crowd');
    system.publish('crowd', { type: 'n' });
    const heard: { client: number }[] = [];
    await until('each has heard it', async () => {
      heard.push(...(await many.do<{ client: number }[]>('heard')));
      return heard.length >= 2_000;
    });
    expect(new Set(heard.map(({ client }) => client)).size).toBe(2_000);
    expect(heard).toHaveLength(2_000);

    const mute = await clientsAt(url, 1);
    await mute.do('subscribe', 0, 'flood');
    mute.child.kill('SIGSTOP');
    const text = 'x'.repeat(200_000);
    const asking = many.do<{ answered: number; faults: unknown[]; longestMs: number }>(
      ...(['askAllFor', 'counter/many', { type: 'visit' }, 3_000] as const),
    );
    for (let n = 0; n < 200; n++) {
      system.publish('flood', { type: 'n', n, text });
      await sleep(10);
    }
    const { answered, faults, longestMs } = await asking;
    expect(faults).toEqual([]);
    expect(answered).toBeGreaterThan(2_000);
    expect(longestMs).toBeLessThan(5_000);
    await until('it is cut', async () => (await countsOf(system)).cut === 1);
    mute.child.kill('SIGCONT');
    const events: { name: string; reason?: string }[] = [];
    await until('it is told why', async () => {
      events.push(...(await mute.do<{ name: string }[]>('events')));
      return events.some(({ name }) => name === 'gap');
    });
    expect(events.find(({ name }) => name === 'gap')?.reason).toContain('the client did not read');
    expect(await many.do('events')).toEqual([]);
  }, 120_000);
});

test('a client that comes while the kernel keeps as many as it may for a busy system waits for its turn', async () => {
  const path = join(folder, 'busy.sock');
  const server = fork(fileURLToPath(new URL('./programs/serve-clients.mjs', import.meta.url)), [`unix:${path}`]);
  servers.push(server);
  await once(server, 'message');
  server.kill('SIGSTOP');
  const holder = await ClientProcess.start();
  clients.push(holder);
  await expect(holder.do('hold', path, 10_000)).rejects.toMatchObject({ message: expect.stringContaining('EAGAIN') });
  const connecting = connect(`unix:${path}`);
  await sleep(300);
  server.kill('SIGCONT');
  const client = await connecting;
  expect(await client.ask('counter/a', { type: 'visit' })).toBe(1);
  await client.close();
}, 60_000);

describe('a reload of the server', () => {
  test('loses nothing of what its clients tell and ask meanwhile, and keeps the order', async () => {
    const url = `unix:${join(folder, 'reload.sock')}`;
    const system = await startSystem({ supervision: TIRELESS, listen: [{ url }] });
    const one = await clientsAt(url, 2);
    const told = one.do('note', 0, 'recorder/reload', 0, 30_000);
    const asked = one.do<{ value?: number }[]>('askFor', 1, ['counter/r-1', 'counter/r-2', 'counter/r-3'], 4_000);
    for (let round = 0; round < 2; round++) {
      await sleep(200);
      await system.reload();
      await whenAllReady(system);
    }
    await told;
    const outcomes = await asked;
    expect(outcomes.filter(({ value }) => value === undefined)).toEqual([]);
    // Each counter was moved with its count, and no ask was handled twice.
    for (const id of ['counter/r-1', 'counter/r-2', 'counter/r-3']) {
      const counts = outcomes.flatMap((outcome) => ((outcome as { id?: string }).id === id ? [outcome.value] : []));
      expect(counts).toEqual(numbers(counts.length, 1));
    }
    await until('all are handled', async () => {
      const { 'client-0': seen = [] } = (await system.ask('recorder/reload', { type: 'seen' })) as Record<
        string,
        number[]
      >;
      return seen.length >= 30_000;
    });
    const seen = (await system.ask('recorder/reload', { type: 'seen' })) as Record<string, number[]>;
    expect(seen['client-0']).toEqual(numbers(30_000));
    expect(await one.do('events')).toEqual([]);
  }, 120_000);
});

describe('a connection that stalls', () => {
  test('counts as gone at both ends; asks fail, and what was told comes by the next one, once and in order', async () => {
    const port = await freePort();
    const system = await startSystem({ listen: [{ url: `tcp://127.0.0.1:${port}` }] });
    const way = await CuttableWay.to(port);
    const client = await clientsAt(`tcp://127.0.0.1:${way.port}`, 1);
    await client.do('note', 0, 'recorder/stall', 0, 100);
    way.stall();
    const asked = client
      .call(0, 'ask', 'counter/stall', { type: 'visit' }, { timeoutMs: 60_000 })
      .catch((error) => error);
    await client.do('note', 0, 'recorder/stall', 100, 100);
    expect(await asked).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    await until('all are handled', async () => {
      const seen = (await system.ask('recorder/stall', { type: 'seen' })) as Record<string, number[]>;
      return seen['client-0']?.length === 200;
    });
    const seen = (await system.ask('recorder/stall', { type: 'seen' })) as Record<string, number[]>;
    expect(seen['client-0']).toEqual(numbers(200));
    await until('the system has cut it, too', async () => (await countsOf(system)).connected === 1);
    way.close();
  }, 60_000);
});

describe('those who mean no good', () => {
  let system: System;
  let port: number;
  let lines: { at: number; counts?: object }[];
  const HANDSHAKE_MS = 300;

  beforeEach(async () => {
    port = await freePort();
    const told: typeof lines = [];
    lines = told;
    const none = (): void => {};
    const log: Log = {
      ...{ debug: none, info: none, error: none, child: () => log },
      warn: (fields, text) =>
        void (text.includes('not let in') && told.push({ at: Date.now(), ...(fields as object) })),
    };
    const listen = [
      { url: `tcp://127.0.0.1:${port}`, clients: [{ token: 'right' }], handshakeMs: HANDSHAKE_MS },
      { url: `unix:${join(folder, `${port}.sock`)}`, handshakeMs: 60_000 },
    ];
    system = await startSystem({ workers: 1, log, listen });
  });

  afterEach(() => stopSystems());

  function open(): Socket {
    const socket = connectSocket(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    return socket;
  }

  /** Milliseconds until the other end has closed it. */
  async function closedAfter(socket: Socket): Promise<number> {
    await once(socket, 'connect');
    const startedAt = performance.now();
    socket.resume();
    // A byte that is on its way as it is closed ends it with ECONNRESET here, which is an end as well.
    await new Promise((resolve) => socket.once('close', resolve));
    return performance.now() - startedAt;
  }

  test('are closed within handshakeMs, though they send a byte now and then', async () => {
    const hello = greeting({ troupe: 'client', version: 1, token: 'right', session: 'x'.repeat(32), now: 1 });
    const slow = open();
    let at = 0;
    const timer = setInterval(() => slow.write(hello.subarray(at, ++at)), 20);
    const half = open();
    half.write(hello.subarray(0, 50));
    const silent = open();
    const times = await Promise.all([slow, half, silent].map(closedAfter));
    clearInterval(timer);
    expect(Math.min(...times)).toBeGreaterThan(HANDSHAKE_MS - 50);
    expect(Math.max(...times)).toBeLessThan(HANDSHAKE_MS + 1_000);
    expect((await countsOf(system)).refused).toMatchObject({ silence: 3 });
  });

  test('are counted, shut out for a while with their address, and make a line of log a second at most', async () => {
    const startedAt = Date.now();
    let opened = 0;
    while (Date.now() - startedAt < 3_500) {
      const socket = open();
      opened++;
      socket.end('GET / HTTP/1.1\r\n\r\n');
      await once(socket, 'close');
    }
    const { refused } = await countsOf(system);
    expect(refused.bytes).toBe(REFUSALS_MAX);
    expect(refused.rate).toBe(opened - REFUSALS_MAX);
    const seconds = (Date.now() - startedAt) / 1_000;
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.length).toBeLessThanOrEqual(seconds + 1);
    // The right token does not help, as long as others at that address go on; another way in is open.
    expect(await faultOf(connect(`tcp://127.0.0.1:${port}`, { token: 'right' }))).toMatchObject({
      code: 'ACTOR_UNAVAILABLE',
    });
    const other = await clientsAt(`unix:${join(folder, `${port}.sock`)}`, 1);
    expect(await other.call(0, 'ask', 'counter/a', { type: 'visit' })).toBe(1);
    await sleep(REFUSALS_PERIOD_MS - (Date.now() - startedAt) + 500);
    await (await connect(`tcp://127.0.0.1:${port}`, { token: 'right' })).close();
  }, 60_000);

  const canOpenMany =
    Number(execFileSync('sh', ['-c', 'ulimit -Hn']).toString().replace('unlimited', 'Infinity')) > 11_000;

  test.skipIf(!canOpenMany)(
    'find no room beyond the most connections there may be, and others do once they are gone',
    async () => {
      const path = join(folder, `${port}.sock`);
      const holder = await ClientProcess.start();
      clients.push(holder);
      // In portions that the kernel keeps, however busy this process is.
      for (let n = 0; n < CLIENTS_MAX; n += 1_000) await holder.do('hold', path, 1_000);
      await until('all are there', async () => (await holder.do('held')) === CLIENTS_MAX);
      expect(await faultOf(connect(`unix:${path}`))).toMatchObject({ code: 'ACTOR_UNAVAILABLE' });
      expect((await countsOf(system)).refused.full).toBeGreaterThan(0);
      holder.end();
      const client = await sooner(() => connect(`unix:${path}`));
      expect(await client.ask('counter/a', { type: 'visit' })).toBe(1);
      await client.close();
    },
    120_000,
  );

  test('make the system forget the session that ended first, beyond the most that it remembers', async () => {
    const path = join(folder, `${port}.sock`);
    for (let n = 1; n <= SESSIONS_KEPT_MAX; n += 100)
      await Promise.all(Array.from({ length: 100 }, (_, more) => greeted(path, n + more)));
    const { sessions, accepted } = await countsOf(system);
    expect(accepted).toBe(SESSIONS_KEPT_MAX);
    expect(sessions).toBe(SESSIONS_KEPT_MAX);
    const client = await connect(`unix:${path}`);
    expect(await countsOf(system)).toMatchObject({ sessions: SESSIONS_KEPT_MAX, connected: 1 });
    expect(await client.ask('counter/a', { type: 'visit' })).toBe(1);
    await client.close();
  }, 180_000);
});

async function sooner<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 0; n < 100; n++) {
    try {
      return await attempt();
    } catch {
      await sleep(100);
    }
  }
  throw new Error('it was to succeed within 10 s');
}

/** A session that greets and goes. */
async function greeted(path: string, n: number): Promise<{ acknowledged: number }> {
  const socket = connectSocket(path);
  socket.write(greeting({ troupe: 'client', version: 1, session: String(n).padStart(32, '0'), now: 1 }));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
  return JSON.parse(answer.subarray(4, 4 + answer.readUInt32LE(0)).toString()) as { acknowledged: number };
}
