/** The control socket: how tools of the same user find a system, and what is left of it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSystem, defineActor, type Log } from 'troupe';
import { type Client, connect } from 'troupe/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faultOf, sleep, until } from './harness.ts';
import { freePort } from '../free-port.ts';

const PROGRAM = fileURLToPath(new URL('./programs/serve-control.mjs', import.meta.url));
const ACTOR = { counter: defineActor({ receive: { visit: () => 1 } }) };
let folder: string;
let dataDir: string;
const children: ChildProcess[] = [];
const clients: Client[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-'));
  dataDir = join(folder, 'data');
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close({ timeoutMs: 0 })));
  for (const child of children.splice(0)) child.kill('SIGKILL');
  delete process.env.TROUPE_DATA_DIR;
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: object, cwd = folder): Promise<{ child: ChildProcess; answer: unknown }> {
  const child = fork(PROGRAM, [JSON.stringify({ workers: 0, dataDir, ...options })], { cwd });
  children.push(child);
  const [answer] = await once(child, 'message');
  return { child, answer };
}

async function end(child: ChildProcess): Promise<void> {
  child.send('end');
  await once(child, 'exit');
}

async function connected(options: object = { dataDir }): Promise<Client> {
  const client = await connect(options);
  clients.push(client);
  return client;
}

function socketsIn(place = dataDir): string[] {
  return existsSync(join(place, 'control')) ? readdirSync(join(place, 'control')) : [];
}

describe('a system', () => {
  test.each([0, 1])('with %i workers is found by its dataDir, and leaves nothing behind', async (workers) => {
    const { child } = await start({ workers });
    const client = await connected();
    expect(await client.ask('counter/a', { type: 'visit' })).toBe(1);
    expect(await client.where('counter/a')).toMatchObject({ active: true });
    const [name = ''] = socketsIn();
    expect(statSync(join(dataDir, 'control')).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, 'control', name)).mode & 0o777).toBe(0o600);
    await end(child);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is found in the working folder, and by TROUPE_DATA_DIR, where nothing else is said', async () => {
    await start({ dataDir: join(folder, '.troupe') });
    const program = "const { connect } = await import('troupe/client'); const c = await connect(); ";
    const asking = `${program}console.log(await c.ask('counter/a', { type: 'visit' })); await c.close();`;
    const run = async (cwd: string, env: object): Promise<string> => {
      const module = join(import.meta.dirname, 'ask-default.mjs');
      writeFileSync(module, asking);
      try {
        const child = fork(module, { cwd, env: { ...process.env, ...env }, silent: true });
        let text = '';
        child.stdout?.on('data', (data) => (text += data));
        child.stderr?.on('data', (data) => (text += data));
        await once(child, 'close');
        return text;
      } finally {
        rmSync(module);
      }
    };
    expect(await run(folder, {})).toBe('1\n');
    expect(await run(tmpdir(), { TROUPE_DATA_DIR: join(folder, '.troupe') })).toBe('2\n');
    const lost = await run(tmpdir(), {});
    expect(lost).toContain('ACTOR_UNAVAILABLE');
    expect(lost).toContain(join(tmpdir(), '.troupe', 'control'));
    expect(lost).toContain('connect({ dataDir })');
  });

  test('that is killed leaves a socket that nobody takes for one of a system, and the next start removes', async () => {
    const { child } = await start({});
    const client = await connected();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const left = socketsIn();
    expect(left).toHaveLength(1);
    expect(await faultOf(connect({ dataDir }))).toMatchObject({
      ...{ code: 'ACTOR_UNAVAILABLE', message: expect.stringContaining(`at no socket in ${dataDir}/control`) },
    });
    // One that is young may be of a system that is about to listen.
    await sleep(1_100);
    await start({});
    expect(socketsIn()).toHaveLength(1);
    expect(socketsIn()).not.toEqual(left);
    // A client that had found the first one finds the next one, though its socket has another name.
    expect(await client.ask('counter/b', { type: 'visit' })).toBe(1);
  });

  test('beside another one on the same folder takes nothing from it, and each is found by its name', async () => {
    const { child } = await start({ name: 'one' });
    const client = await connected();
    const other = await start({ name: 'two' });
    await sleep(1_100);
    const third = await start({ name: 'three' });
    expect(socketsIn()).toHaveLength(3);
    const fault = await faultOf(connect({ dataDir }));
    expect(fault.message).toContain(`3 systems run with the dataDir ${dataDir}`);
    expect(fault.message).toContain("'two'");
    const two = await connected({ dataDir, system: 'two' });
    expect(await two.ask('counter/a', { type: 'visit' })).toBe(1);
    expect(await faultOf(connect({ dataDir, system: 'four' }))).toMatchObject({
      message: expect.stringContaining("no system 'four' was found"),
    });
    await end(other.child);
    await end(third.child);
    expect(await client.ask('counter/a', { type: 'visit' })).toBe(1);
    expect(socketsIn()).toHaveLength(1);
    await end(child);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('in a folder whose path is too long for a socket is found all the same', async () => {
    const long = join(folder, 'x'.repeat(200), 'data');
    const { child } = await start({ dataDir: long });
    const client = await connected({ dataDir: long });
    expect(await client.ask('counter/a', { type: 'visit' })).toBe(1);
    await end(child);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that has no such socket is not found', async () => {
    await start({ controlSocket: false });
    expect(existsSync(dataDir)).toBe(false);
    expect(await faultOf(connect({ dataDir }))).toMatchObject({ code: 'ACTOR_UNAVAILABLE' });
  });

  test('that does not start leaves nothing behind', async () => {
    const port = await freePort();
    const listen = [{ url: `tcp://127.0.0.1:${port}` }];
    const first = await start({ listen, dataDir: join(folder, 'first') });
    expect((await start({ listen })).answer).toMatchObject({ code: 'INVALID_OPTIONS' });
    const main = join(folder, 'main.mjs');
    writeFileSync(main, 'export default () => { throw new Error("by the test"); };');
    const { answer } = await start({ workers: 1, main });
    expect(answer).toMatchObject({ message: expect.stringContaining('main() threw') });
    await until('its folder is gone', () => !existsSync(dataDir));
    await end(first.child);
  }, 60_000);

  test('that is ended at once by a second signal leaves nothing behind', async () => {
    const { child } = await start({ workers: 1 });
    const client = await connected();
    // The drain waits for it.
    void client.ask('counter/a', { type: 'sleep', ms: 8_000 }).catch(() => {});
    await sleep(200);
    child.kill('SIGTERM');
    await sleep(600);
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('where the folder cannot be had', () => {
  const options = { actors: ACTOR, workers: 0, signals: false } as const;

  function recording(): { log: Log; warnings: object[] } {
    const warnings: object[] = [];
    const none = (): void => {};
    const log: Log = {
      ...{ debug: none, info: none, error: none, child: () => log },
      warn: (fields, text) => void warnings.push({ ...(fields as object), text }),
    };
    return { log, warnings };
  }

  test('the system starts without it, says so once, and refuses to where it was asked for', async () => {
    writeFileSync(dataDir, 'a file, and no folder');
    const { log, warnings } = recording();
    const system = await createSystem({ ...options, dataDir, log });
    expect(await system.ask('counter/a', { type: 'visit' })).toBe(1);
    expect((await system.metrics()).clients?.connected).toBe(0);
    await system.shutdown();
    expect(warnings).toEqual([expect.objectContaining({ dataDir, text: expect.stringContaining('control socket') })]);
    expect(await faultOf(createSystem({ ...options, dataDir, controlSocket: true }))).toMatchObject({
      ...{ code: 'INVALID_OPTIONS', message: expect.stringContaining(`controlSocket: expected a folder`) },
    });
  });

  test.each([
    ['open to others', () => mkdirSync(join(dataDir, 'control'), { recursive: true, mode: 0o755 })],
    ['a link to another one', () => symlinkSync(folder, join(dataDir, 'control'))],
  ])('since it is %s, nobody listens or looks in it', async (_what, make) => {
    mkdirSync(dataDir);
    make();
    const { log, warnings } = recording();
    const system = await createSystem({ ...options, dataDir, log });
    expect(warnings).toHaveLength(1);
    expect(await faultOf(connect({ dataDir }))).toMatchObject({
      message: expect.stringContaining('is no folder of this user alone'),
    });
    await system.shutdown();
  });
});

test('metrics() count those who come in, those who do not, and what is said', async () => {
  const port = await freePort();
  const listen = [{ url: `tcp://127.0.0.1:${port}`, clients: [{ token: 'right' }] }];
  const system = await createSystem({ actors: ACTOR, workers: 0, signals: false, log: 'silent', dataDir, listen });
  const client = await connected();
  await client.ask('counter/a', { type: 'visit' });
  client.tell('counter/a', { type: 'visit' });
  client.publish('news', { type: 'n' });
  await faultOf(connect(`tcp://127.0.0.1:${port}`, { token: 'wrong' }));
  await client.ask('counter/a', { type: 'visit' });
  const { clients: counts } = await system.metrics();
  expect(counts).toMatchObject({ connected: 1, sessions: 1, accepted: 1, cut: 0, messages: 4 });
  expect(counts?.refused).toMatchObject({ token: 1, version: 0, bytes: 0, silence: 0, rate: 0, full: 0, tls: 0 });
  expect(counts?.bytesRead).toBeGreaterThan(100);
  expect(counts?.bytesWritten).toBeGreaterThan(100);
  const { bytesRead = 0 } = counts ?? {};
  await client.close();
  await until('it is gone', async () => (await system.metrics()).clients?.connected === 0);
  expect((await system.metrics()).clients?.bytesRead).toBeGreaterThanOrEqual(bytesRead);
  await system.shutdown();
});
