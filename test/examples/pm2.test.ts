/** PM2 7, the real one, with the example of examples/deploy: start, new code, stop, what it shows and what it keeps. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, connect } from 'troupe/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childrenOf, isAlive, sleep, until } from '../cluster/harness.ts';
import { WebClients } from '../cluster/web-clients.ts';
import { freePort } from '../free-port.ts';
import { installed } from './install.ts';
import { Pm2 } from './pm2.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Ten of each take two minutes. */
const RELOAD_MS_MAX = 15_000;
const RELOADS = Number(process.env.TROUPE_RELOADS ?? 2);
const RESTARTS = Number(process.env.TROUPE_RELOADS ?? 2);
/** Answers over HTTP, and to a client, that a reload has to stand. */
const LOAD_MIN = 200;

const packages = installed('pm2', 'PM2', 'TROUPE_PM2');
let pm2: Pm2;
let folder: string;
let port: number;

beforeAll(async () => {
  if (packages === undefined) return;
  pm2 = new Pm2(packages);
  folder = mkdtempSync(join(tmpdir(), 'deployed-'));
  cpSync(join(ROOT, 'examples/deploy'), folder, { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'troupe'));
  writeFileSync(join(folder, 'actors', 'slow.mjs'), SLOW);
  port = await freePort();
});

afterAll(async () => {
  if (packages === undefined) return;
  await pm2.end();
  rmSync(folder, { recursive: true, force: true });
});

/** Notes what it did in a file; and grows where it is told to. */
const SLOW = `import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { defineActor } from 'troupe';
const kept = [];
export default defineActor({
  state: () => ({}),
  onStop: (ctx) => appendFileSync(process.env.DIARY, 'stop ' + ctx.key + '\\n'),
  receive: {
    async note(ctx, { n, ms }) {
      await setTimeout(ms);
      appendFileSync(process.env.DIARY, 'note ' + ctx.key + ' ' + n + '\\n');
    },
    grow: (ctx, { bytes }) => void kept.push(Buffer.alloc(bytes, 1)),
    pid: () => process.pid,
  },
});
`;

/** The ecosystem file of the example, with another name and what this test needs besides. */
async function start(name: string, more: object = {}): Promise<string> {
  const env = {
    PORT: port,
    WORKERS: 2,
    DATA_DIR: join(folder, `data-${name}`),
    DIARY: diary(name),
    CLIENTS: url(name),
  };
  const text = `const { apps: [app] } = require('./ecosystem.config.cjs');
    module.exports = { apps: [{ ...app, name: '${name}', ...${JSON.stringify(more)},
      env: { ...app.env, ...${JSON.stringify(env)}, ...${JSON.stringify((more as { env?: object }).env ?? {})} } }] };`;
  const file = join(folder, `${name}.config.cjs`);
  writeFileSync(file, text);
  return pm2.run('start', file);
}

const diary = (name: string): string => join(folder, `${name}.diary`);
const url = (name: string): string => `unix:${join(folder, `${name}.sock`)}`;
const lines = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];

async function treeOf(name: string): Promise<{ master: number; workers: number[] }> {
  const { pid } = await pm2.process(name);
  return { master: pid, workers: childrenOf(pid) };
}

/** Asks as fast as answers come, until it is over; each count is one more than the last. */
async function visitAsClient(client: Client, load: { asks: number; isOver: boolean }): Promise<void> {
  while (!load.isOver) {
    const { count } = (await client.ask('visits/client', { type: 'visit' })) as { count: number };
    expect(count).toBe(++load.asks);
  }
}

describe.skipIf(packages === undefined)('PM2 in fork mode', () => {
  test('start comes back when the port is open, and the files of its log have the lines of all processes', async () => {
    await start('app');
    const answer = await fetch(`http://127.0.0.1:${port}/?key=first`);
    expect(await answer.json()).toMatchObject({ version: 1, count: 1 });
    const { pm2_env, pid } = await pm2.process('app');
    expect(pm2_env.status).toBe('online');
    expect(childrenOf(pid)).toHaveLength(2);
    await until('the line is written', () =>
      lines(pm2_env.pm_out_log_path).some((line) => line.includes('has started')),
    );
  });

  test(`${RELOADS} times SIGHUP under HTTP and client load: nothing refused, nothing lost, new code`, {
    timeout: 60_000 + RELOADS * RELOAD_MS_MAX,
  }, async () => {
    const before = await treeOf('app');
    const client = await connect(url('app'));
    const load = { asks: 0, isOver: false };
    const asked = visitAsClient(client, load);
    const web = new WebClients(port);
    web.start(2, false);
    web.start(2, true);
    const seen = new Set(before.workers);
    for (let n = 2; n <= RELOADS + 1; n++) {
      const file = join(folder, 'actors', 'visits.mjs');
      writeFileSync(file, readFileSync(file, 'utf8').replace(/version: \d+/, `version: ${n}`));
      await pm2.run('sendSignal', 'SIGHUP', 'app');
      const isNew = (pid: number): boolean => !seen.has(pid);
      await until('both workers are new', () => childrenOf(before.master).filter(isNew).length === 2, 30_000);
      await until('the others are gone', () => childrenOf(before.master).length === 2, 30_000);
      for (const pid of childrenOf(before.master)) seen.add(pid);
    }
    await until('the newest code answers', () => (web.count.versions[RELOADS + 1] ?? 0) > 10);
    // How many fit into the reloads is up to the machine; each is checked, and fewer would not be a load.
    await until('it was a load', () => Math.min(web.count.answers, load.asks) > LOAD_MIN, 30_000);
    load.isOver = true;
    const [count] = await Promise.all([web.stop(), asked]);
    await client.close();
    console.log(
      `${count.answers} answers over HTTP, ${load.asks} to a client, ${seen.size} workers, refused and lost: ${JSON.stringify(count.faults)}`,
    );
    expect(count.faults).toEqual({});
    for (const [key, counts] of count.counts) expect(counts, key).toEqual(counts.map((_, n) => n + 1));
    const { pid, pm2_env } = await pm2.process('app');
    expect([pid, pm2_env.restart_time]).toEqual([before.master, 0]);
  });

  test('what pm2 monit shows is of the whole tree', async () => {
    let shown: Record<string, { value: string }> = {};
    const isWhole = async (): Promise<boolean> => {
      shown = (await pm2.process('app')).pm2_env.axm_monitor;
      return shown.workers?.value === '2 of 2';
    };
    await until('it says so', isWhole, 30_000).catch((error) => {
      throw new Error(`${error.message}; got ${JSON.stringify(shown)}`);
    });
    expect(Number.parseInt(shown['memory of workers']?.value ?? '', 10)).toBeGreaterThan(50);
    expect(Number(shown.actors?.value)).toBeGreaterThan(0);
    expect(await pm2.run('describe', 'app')).toMatch(/memory of workers\s+│ \d+ MB/);
  });

  test('stop handles the mail there is, runs every onStop, ends with 0 and leaves no process', async () => {
    const { master, workers } = await treeOf('app');
    const client = await connect(url('app'));
    for (let n = 0; n < 40; n++) client.tell('slow/a', { type: 'note', n, ms: 50 });
    await client.ask('visits/barrier', { type: 'count' });
    await until('it is at work', () => lines(diary('app')).length > 0);
    await pm2.run('stop', 'app');
    expect([master, ...workers].filter(isAlive)).toEqual([]);
    expect(lines(diary('app'))).toEqual([...Array.from({ length: 40 }, (_, n) => `note a ${n}`), 'stop a']);
    const { pm2_env } = await pm2.process('app');
    expect([pm2_env.status, pm2_env.exit_code]).toEqual(['stopped', 0]);
    await client.close();
  });

  test('a signal to the whole tree, as PM2 sends it by default, drains as well', async () => {
    await start('tree', { treekill: true });
    const { master, workers } = await treeOf('tree');
    const client = await connect(url('tree'));
    for (let n = 0; n < 20; n++) client.tell('slow/b', { type: 'note', n, ms: 50 });
    await until('it is at work', () => lines(diary('tree')).length > 0);
    await pm2.run('stop', 'tree');
    expect([master, ...workers].filter(isAlive)).toEqual([]);
    expect(lines(diary('tree'))).toEqual([...Array.from({ length: 20 }, (_, n) => `note b ${n}`), 'stop b']);
    await client.close();
  });

  test('a worker that grows beyond its limit is replaced alive, which max_memory_restart does not see', async () => {
    await start('grows', { max_memory_restart: '400M', env: { WORKER_MEGABYTES: 300 } });
    const { master, workers } = await treeOf('grows');
    const client = await connect(url('grows'));
    await client.ask('slow/c', { type: 'grow', bytes: 400 * 1024 * 1024 });
    const large = await client.ask('slow/c', { type: 'pid' });
    expect(workers).toContain(large);
    await until('it is replaced', () => !isAlive(large as number), 20_000);
    expect(await client.ask('slow/c', { type: 'pid' })).not.toBe(large);
    await sleep(1_000);
    const { pid, pm2_env } = await pm2.process('grows');
    expect([pid, pm2_env.restart_time]).toEqual([master, 0]);
    await client.close();
    await pm2.run('delete', 'grows');
    expect(isAlive(master)).toBe(false);
  });
});

describe.skipIf(packages === undefined)('pm2 reload', () => {
  /** The two of front.config.cjs, on ports and paths of this test. */
  function write(): string {
    const behind = join(folder, 'behind.sock');
    const of = {
      app: { PORT: behind, WORKERS: 2, DATA_DIR: join(folder, 'data-behind') },
      front: { PORT: port, BEHIND: behind },
    };
    const file = join(folder, 'both.config.cjs');
    const text = `const { apps } = require('./front.config.cjs');
      const of = ${JSON.stringify(of)};
      module.exports = { apps: apps.map((app) => ({ ...app, env: { ...app.env, ...of[app.name] } })) };`;
    writeFileSync(file, text);
    return file;
  }

  test(`${RESTARTS} times behind a front that keeps the port: nothing refused, nothing lost`, {
    timeout: 60_000 + RESTARTS * RELOAD_MS_MAX,
  }, async () => {
    // It fails where there is nothing to delete.
    await pm2.run('delete', 'all').catch(() => {});
    await pm2.run('start', write());
    const web = new WebClients(port);
    web.start(2, false);
    web.start(2, true);
    const masters = new Set<number>();
    for (let n = 0; n < RESTARTS; n++) {
      await sleep(300);
      masters.add((await pm2.process('app')).pid);
      await pm2.run('reload', 'app');
    }
    masters.add((await pm2.process('app')).pid);
    await until('it was a load', () => web.count.answers > LOAD_MIN, 30_000);
    const { answers, faults, counts, sentAgain } = await web.stop();
    console.log(
      `${answers} answers of ${masters.size} programs, refused and lost: ${JSON.stringify(faults)}, sent again: ${sentAgain}`,
    );
    expect(masters.size).toBe(RESTARTS + 1);
    expect(faults).toEqual({});
    for (const [key, seen] of counts) expect(seen, key).toEqual(seen.map((_, at) => at + 1));
    await pm2.run('delete', 'all');
  });
});

describe.skipIf(packages === undefined)('PM2 in cluster mode', () => {
  test('one sentence says what to set, and PM2 does not try again', async () => {
    await start('clustered', { exec_mode: 'cluster', wait_ready: false });
    const { pm2_env } = await pm2.process('clustered');
    await until('it has ended', async () => (await pm2.process('clustered')).pm2_env.status === 'stopped');
    expect(lines(pm2_env.pm_err_log_path)).toEqual([
      expect.stringContaining('Under PM2, start it in fork mode (exec_mode: "fork", instances: 1)'),
    ]);
    await sleep(500);
    expect((await pm2.process('clustered')).pm2_env).toMatchObject({ status: 'stopped', restart_time: 0 });
  });
});
