/** The pages under docs/howto and the first lines of the README: each block with the name of a file is run as it stands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { freePort } from './free-port.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILE_BLOCK = /^```m?js\n\/\/ (\S+\.[cm]?js)\n(.*?)^```$/gms;
const RUN_MS_MAX = 50_000;

const folders: string[] = [];
const running: ChildProcess[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) if (child.exitCode === null) await ended(child, 'SIGTERM');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A project of its own with the files of a page, which imports packages by their names. */
function projectOf(page: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-page-'));
  folders.push(folder);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'troupe'));
  for (const name of ['express', 'fastify', 'pino'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  for (const [name, text] of blocksOf(page)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function blocksOf(page: string): [name: string, text: string][] {
  const found = [...readFileSync(join(ROOT, page), 'utf8').matchAll(FILE_BLOCK)];
  return found.map(([, name, text]) => [name as string, text as string]);
}

function start(folder: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  // A run of node --test inside another one would report to that.
  const { NODE_TEST_CONTEXT: _context, ...own } = process.env;
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...own, ...env }, timeout: RUN_MS_MAX });
  running.push(child);
  return child;
}

async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  const end = once(child, 'exit');
  if (signal) child.kill(signal);
  const [code] = (await end) as [number | null];
  return code;
}

async function outputOf(folder: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const child = start(folder, args, env);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code, output).toBe(0);
  return output;
}

/** Until the workers of a program that has just been started listen. */
async function post(url: string, body: unknown): Promise<{ status: number; text: string }> {
  const request = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  let response: Response | undefined;
  await expect
    .poll(async () => (response = await fetch(url, request).catch(() => undefined))?.status, { timeout: 30_000 })
    .toBeDefined();
  return { status: (response as Response).status, text: await (response as Response).text() };
}

test('README: ten lines', async () => {
  const output = await outputOf(projectOf('README.md'), ['app.mjs']);
  expect(output).toMatch(/^2$/m);
  expect(output).toMatch(/^\{ worker: \d, pid: \d+, shard: \d+/m);
});

test('gateway: an ask for a request, and a status for what went wrong', async () => {
  const port = await freePort();
  const child = start(projectOf('docs/howto/gateway.md'), ['app.mjs'], { PORT: String(port) });
  const url = `http://localhost:${port}/counter/alice`;
  expect(await post(`${url}/add`, { by: 2 })).toEqual({ status: 200, text: '2' });
  expect(await (await fetch(`${url}/get`)).json()).toBe(2);
  expect((await post(`${url}/add`, { by: 'x' })).status).toBe(400);
  expect((await fetch(`${url}/sing`)).status).toBe(404);
  expect((await fetch(`http://localhost:${port}/elsewhere/a/get`)).status).toBe(400);
  expect(await ended(child, 'SIGTERM')).toBe(0);
});

test.each(['express', 'fastify'])('%s: a route that asks', async (framework) => {
  const port = await freePort();
  const env = { PORT: String(port), MAIN: `./${framework}-main.mjs` };
  const child = start(projectOf('docs/howto/express-fastify.md'), ['app.mjs'], env);
  const url = `http://localhost:${port}/counter/bob`;
  expect(await post(url, { by: 3 })).toEqual({ status: 200, text: '{"count":3}' });
  expect(await post(url, { by: 4 })).toEqual({ status: 200, text: '{"count":7}' });
  expect(await ended(child, 'SIGTERM')).toBe(0);
});

test('clients: one over a unix socket, and a guest with a token and few rights', async () => {
  const folder = projectOf('docs/howto/clients.md');
  const env = { PORT: String(await freePort()), TOKEN: 'a-token-of-this-test' };
  const server = start(folder, ['server.mjs'], env);
  await expect.poll(() => existsSync(join(folder, 'clients.sock')), { timeout: 30_000 }).toBe(true);
  const output = await outputOf(folder, ['client.mjs'], env);
  for (const line of ['alice has 1', 'alice has 2', 'alice has 3', 'asked: 3']) expect(output).toContain(line);
  expect(await outputOf(folder, ['guest.mjs'], env)).toBe(
    '3\nFORBIDDEN this client has no right to tell: its rights are ask\n',
  );
  expect(await ended(server, 'SIGTERM')).toBe(0);
  expect(existsSync(join(folder, 'clients.sock'))).toBe(false);
});

test('cancel: both have their code, and the actor is as it was', async () => {
  const output = await outputOf(projectOf('docs/howto/cancel.md'), ['app.mjs']);
  expect(output).toBe('ASK_ABORTED\nASK_TIMEOUT\n{ begun: 2, ended: 0 }\n');
});

test('log: the line of a worker goes through the logger of the program', async () => {
  const output = await outputOf(projectOf('docs/howto/log.md'), ['app.mjs']);
  expect(output).toContain('"user":"ann","password":"[Redacted]","msg":"tried"');
  expect(output).not.toContain('secret');
});

test.each([
  ['test.md', 'lamp.test.mjs', 1],
  ['change-durable-actors.md', 'versions.test.mjs', 1],
  ['order.md', 'detour.test.mjs', 2],
  ['order.md', 'watch.test.mjs', 2],
])('%s: %s', async (page, file, tests) => {
  const output = await outputOf(projectOf(`docs/howto/${page}`), ['--test', file]);
  expect(output).toMatch(new RegExp(`pass ${tests}$`, 'm'));
});

test('deploy: the program starts and drains, and PM2 gets one process of it', async () => {
  const folder = projectOf('docs/howto/deploy.md');
  const { apps } = createRequire(import.meta.url)(join(folder, 'ecosystem.config.cjs'));
  expect(apps).toEqual([expect.objectContaining({ script: './app.mjs', exec_mode: 'fork', instances: 1 })]);
  mkdirSync(join(folder, 'actors'));
  writeFileSync(
    join(folder, 'actors', 'a.mjs'),
    `import { defineActor } from 'troupe';\nexport default defineActor({ durable: true, receive: { x: () => 1 } });\n`,
  );
  const child = start(folder, ['app.mjs'], { DATA_DIR: join(folder, 'data') });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  expect(await ended(child, 'SIGTERM')).toBe(0);
  expect(readdirSync(join(folder, 'data')).length).toBeGreaterThan(0);
});

test('every page has been run', () => {
  const pages = readdirSync(join(ROOT, 'docs/howto')).filter((page) => blocksOf(`docs/howto/${page}`).length > 0);
  const source = readFileSync(fileURLToPath(import.meta.url), 'utf8');
  expect(pages.length).toBeGreaterThan(7);
  for (const page of pages) expect(source).toContain(page);
});
