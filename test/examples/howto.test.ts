/** The pages under docs/howto and the first lines of the README: each block with the name of a file is run as it stands. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { blocksOf, ended, outputOf, projectOf, ROOT, start, tidyUp } from './pages.ts';

afterEach(tidyUp);

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

test('dashboard: the page, its JSON, and a change', async () => {
  const port = await freePort();
  const child = start(projectOf('docs/howto/dashboard.md'), ['app.mjs'], { PORT: String(port) });
  const url = `http://localhost:${port}`;
  const stateOf = async (): Promise<unknown> => {
    const answer = await fetch(`${url}/api/actor?id=counter%2Falice`);
    return ((await answer.json()) as { actor?: { state?: unknown } }).actor?.state;
  };
  await expect.poll(() => stateOf().catch(() => undefined), { timeout: 30_000 }).toEqual({ count: 2 });
  expect(await (await fetch(url)).text()).toContain('<script type="module"');
  const headers = { 'content-type': 'application/json', 'x-troupe-change': '1' };
  const stop = { method: 'POST', headers, body: '{"id":"counter/alice"}' };
  expect((await fetch(`${url}/api/do/stop`, stop)).status).toBe(200);
  expect(await stateOf()).toBeUndefined();
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

test('metrics: the names of the page are those of a scrape', async () => {
  const port = await freePort();
  const child = start(projectOf('docs/howto/metrics.md'), ['app.mjs'], { PORT: String(port) });
  const scrape = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined))?.text() ?? '';
  const series = /^messaging_client_consumed_messages_total\{kind="counter",worker="\d"\} 1$/m;
  await expect.poll(scrape, { timeout: 50_000 }).toMatch(series);
  const text = await scrape();
  const page = readFileSync(join(ROOT, 'docs/howto/metrics.md'), 'utf8');
  const names = [...page.matchAll(/`((?:troupe|process|v8js|nodejs|messaging)_\w+)/g)].map(
    ([, name]) => name as string,
  );
  expect(names.length).toBeGreaterThan(15);
  // No actor here is durable, no broker and no other machine is there, and nothing has gone wrong.
  for (const name of names.filter(
    (one) => !/_(commit|broker|machines?|dead_letters|ask_timeouts|mailbox_wait|process_duration|gc)_/.test(`${one}_`),
  ))
    expect(text).toContain(`\n${name}`);
  expect(await ended(child, 'SIGTERM')).toBe(0);
});

test('traces: four spans of one trace, from three processes', async () => {
  const output = await outputOf(projectOf('docs/howto/traces.md'), ['--import', './tracing.mjs', 'app.mjs']);
  const all = (name: string): string[] =>
    [...output.matchAll(new RegExp(`${name}: '([^']+)'`, 'g'))].map(([, value]) => value as string);
  expect(all('\\n  name').sort()).toEqual(['ask order', 'ask stock', 'process order', 'process stock']);
  expect(new Set(all('traceId')).size).toBe(1);
  expect(output).toContain(`"trace_id":"${all('traceId')[0]}"`);
});

test('cli: each command says what the page says', async () => {
  const folder = projectOf('docs/howto/cli.md');
  const program = join(ROOT, 'dist/cli/troupe.js');
  const server = start(folder, [program, 'start', '--workers', 'web=2'], { TROUPE_DATA: '' });
  const hasStarted = once(server.stdout as NodeJS.ReadableStream, 'data');
  await expect.poll(() => existsSync(join(folder, '.troupe/control')), { timeout: 30_000 }).toBe(true);
  await hasStarted;
  const [, session = ''] =
    /^```console\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, 'docs/howto/cli.md'), 'utf8')) ?? [];
  const commands = [...session.matchAll(/^\$ troupe (.*)\n([^$]*)/gm)];
  expect(commands.length).toBeGreaterThan(5);
  for (const [, command = '', expected = ''] of commands) {
    const args = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? (word as string));
    const output = await outputOf(folder, [program, ...args], { TROUPE_DATA: '' });
    expect(output.replace(/"ms":\d+/, '"ms":…'), command).toBe(expected);
  }
  expect(await ended(server)).toBe(0);
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

test('inspect: what an actor does, what it waits for, and what waits behind it', async () => {
  expect(await outputOf(projectOf('docs/howto/inspect.md'), ['app.mjs'])).toBe(
    "busy with 'hand' for a while\nwaits for the reply of desk/back to 'work'\n3 wait behind it: { add: 3 }\n",
  );
});

test('pause: mail waits, an ask is not executed, and all is handled in order', async () => {
  expect(await outputOf(projectOf('docs/howto/pause.md'), ['app.mjs'])).toBe(
    'ASK_TIMEOUT, not-executed\npaused: the payment service is down; 3 payments wait\npaid: [ 10, 20, 30 ]\n',
  );
});

test('pause: a rate lets the mail through one after the other', async () => {
  expect(await outputOf(projectOf('docs/howto/pause.md'), ['gently.mjs'])).toBe('30 paid, one after the other\n');
});

test('inspect: the actors with the most waiting mail', async () => {
  expect(await outputOf(projectOf('docs/howto/inspect.md'), ['jam.mjs'])).toBe(
    "desk/3: 30 wait behind 'work'\ndesk/2: 20 wait behind 'work'\nand 1 more, of 3 in memory\n",
  );
});
