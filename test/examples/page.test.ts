/** A client in a page: the real browser, the file that is shipped for it, and a system with workers that are killed. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { createSystem, type ListenOptions, type System } from 'troupe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Certificate, certificates, CuttableWay, HAS_OPENSSL } from '../cluster/client-process.ts';
import { environment, findBrowser } from './browser.ts';
import { freePort } from '../free-port.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TOKEN = 'the-token-of-pages';
const found = findBrowser();
const inBrowser = test.skipIf('missing' in found);
if ('missing' in found) {
  const sentence = `the tests of the client in a page cannot run, there is no browser: ${found.missing}`;
  if (process.env.TROUPE_BROWSER === 'required') throw new Error(sentence);
  console.warn(sentence);
}

let system: System;
let web: Server;
let browser: Browser | undefined;
let page: Page;
let way: CuttableWay;
let folder: string;
let origin: string;
let port: number;
let guarded: number;
let secure: number;
const faults: string[] = [];

declare global {
  var connect: typeof import('troupe/client').connect;
  var client: import('troupe/client').Client;
  var events: { name: string }[];
  var heard: unknown[];
}

beforeAll(async () => {
  folder = mkdtempSync(join(ROOT, 'node_modules', '.page-'));
  [port, guarded, secure] = [await freePort(), await freePort(), await freePort()];
  const use = (from: string): string => `import { connect } from '${from}'; globalThis.connect = connect;`;
  const scripts = new Map<string | undefined, string>([
    ['/client.js', readFileSync(join(ROOT, 'dist/client/page.js'), 'utf8')],
    ['/own.js', use('/client.js')],
    ['/bundled.js', await bundle(use('troupe/client'))],
  ]);
  web = createServer(({ url }, response) => {
    const script = scripts.get(url);
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8');
    // The strictest policy that a page may have: nothing is made from text.
    response.setHeader('content-security-policy', "default-src 'self'; connect-src *");
    const name = url === '/bundled' ? 'bundled' : 'own';
    response.end(script ?? `<!doctype html><title>A page</title><script type="module" src="/${name}.js"></script>`);
  });
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  origin = `http://127.0.0.1:${(web.address() as { port: number }).port}`;
  system = await createSystem({
    ...{ actors: new URL('../cluster/actors/', import.meta.url), workers: 2, log: 'silent', dataDir: folder },
    supervision: { intensity: 1_000, backoff: { initialMs: 20, maxMs: 50, factor: 1, jitter: 0 } },
    listen: [
      { url: `ws://127.0.0.1:${port}`, origins: [origin], handshakeMs: 500 },
      {
        ...{ url: `ws://127.0.0.1:${guarded}`, origins: [origin] },
        clients: [{ token: TOKEN, kinds: ['counter'], may: ['ask'] as const }],
      },
      ...(HAS_OPENSSL ? [secureListen()] : []),
    ],
  });
  way = await CuttableWay.to(port);
  if ('missing' in found) return;
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
  // The authority of the test's certificate is not known to it.
  args.push('--ignore-certificate-errors');
  browser = await chromium.launch({ executablePath: found.path, env: environment(found), args });
  page = await openPage();
  await connectIn(page, `ws://127.0.0.1:${way.port}`);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  way?.close();
  web?.close();
  await system?.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

function secureListen(): ListenOptions {
  const [server] = certificates('localhost').signed as [Certificate];
  return { ...{ url: `wss://127.0.0.1:${secure}`, ...server, origins: [origin] }, clients: [{ token: TOKEN }] };
}

async function bundle(code: string): Promise<string> {
  const input = join(folder, 'entry.js');
  writeFileSync(input, code);
  const made = await rolldown({ input, platform: 'browser', logLevel: 'warn' });
  const { output } = await made.generate({ format: 'esm' });
  return output[0].code;
}

async function openPage(url = origin): Promise<Page> {
  const opened = await (browser as Browser).newPage();
  opened.on('pageerror', (error) => faults.push(String(error)));
  await opened.goto(url);
  return opened;
}

async function connectIn(where: Page, url: string, options: object = {}): Promise<void> {
  await where.evaluate(
    async ([url, options]) => {
      globalThis.client = await connect(url as string, options as object);
      globalThis.events = [];
      globalThis.heard = [];
      for (const name of ['connected', 'disconnected', 'gap', 'refused'] as const)
        client.on(name, (event) => void events.push({ name, ...(event as object) }));
    },
    [url, options],
  );
}

interface Values {
  map: Map<string, Set<unknown>>;
  date: Date;
  text: string;
  bytes: Uint8Array;
  floats: Float64Array;
  one: object;
  other: object;
  large: string;
}

/** Until what a page says is so. */
async function until(what: string, look: () => Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function seenBy(id: string, from: string): Promise<number[]> {
  return ((await system.ask(id, { type: 'seen' })) as Record<string, number[]>)[from] ?? [];
}

test('the file for pages asks for nothing else', () => {
  const text = readFileSync(join(ROOT, 'dist/client/page.js'), 'utf8');
  expect(text).not.toMatch(/\bimport\s*[{*"']|\bimport\(/);
  expect(text).not.toMatch(/["']node:/);
});

inBrowser('a page tells, asks, publishes, listens and watches', async () => {
  const counted = await page.evaluate(async () => {
    client.tell('counter/page', { type: 'add', by: 2 });
    await client.subscribe('news', (message) => void heard.push(message));
    client.publish('news', { type: 'n', n: 1 });
    client.watch('counter/page', (ended) => void heard.push(ended));
    return client.ask('counter/page', { type: 'visit' });
  });
  expect(counted).toBe(3);
  system.publish('news', { type: 'n', n: 2 });
  await system.stop('counter/page');
  await until('all is heard', async () => (await page.evaluate(() => heard.length)) >= 3);
  expect(await page.evaluate(() => heard.splice(0))).toEqual(
    expect.arrayContaining([
      { type: 'n', n: 1 },
      { type: 'n', n: 2 },
      { id: 'counter/page', reason: 'stopped' },
    ]),
  );
});

inBrowser('errors come with their code and fate', async () => {
  const outcome = await page.evaluate(async () => {
    const faultOf = (error: { code: string; fate: string; message: string }) => [error.code, error.fate];
    return [
      await client.ask('counter/e', { type: 'boom' }).catch(faultOf),
      await client.ask('counter/e', { type: 'sleep', ms: 300 }, { timeoutMs: 50 }).catch(faultOf),
      await client.ask('nobody/e', { type: 'get' }).catch(faultOf),
      await client.ask('counter/e', { type: 'x', f: () => {} } as never).catch(faultOf),
    ];
  });
  expect(outcome).toEqual([
    ['HANDLER_FAILED', 'executed'],
    ['ASK_TIMEOUT', 'unknown'],
    ['UNKNOWN_KIND', 'not-executed'],
    ['INVALID_MESSAGE', 'not-executed'],
  ]);
});

inBrowser('values keep their kinds in both directions, large ones too', async () => {
  const heardHere: unknown[] = [];
  const off = await system.subscribe('values', (message) => void heardHere.push(message));
  await page.evaluate(async () => {
    const twice = { a: 1 };
    const value = {
      ...{
        map: new Map<unknown, unknown>([['a', new Set([1, 2n])]]),
        date: new Date(5),
        text: 'Ω \ud83d\ude00 \ud800',
      },
      ...{
        bytes: new Uint8Array([1, 2, 3]),
        floats: new Float64Array([1.5]),
        none: undefined,
        one: twice,
        other: twice,
      },
      large: 'x'.repeat(3_000_000),
    };
    await client.subscribe('values', (message) => void heard.push(message));
    client.publish('values', { type: 'v', value } as { type: string });
  });
  await until('it is here', async () => heardHere.length === 1);
  const { value } = heardHere[0] as { value: Record<string, unknown> };
  expect(value).toMatchObject({
    ...{ map: new Map([['a', new Set([1, 2n])]]), date: new Date(5), text: 'Ω \ud83d\ude00 \ud800' },
    ...{ floats: new Float64Array([1.5]), one: { a: 1 } },
  });
  expect([...(value.bytes as Uint8Array)]).toEqual([1, 2, 3]);
  expect(value.one).toBe(value.other);
  expect((value.large as string).length).toBe(3_000_000);
  await until('it came back', async () => (await page.evaluate(() => heard.length)) === 1);
  const back = await page.evaluate(() => {
    const { value } = heard.splice(0)[0] as { value: Values };
    const { map, date, text, bytes, floats, one, other, large } = value;
    return [map.get('a')?.has(2n), date.getTime(), text, [...bytes], floats[0], one === other, large.length];
  });
  expect(back).toEqual([true, 5, 'Ω \ud83d\ude00 \ud800', [1, 2, 3], 1.5, true, 3_000_000]);
  await off();
});

inBrowser(
  'a lost connection comes back; what was told is handled once and in order, while workers are killed too',
  async () => {
    await page.evaluate(() => void events.splice(0));
    const telling = page.evaluate(async () => {
      for (let n = 0; n < 3_000; n++) {
        if (!client.tell('recorder/page', { type: 'note', n, from: 'page' })) await client.drained();
        if (n % 30 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    const other = (await system.where('recorder/page')).worker === 1 ? 2 : 1;
    for (let round = 0; round < 4; round++) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      way.cut();
      const { pid } = system.workers().find(({ index }) => index === other) ?? {};
      if (round === 1 && pid) process.kill(pid, 'SIGKILL');
    }
    await telling;
    await until('all are handled', async () => (await seenBy('recorder/page', 'page')).length >= 3_000);
    expect(await seenBy('recorder/page', 'page')).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
    expect(await page.evaluate(() => events.map(({ name }) => name))).toContain('gap');
    expect(await page.evaluate(() => client.ask('counter/after', { type: 'visit' }))).toBe(1);
  },
);

inBrowser('a page that was bundled by condition is the same', async () => {
  const another = await openPage(`${origin}/bundled`);
  await connectIn(another, `ws://127.0.0.1:${port}`);
  expect(await another.evaluate(() => client.ask('counter/bundled', { type: 'visit' }))).toBe(1);
  await another.evaluate(() => client.close());
  await another.close();
});

inBrowser('a page of another origin, or with a wrong token, does not come in; rights hold', async () => {
  const other = await openPage(origin.replace('127.0.0.1', 'localhost'));
  const attempt = (where: Page, url: string, options: object): Promise<unknown> =>
    connectIn(where, url, options).catch((error) => String(error));
  expect(await attempt(other, `ws://127.0.0.1:${port}`, {})).toContain('cannot connect');
  expect((await system.metrics()).clients?.refused.origin).toBe(1);
  await other.close();
  const own = await openPage();
  expect(await attempt(own, `ws://127.0.0.1:${guarded}`, {})).toContain('no token');
  expect(await attempt(own, `ws://127.0.0.1:${guarded}`, { token: 'wrong' })).toContain('the token is not known');
  expect(await attempt(own, 'tcp://127.0.0.1:1', {})).toContain('expected ws://');
  await connectIn(own, `ws://127.0.0.1:${guarded}`, { token: TOKEN });
  expect(await own.evaluate(() => client.ask('counter/rights', { type: 'visit' }))).toBe(1);
  expect(await own.evaluate(() => client.ask('recorder/a', { type: 'seen' }).catch((error) => error.code))).toBe(
    'FORBIDDEN',
  );
  await own.close();
  expect(faults).toEqual([]);
});

test.skipIf('missing' in found || !HAS_OPENSSL)('a page comes in over TLS with its token', async () => {
  const own = await openPage();
  await connectIn(own, `wss://127.0.0.1:${secure}`, { token: TOKEN });
  expect(await own.evaluate(() => client.ask('counter/secure', { type: 'visit' }))).toBe(1);
  await own.close();
});

test('one that does not read is cut, with the reason, and harms nobody else', async () => {
  const sockets: WebSocket[] = [];
  // The client of a page, over a WebSocket that can be told to read no more.
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  } as never;
  const inPage = (await import(join(ROOT, 'dist/client/page.js'))) as typeof import('troupe/client');
  const [mute, other] = [
    await inPage.connect(`ws://127.0.0.1:${port}`),
    await inPage.connect(`ws://127.0.0.1:${port}`),
  ];
  const heardHere: unknown[] = [];
  const gaps: { reason: string | undefined }[] = [];
  mute.on('gap', (gap) => void gaps.push(gap));
  await mute.subscribe('flood', () => {});
  await other.subscribe('flood', (message) => void heardHere.push(message));
  sockets[0]?.pause();
  const before = (await system.metrics()).clients?.cut ?? 0;
  const text = 'x'.repeat(200_000);
  for (let n = 0; n < 200; n++) {
    system.publish('flood', { type: 'n', text } as { type: string });
    await until('the other one has heard it', async () => heardHere.length > n);
  }
  await until('it is cut', async () => ((await system.metrics()).clients?.cut ?? 0) > before);
  sockets[0]?.resume();
  await until('it is told why', async () => gaps.length > 0);
  expect(gaps[0]?.reason).toContain('the client did not read');
  expect(await other.ask('counter/beside', { type: 'visit' })).toBe(1);
  await Promise.all([mute.close(), other.close()]);
}, 60_000);

test('bytes that are no WebSocket, and silence, are closed within handshakeMs', async () => {
  const answers = await Promise.all(
    ['GET / HTTP/1.1\r\nhost: x\r\n\r\n', 'garbage\r\n\r\n', '', upgrade('no greeting')].map(async (said) => {
      const socket = connectSocket(port, '127.0.0.1').on('error', () => {});
      let answer = '';
      socket.on('data', (data) => (answer += data));
      socket.write(said);
      const startedAt = performance.now();
      await once(socket, 'close');
      return { answer: answer.split('\r\n')[0], ms: performance.now() - startedAt };
    }),
  );
  expect(answers.map(({ answer }) => answer)).toEqual([
    ...['HTTP/1.1 426 Upgrade Required', '', '', 'HTTP/1.1 101 Switching Protocols'],
  ]);
  for (const { ms } of answers) expect(ms).toBeLessThan(2_500);
  const refused = (await system.metrics()).clients?.refused;
  expect(refused?.silence).toBeGreaterThanOrEqual(2);
  expect(refused?.bytes).toBeGreaterThanOrEqual(1);
});

function upgrade(path: string): string {
  const head = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13', 'host: x'];
  return `GET /${path.replaceAll(' ', '-')} HTTP/1.1\r\n${head.join('\r\n')}\r\nsec-websocket-key: ${btoa('x'.repeat(16))}\r\n\r\n`;
}
