/** Health over HTTP on real processes: while they start, are killed, drain and end; beside actors that are served meanwhile. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSystem, type Log } from 'troupe';
import { afterEach, expect, test } from 'vitest';
import { kill, startSystem, stopSystems, TIRELESS, until as untilWithin } from './harness.ts';

const PROGRAM = fileURLToPath(new URL('./programs/healthy.mjs', import.meta.url));
/** A process starts in a second, and on a busy machine in many. */
const until = (what: string, check: () => boolean | Promise<boolean>): Promise<void> =>
  untilWithin(what, check, 50_000);
let child: ChildProcess | undefined;
let dataDir = '';

afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await stopSystems();
  if (dataDir !== '') rmSync(dataDir, { recursive: true, force: true });
  dataDir = '';
});

interface Said {
  status: string;
  checks?: { name: string; ok: boolean; text: string }[];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Status 0: nobody listens, or hung up. */
async function look(port: number, path: string): Promise<{ status: number; said: Said | undefined }> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) });
    return { status: answer.status, said: (await answer.json()) as Said };
  } catch {
    return { status: 0, said: undefined };
  }
}

const statusAt = async (port: number, path: string): Promise<number> => (await look(port, path)).status;

test('while a system starts it is alive, and ready only once every worker is; while it drains it is alive and not ready', async () => {
  const port = await freePort();
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-health-'));
  child = spawn(process.execPath, [PROGRAM, String(port), dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let printed = '';
  child.stdout?.on('data', (data) => {
    printed += data;
  });
  await until('somebody listens', async () => (await statusAt(port, '/livez')) === 200);
  const early = await Promise.all(['/startupz', '/readyz'].map((path) => statusAt(port, path)));
  expect(printed).not.toContain('started');
  expect(early).toEqual([503, 503]);
  await until('it has started', () => printed.includes('started'));
  expect(await look(port, '/readyz')).toMatchObject({
    status: 200,
    said: {
      status: 'ready',
      checks: [{ name: 'started' }, { name: 'draining' }, { text: '2 of 2 ready' }, { name: 'store', text: 'answers' }],
    },
  });
  expect(await statusAt(port, '/startupz')).toBe(200);
  // A turn is in flight, which the shutdown waits for.
  await until('the turn runs', () => printed.includes('working'));
  child.kill('SIGTERM');
  await until('it is not ready any more', async () => (await statusAt(port, '/readyz')) === 503);
  for (let n = 0; n < 5; n++)
    expect(await Promise.all(['/livez', '/readyz', '/startupz'].map((path) => statusAt(port, path)))).toEqual([
      200, 503, 200,
    ]);
  expect(printed).not.toContain('worked');
  writeFileSync(join(dataDir, 'go'), '');
  await until('the turn has ended', () => printed.includes('worked'));
  expect(await ended).toEqual([0, null]);
  expect(await statusAt(port, '/livez')).toBe(0);
});

test('a worker that is killed leaves a system ready, the only one of its role does not', async () => {
  const port = await freePort();
  const slowly = { ...TIRELESS, backoff: { initialMs: 1_000, maxMs: 1_000, factor: 1, jitter: 0 } };
  const workers = [
    { role: 'web', count: 2 },
    { role: 'mail', count: 1 },
  ];
  const system = await startSystem({ workers, metrics: { port }, supervision: slowly });
  expect(await statusAt(port, '/readyz?all')).toBe(200);
  kill(system, 1);
  await until('worker 1 is missed', async () => (await statusAt(port, '/readyz?all')) === 503);
  expect(await statusAt(port, '/readyz')).toBe(200);
  await until('worker 1 is back', async () => (await statusAt(port, '/readyz?all')) === 200);
  kill(system, 3);
  await until('no mail goes out', async () => (await statusAt(port, '/readyz')) === 503);
  expect((await look(port, '/readyz')).said?.checks?.find(({ ok }) => !ok)?.text).toBe('2 of 3 ready; no mail');
  expect(await statusAt(port, '/livez')).toBe(200);
  await until('worker 3 is back', async () => (await statusAt(port, '/readyz')) === 200);
  await system.shutdown();
  expect(await statusAt(port, '/livez')).toBe(0);
});

test('a reload leaves a system ready throughout', async () => {
  const port = await freePort();
  const system = await startSystem({ workers: 2, metrics: { port } });
  let isOver = false;
  const reloaded = system.reload().finally(() => {
    isOver = true;
  });
  const seen: number[] = [];
  while (!isOver) seen.push(await statusAt(port, '/readyz'));
  await reloaded;
  expect(seen.length).toBeGreaterThan(5);
  expect(new Set(seen)).toEqual(new Set([200]));
});

test('a port that is taken is one clear error, and nothing is left running', async () => {
  const port = await freePort();
  const system = await startSystem({ workers: 0, metrics: { port } });
  const text = `metrics.port: expected 127.0.0.1:${port} to be free; got listen EADDRINUSE: address already in use 127.0.0.1:${port}`;
  for (const workers of [0, 1])
    await expect(
      createSystem({ actors: new URL('./actors/', import.meta.url), workers, metrics: { port }, log: 'silent' }),
    ).rejects.toMatchObject({ code: 'INVALID_OPTIONS', message: text });
  expect(await statusAt(port, '/readyz')).toBe(200);
  await system.shutdown();
});

test('a free port is said by the log, and which one has the page', async () => {
  const urls: string[] = [];
  const texts: string[] = [];
  const log: Log = {
    ...{ debug: () => {}, warn: () => {}, error: () => {}, child: () => log },
    info: (fields, text) => void ('url' in fields && urls.push(fields.url as string) && texts.push(text)),
  };
  await startSystem({ workers: 0, metrics: { port: 0 }, dashboard: { port: 0, token: 'a' }, log });
  expect(urls).toHaveLength(2);
  expect(texts).toEqual([`the page, metrics and health are at ${urls[0]}`, `metrics and health are at ${urls[1]}`]);
  for (const url of urls) expect((await fetch(`${url}/readyz`)).status).toBe(200);
});
