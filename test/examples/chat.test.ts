/** The chat as people use it: a real server with workers, a real browser, and kill -9. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { environment, findBrowser } from './browser.ts';
import { freePort } from '../free-port.ts';

const SERVER = fileURLToPath(new URL('../../examples/chat/server.mjs', import.meta.url));
const BROWSER_FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-quic'],
  ...['--no-first-run', '--disable-component-update', '--disable-sync'],
];
/** For everything that is to come back after a kill. */
const BACK_MS = 10_000;

interface Status {
  workers: { index: number; pid: number; state: string }[];
}

const found = findBrowser();
/** For the tests that look at pages. Whoever runs the suite sees that they were left out, and why. */
const itInBrowser = it.skipIf('missing' in found);
if ('missing' in found) {
  const sentence = `the tests of the chat's pages cannot run, there is no browser: ${found.missing}`;
  if (process.env.TROUPE_BROWSER === 'required') throw new Error(sentence);
  console.warn(sentence);
}

let port: number;
let dataDir: string;
let server: ChildProcess;
let browser: Browser | undefined;
const pages: Page[] = [];
const faults: string[] = [];

beforeAll(async () => {
  port = await freePort();
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-chat-'));
  server = startServer(port);
  // It says where to look once all workers listen.
  const listens = once(server.stdout as Readable, 'data');
  if (!('missing' in found)) {
    browser = await chromium.launch({ executablePath: found.path, env: environment(found), args: BROWSER_FLAGS });
  }
  await listens;
});

afterAll(async () => {
  await browser?.close();
  server?.kill('SIGTERM');
  if (server?.exitCode === null) await once(server, 'exit');
  rmSync(dataDir, { recursive: true, force: true });
});

itInBrowser('two people in a room read each other, and see who is here', async () => {
  const [ann, ben] = [await enter('Ann'), await enter('Ben')];
  await openRoom(ann, 'garden');
  await openRoom(ben, 'garden');
  await expectPeople(ann, ['Ann', 'Ben']);
  await write(ann, 'Is <b>anybody</b> here?');
  await write(ben, 'I am.');
  for (const page of [ann, ben]) await expectTexts(page, ['Is <b>anybody</b> here?', 'I am.']);
  await closePages();
});

itInBrowser('who closes the page is gone from the room soon', async () => {
  const [ann, ben] = [await enter('Ann'), await enter('Ben')];
  await openRoom(ann, 'gate');
  await openRoom(ben, 'gate');
  await expectPeople(ann, ['Ann', 'Ben']);
  await ben.close();
  await expectPeople(ann, ['Ann']);
  await closePages();
});

itInBrowser('what is written while one looks elsewhere is counted until one looks', async () => {
  const [ann, ben] = [await enter('Ann'), await enter('Ben')];
  await openRoom(ann, 'attic');
  await openRoom(ben, 'attic');
  await openRoom(ben, 'cellar');
  await expectPeople(ann, ['Ann', 'Ben']);
  for (const text of ['one', 'two', 'three']) await write(ann, text);
  await expectUnread(ben, 'room:attic', '3');
  expect(await ben.title()).toBe('(3) cellar · Chat');
  await openRoom(ben, 'attic');
  await expectTexts(ben, ['one', 'two', 'three']);
  await expectUnread(ben, 'room:attic', '');
  await closePages();
});

itInBrowser('a direct message reaches one person alone, also one who was away', async () => {
  const [ann, ben, cleo] = [await enter('Ann'), await enter('Ben'), await enter('Cleo')];
  await expectPeople(ann, ['Ann', 'Ben', 'Cleo']);
  await ann.click('#people button[data-person=Ben]');
  await write(ann, 'for you alone');
  await expectUnread(ben, 'with:Ann', '1');
  await ben.close();
  await write(ann, 'until later');
  await expectTexts(ann, ['for you alone', 'until later']);
  const again = await enter('Ben');
  await expectUnread(again, 'with:Ann', '2');
  await again.click('#direct button');
  await expectTexts(again, ['for you alone', 'until later']);
  expect(await cleo.locator('#direct li').count()).toBe(0);
  await closePages();
});

itInBrowser('when the worker of a room is killed, its people go on in it within seconds', async () => {
  const [ann, ben] = [await enter('Ann'), await enter('Ben')];
  const room = await roomElsewhere(ann, [ann, ben]);
  await openRoom(ben, room);
  await expectPeople(ann, ['Ann', 'Ben']);
  await write(ann, 'before');
  await expectTexts(ben, ['before']);
  const host = await hostOf(ann);
  process.kill(host.pid, 'SIGKILL');
  await write(ann, 'from Ann');
  await write(ben, 'from Ben');
  for (const page of [ann, ben]) {
    await expect
      .poll(async () => (await texts(page)).sort(), { timeout: BACK_MS })
      .toEqual(['before', 'from Ann', 'from Ben']);
    await expectPeople(page, ['Ann', 'Ben']);
    await expect.poll(async () => (await hostOf(page)).pid, { timeout: BACK_MS }).not.toBe(host.pid);
    // It is the same room, and has lost nothing.
    expect(await page.locator('#messages .break').count()).toBe(0);
  }
  // Not only the pages remember: one that was not here before is told the same.
  const late = await enter('Late');
  await openRoom(late, room);
  await expect
    .poll(async () => (await texts(late)).sort(), { timeout: BACK_MS })
    .toEqual(['before', 'from Ann', 'from Ben']);
  await closePages();
  await allWorkersReady();
});

itInBrowser('when the worker of a page is killed, the page comes back, and what it wrote arrives once', async () => {
  const [ann, ben] = [await enter('Ann'), await enter('Ben')];
  await openRoom(ann, 'bridge');
  await openRoom(ben, 'bridge');
  await expectPeople(ann, ['Ann', 'Ben']);
  const { workers } = await status();
  const served = await servedBy(ann);
  process.kill(workers.find(({ index }) => index === served)?.pid as number, 'SIGKILL');
  await write(ann, 'did it arrive?');
  await write(ann, 'and this?');
  for (const page of [ann, ben]) {
    await expect.poll(() => texts(page), { timeout: BACK_MS }).toEqual(['did it arrive?', 'and this?']);
    await expectPeople(page, ['Ann', 'Ben']);
  }
  await expect.poll(() => ann.locator('#messages .pending').count()).toBe(0);
  await closePages();
  await allWorkersReady();
});

itInBrowser('who was served by a killed worker and does not come back is gone from the room', async () => {
  const ann = await enter('Ann');
  await openRoom(ann, 'pier');
  let lost: RawPage;
  // The workers are served in turn, so one of these is not where Ann is.
  do lost = await rawPage('Lost', 'pier');
  while (lost.worker === (await servedBy(ann)));
  await expectPeople(ann, ['Ann', 'Lost']);
  process.kill(lost.pid, 'SIGKILL');
  // Its page would have come back within fifteen seconds; its actor, had it died too, was back after five.
  await expect.poll(() => people(ann), { timeout: 30_000 }).toEqual(['Ann']);
  await closePages();
  await allWorkersReady();
});

itInBrowser(
  'kill -9 of the master and all workers, and a new start: the room is as it was, and who was in it comes back',
  async () => {
    const [ann, ben] = [await enter('Ann'), await enter('Ben')];
    await openRoom(ann, 'harbour');
    await openRoom(ben, 'harbour');
    await expectPeople(ann, ['Ann', 'Ben']);
    await write(ann, 'before the storm');
    await expectTexts(ben, ['before the storm']);
    const since = await ann.textContent('#since');
    const { workers } = await status();
    server.kill('SIGKILL');
    for (const { pid } of workers) killIfAlive(pid);
    await once(server, 'exit');
    await write(ann, 'in the dark');
    server = startServer(port);
    await once(server.stdout as Readable, 'data');
    for (const page of [ann, ben]) {
      await expect.poll(() => texts(page), { timeout: 2 * BACK_MS }).toEqual(['before the storm', 'in the dark']);
      await expect.poll(() => people(page), { timeout: 2 * BACK_MS }).toEqual(['Ann', 'Ben']);
      await expect.poll(() => page.textContent('#since'), { timeout: 2 * BACK_MS }).toBe(since);
    }
    const late = await enter('Late');
    await openRoom(late, 'harbour');
    await expectTexts(late, ['before the storm', 'in the dark']);
    await closePages();
    await allWorkersReady();
  },
);

itInBrowser('a message that is sent twice is read once', async () => {
  const ann = await enter('Ann');
  await openRoom(ann, 'well');
  const { socket, frames } = await rawPage('Echo', 'well');
  const post = JSON.stringify({ type: 'post', room: 'well', id: 'same', text: 'once' });
  socket.send(post);
  socket.send(post);
  await expect.poll(() => frames.filter(({ type }) => type === 'posted').length).toBe(2);
  await expectTexts(ann, ['once']);
  socket.close();
  await closePages();
});

it.each([
  ['no JSON', '{"type":', 1008, 'expected JSON'],
  ['an unknown type', '{"type":"shout"}', 1008, 'Invalid'],
  ['a name with a slash', JSON.stringify({ type: 'hello', name: 'a/b', rooms: [], direct: [] }), 1008, 'name'],
  ['a name too long', JSON.stringify({ type: 'hello', name: 'a'.repeat(33), rooms: [], direct: [] }), 1008, 'name'],
  ['a text too long', JSON.stringify({ type: 'post', room: 'a', id: 'b', text: 'c'.repeat(2_001) }), 1008, 'text'],
  ['a frame too large', 'x'.repeat(33 * 1024), 1009, ''],
  ['bytes', Buffer.from([1, 2, 3]), 1008, 'expected text'],
])('%s closes that socket only, with a reason', async (_what, data, code, reason) => {
  const bystander = await rawPage('Bystander', 'quiet');
  const { socket } = await rawPage('Rude', 'quiet');
  socket.send(data);
  const [closedWith, why] = (await once(socket, 'close')) as [number, Buffer];
  expect(closedWith).toBe(code);
  expect(why.toString()).toContain(reason);
  expect(bystander.socket.readyState).toBe(WebSocket.OPEN);
  bystander.socket.close();
});

it('a socket that floods is closed', async () => {
  const { socket } = await rawPage('Flood', 'quiet');
  for (let i = 0; i < 100; i++) socket.send(JSON.stringify({ type: 'read-room', room: 'quiet', at: i }));
  const [code, why] = (await once(socket, 'close')) as [number, Buffer];
  expect([code, why.toString()]).toEqual([1008, 'expected at most 20 frames a second']);
});

it('a page of another site is refused', async () => {
  const socket = new WebSocket(`ws://localhost:${port}/socket`, { origin: 'http://elsewhere.example' });
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toContain('403');
});

it('a port that is taken is said in one line', async () => {
  const second = startServer(port);
  let said = '';
  second.stderr?.on('data', (data) => (said += data));
  const [code] = await once(second, 'exit');
  expect(code).toBe(1);
  expect(said).toContain(`PORT: expected a port that is free; got ${port}`);
});

itInBrowser('on a phone the rooms and people lie over the messages, and Escape puts them away', async () => {
  const page = await enter('Ann', { width: 390, height: 780 });
  await expect.poll(() => page.locator('#rooms-panel').isVisible()).toBe(false);
  await page.click('#show-rooms');
  await expect.poll(() => page.locator('#room').isVisible()).toBe(true);
  await page.keyboard.press('Escape');
  await expect.poll(() => page.locator('#rooms-panel').isVisible()).toBe(false);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  await closePages();
});

itInBrowser('the conversations are reached by the keyboard', async () => {
  const page = await enter('Kay');
  await openRoom(page, 'north');
  await page.keyboard.press('Alt+ArrowUp');
  await expect.poll(() => page.textContent('#title')).toBe('# lobby');
  await page.keyboard.press('Alt+ArrowDown');
  await expect.poll(() => page.textContent('#title')).toBe('# north');
  await closePages();
});

itInBrowser('no page has reported an error', () => {
  expect(faults).toEqual([]);
});

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with its master.
  }
}

function startServer(onPort: number): ChildProcess {
  const env = { ...process.env, PORT: String(onPort), WORKERS: '3', DATA_DIR: dataDir };
  return spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function enter(name: string, viewport = { width: 1200, height: 760 }): Promise<Page> {
  const page = await (browser as Browser).newPage({ viewport });
  page.on('pageerror', (error) => faults.push(`${name}: ${error.stack}`));
  await page.goto(`http://localhost:${port}/`);
  await page.fill('#name', name);
  await page.press('#name', 'Enter');
  await expect.poll(() => page.textContent('#state'), { timeout: BACK_MS }).toContain('Connected to worker');
  pages.push(page);
  return page;
}

async function closePages(): Promise<void> {
  await Promise.all(pages.splice(0).map((page) => page.close()));
}

async function openRoom(page: Page, room: string): Promise<void> {
  await page.fill('#room', room);
  await page.press('#room', 'Enter');
  await expect.poll(() => page.textContent('#title')).toBe(`# ${room}`);
  await expect.poll(() => page.textContent('#since')).toMatch(/^History since/);
}

/** Opens a room whose worker serves none of the pages. */
async function roomElsewhere(page: Page, served: Page[]): Promise<string> {
  const taken = await Promise.all(served.map(servedBy));
  for (let i = 0; ; i++) {
    await openRoom(page, `elsewhere-${i}`);
    await expect.poll(() => page.locator('#host').textContent()).toContain('pid');
    if (!taken.includes((await hostOf(page)).worker)) return `elsewhere-${i}`;
  }
}

async function write(page: Page, text: string): Promise<void> {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

function texts(page: Page): Promise<string[]> {
  return page.locator('#messages .text').allTextContents();
}

function expectTexts(page: Page, expected: string[]): Promise<void> {
  return expect.poll(() => texts(page), { timeout: BACK_MS }).toEqual(expected);
}

function people(page: Page): Promise<string[]> {
  return page.locator('#people .name').allTextContents();
}

function expectPeople(page: Page, names: string[]): Promise<void> {
  return expect.poll(() => people(page), { timeout: BACK_MS }).toEqual(names);
}

function expectUnread(page: Page, key: string, count: string): Promise<void> {
  const badge = page.locator(`[data-key="${key}"] .badge:not([hidden])`);
  return expect.poll(async () => (await badge.allTextContents()).join(), { timeout: BACK_MS }).toBe(count);
}

async function hostOf(page: Page): Promise<{ worker: number; pid: number }> {
  const [worker, pid] = ((await page.textContent('#host')) ?? '').match(/\d+/g) ?? [];
  return { worker: Number(worker), pid: Number(pid) };
}

async function servedBy(page: Page): Promise<number> {
  return Number(((await page.textContent('#state')) ?? '').match(/\d+/)?.[0]);
}

async function status(): Promise<Status> {
  return (await fetch(`http://localhost:${port}/status`)).json() as Promise<Status>;
}

function allWorkersReady(): Promise<void> {
  const states = async (): Promise<string[]> => (await status()).workers.map(({ state }) => state);
  return expect.poll(states, { timeout: 15_000 }).toEqual(['ready', 'ready', 'ready']);
}

interface RawPage {
  socket: WebSocket;
  frames: { type: string }[];
  worker: number;
  pid: number;
}

/** A socket that has said hello and is in a room, without a browser. */
async function rawPage(name: string, room: string): Promise<RawPage> {
  const socket = new WebSocket(`ws://localhost:${port}/socket`);
  const frames: { type: string; worker?: number; pid?: number }[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(data.toString())));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', name, rooms: [{ room, readAt: 0 }], direct: [] }));
  await expect.poll(() => frames.map(({ type }) => type), { timeout: BACK_MS }).toContain('joined');
  const { worker = -1, pid = -1 } = frames[0] ?? {};
  return { socket, frames, worker, pid };
}
