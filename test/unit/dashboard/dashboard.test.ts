/** The addresses of the page over real HTTP: what is shown and changed, by whom, and what strangers get. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { CHANGES } from '../../../src/dashboard/changes.ts';
import { storeFiles } from '../../../src/store/store-files.ts';
import { CHANGE_HEADER, Dashboard } from '../../../src/dashboard/dashboard.ts';
import { LETTERS_CHANGED_MAX } from '../../../src/dashboard/letters.ts';
import { STREAMS_MAX } from '../../../src/dashboard/live-screens.ts';
import { PARAM_LENGTH_MAX, KINDS_BESIDE_MAX, SCREENS, type Screen } from '../../../src/dashboard/screens.ts';
import { createSystem, defineActor, type System } from '../../../src/index.ts';
import { REDACTED } from '../../../src/inspection/redaction.ts';
import type { ProcessSystem } from '../../../src/system/process-system.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import type { WebAddress } from '../../../src/web/web-options.ts';
import { closeListeners, listen, type Reply, send } from '../web/web-fixture.ts';

const TOKEN = 'the-token-of-the-page';
const NAME = 'seen-by-few';

const desk = defineActor({
  state: () => ({ done: 0, secret: 'hush' }),
  receive: {
    add(ctx) {
      ctx.state.done++;
      return { done: ctx.state.done, secret: 'hush' };
    },
  },
});

let system: System;
let folder: string;

beforeAll(async () => {
  system = await createSystem({
    ...{ name: NAME, workers: 0, actors: { desk }, log: 'silent', signals: false, controlSocket: false },
  });
  folder = mkdtempSync(join(tmpdir(), 'troupe-dashboard-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(folder, 'assets', 'a.js'), 'export {};'.repeat(100));
  writeFileSync(join(folder, 'assets', 'a.txt'), 'of no type that a page has');
  writeFileSync(join(folder, 'secret.key'), 'hush');
});

afterEach(closeListeners);

afterAll(async () => {
  await system.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(address: Partial<WebAddress> = {}): Promise<string> {
  const whole: WebAddress = {
    ...{ option: 'dashboard', host: '127.0.0.1', port: 0, token: undefined, readOnly: false },
    ...{ redact: { desk: ['secret'] }, ...address },
  };
  const settings = [{ name: 'workers', value: '0', from: 'given' }] as const;
  const parts = {
    system,
    clock: systemClock(),
    history: undefined,
    facts: { settings, files: () => storeFiles(folder) },
    isKind: (kind: string) => kind === 'desk',
  };
  const routes = new Dashboard(parts, whole).routes(pathToFileURL(`${folder}/`));
  return (await listen(whole, routes)).url;
}

const headOf = (method: string, path: string, fields: Record<string, string> = {}): string =>
  [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries({ host: 'localhost', ...fields }).map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n');

const OWN = { 'content-type': 'application/json', [CHANGE_HEADER]: '1' };
const get = (url: string, path: string, fields?: Record<string, string>): Promise<Reply> =>
  send(url, headOf('GET', path, fields));
const post = (url: string, name: string, body: unknown, fields: Record<string, string> = OWN): Promise<Reply> =>
  send(url, headOf('POST', `/api/do/${name}`, fields), typeof body === 'string' ? body : JSON.stringify(body));
const read = (reply: Reply): Record<string, never> => JSON.parse(reply.body) as Record<string, never>;

describe('what is shown', () => {
  test('each screen has an address with JSON', async () => {
    const url = await serve();
    await system.ask('desk/a', { type: 'add' });
    for (const [name, { takes }] of Object.entries(SCREENS)) {
      const query = takes.includes('id') ? '?id=desk%2Fa' : takes.includes('kinds') ? '?kinds=desk' : '';
      const answer = await get(url, `/api/${name}${query}`);
      expect([name, answer.status, answer.headers['content-type']]).toEqual([
        name,
        200,
        'application/json; charset=utf-8',
      ]);
      expect(() => read(answer), name).not.toThrow();
    }
    expect(read(await get(url, '/api/actors?kind=desk&sort=id&limit=1'))).toMatchObject({ actors: [{ id: 'desk/a' }] });
    expect(read(await get(url, '/api/overview'))).toMatchObject({ metrics: { kinds: { desk: { messages: 1 } } } });
    expect(read(await get(url, '/api/machine?id=desk%2Fa'))).toBeNull();
    expect(read(await get(url, '/api/info'))).toMatchObject({ name: NAME, kinds: ['desk'], readOnly: false });
  });

  test('the foremost actors in all orders are found by going through the actors once', async () => {
    const url = await serve();
    await system.ask('desk/a', { type: 'add' });
    const lists = vi.spyOn(system as ProcessSystem, 'lists');
    const top = read(await get(url, '/api/top'));
    const orders = ['byRate', 'byLatency', 'byErrors', 'byMailbox', 'byTurn', 'byFailure'];
    expect(Object.keys(top).sort()).toEqual(['inMemory', 'silent', 'workMs', ...orders].sort());
    expect(top.inMemory).toBeGreaterThan(0);
    expect(lists).toHaveBeenCalledOnce();
    lists.mockRestore();
  });

  test('kinds beside each other, each with its figures and its foremost actors', async () => {
    const url = await serve();
    await system.ask('desk/a', { type: 'add' });
    const answer = read(await get(url, '/api/kinds?kinds=desk&sort=id&limit=1'));
    expect(answer).toMatchObject({
      silent: [],
      beside: [{ kind: 'desk', figures: { messages: expect.any(Number), restarts: 0 }, actors: [{ id: 'desk/a' }] }],
    });
    const many = Array(KINDS_BESIDE_MAX + 1).fill('desk');
    for (const [query, text, status = 400] of [
      ['', 'kinds: expected 1 to 4 names'],
      [`?kinds=${many.join()}`, 'got 5'],
      ['?kinds=nobody', 'nobody', 404],
      ['?kinds=desk&limit=x', 'limit'],
    ] as [string, string, number?][]) {
      const refused = await get(url, `/api/kinds${query}`);
      expect([query, refused.status, refused.body]).toEqual([query, status, expect.stringContaining(text)]);
    }
  });

  test('what is redacted is in no state, reply or dead letter', async () => {
    const url = await serve();
    system.tell('desk/b', { type: 'none', secret: 'hush' } as { type: string });
    const state = read(await get(url, '/api/actor?id=desk%2Fb'));
    expect(state).toMatchObject({ actor: { id: 'desk/b', status: 'ready', state: { done: 0, secret: REDACTED } } });
    const reply = read(await post(url, 'ask', { id: 'desk/b', message: { type: 'add' } }));
    expect(reply).toEqual({ done: 'ask', answer: { done: 1, secret: REDACTED } });
    const letters = await get(url, '/api/dead-letters');
    expect(read(letters)).toMatchObject({
      inMemory: [
        { to: 'desk/b', type: 'none', reason: 'UNKNOWN_MESSAGE', message: { type: 'none', secret: REDACTED } },
      ],
    });
    expect(letters.body).not.toContain('hush');
  });

  test('parameters that are none, or too long, are refused with what is expected', async () => {
    const url = await serve();
    for (const [path, status, text] of [
      ['/api/overview?x=1', 400, 'expected parameters out of none'],
      ['/api/actor', 400, 'id: expected a text'],
      ['/api/actor?id=desk', 400, 'an actor id is'],
      ['/api/actor?id=nobody%2Fa', 404, 'desk'],
      [`/api/actor?id=desk%2F${'x'.repeat(PARAM_LENGTH_MAX)}`, 400, 'at most 1024 characters'],
      ['/api/actors?sort=x', 400, 'sort: expected one of'],
      ['/api/actors?limit=1e9', 400, 'limit'],
      ['/api/actors?after=x', 400, 'after'],
      ['/api/events?after=-1', 400, 'after'],
    ] as const) {
      const answer = await get(url, path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.body).toContain(text);
    }
  });

  test('the page comes packed, under a policy that runs nothing but its files; no other file comes', async () => {
    const url = await serve({ token: TOKEN });
    const page = await get(url, '/');
    expect(page).toMatchObject({ status: 200, body: '<!doctype html><title>page</title>' });
    expect(page.headers['content-security-policy']).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    expect((await fetch(`${url}/assets/a.js`)).headers.get('content-encoding')).toBe('gzip');
    expect(await (await fetch(`${url}/assets/a.js`)).text()).toBe('export {};'.repeat(100));
    for (const path of [
      ...[
        '/secret.key',
        '/assets/a.txt',
        '/assets/../secret.key',
        '/assets/%2e%2e/secret.key',
        '/assets/..%5csecret.key',
      ],
      ...['/assets/', '/assets//', '/assets/%00', '//index.html', '/index.html'],
    ])
      expect([path, (await get(url, path)).status]).toEqual([path, 404]);
  });
});

describe('what is changed', () => {
  test('an actor is sent messages, stopped and killed', async () => {
    const url = await serve();
    expect(read(await post(url, 'tell', { id: 'desk/c', message: { type: 'add' } }))).toEqual({
      done: 'tell',
      answer: true,
    });
    expect(read(await post(url, 'ask', { id: 'desk/c', message: { type: 'add' } }))).toMatchObject({
      answer: { done: 2 },
    });
    expect((await post(url, 'stop', { id: 'desk/c', reason: 'closed' })).status).toBe(200);
    expect((await system.where('desk/c')).active).toBe(false);
    await system.ask('desk/c', { type: 'add' });
    expect((await post(url, 'kill', { id: 'desk/c' })).status).toBe(200);
    expect((await system.where('desk/c')).active).toBe(false);
  });

  test('what cannot be done says why', async () => {
    const url = await serve();
    for (const [name, body, status, text] of [
      ['ask', { id: 'desk/c', message: 1 }, 400, 'a message is'],
      ['ask', { id: 'desk/c', message: { type: 'none' } }, 400, 'none'],
      ['tell', { id: 'no id', message: { type: 'add' } }, 400, 'an actor id is'],
      ['stop', { id: 1 }, 400, 'id: expected a text'],
      ['stop', { id: 'desk/c', force: true }, 400, 'stop: expected an object with id, reason'],
      ['stop', [], 400, 'stop: expected an object'],
      ['stop', 'null', 400, 'stop: expected an object'],
      ['move', { id: 'desk/c', worker: 1 }, 503, 'no workers'],
      ['restart-worker', { worker: 'x' }, 400, 'whole number'],
      ['discard', { ids: Array(LETTERS_CHANGED_MAX + 1).fill('a') }, 400, `at most ${LETTERS_CHANGED_MAX}`],
      ['discard', { ids: [1] }, 400, 'ids: expected'],
    ] as const) {
      const answer = await post(url, name, body);
      expect([name, answer.status], answer.body).toEqual([name, status]);
      expect(answer.body).toContain(text);
    }
    expect(read(await post(url, 'discard', { ids: ['a', 'b'] }))).toEqual({ done: 0, gone: 2, failed: [] });
  });

  test('nothing is where the page is for reading only, and the answer says so', async () => {
    const url = await serve({ readOnly: true });
    await system.ask('desk/d', { type: 'add' });
    for (const name of Object.keys(CHANGES)) {
      const answer = await post(url, name, { id: 'desk/d', message: { type: 'add' }, worker: 1, ids: [] });
      expect([name, answer.status]).toEqual([name, 403]);
      expect(answer.body).toContain('reading only');
    }
    expect(await system.ask('desk/d', { type: 'add' })).toMatchObject({ done: 2 });
    expect(read(await get(url, '/api/info'))).toMatchObject({ readOnly: true });
  });

  test('nothing is by a page of somebody else, in whatever way it asks', async () => {
    const url = await serve();
    await system.ask('desk/e', { type: 'add' });
    const body = { id: 'desk/e' };
    const json = { 'content-type': 'application/json' };
    for (const fields of [
      { ...OWN, origin: 'https://evil.example' },
      { ...OWN, origin: 'null' },
      { ...OWN, 'sec-fetch-site': 'cross-site' },
      { ...OWN, 'sec-fetch-site': 'same-site' },
      // What a form can send.
      json,
      { ...json, [`x-${CHANGE_HEADER}`]: '1' },
    ])
      expect((await post(url, 'kill', body, fields as Record<string, string>)).status, JSON.stringify(fields)).toBe(
        403,
      );
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      expect((await post(url, 'kill', body, { ...OWN, 'content-type': type })).status).toBe(415);
    expect((await get(url, '/api/do/kill?id=desk%2Fe')).status).toBe(405);
    expect((await post(url, 'kill', body, { ...OWN, host: 'evil.example' })).status).toBe(421);
    expect((await system.where('desk/e')).active).toBe(true);
  });

  test('nothing is by bytes that are no request of it', async () => {
    const url = await serve();
    const deep = `{"id":"desk/e","message":${'['.repeat(100)}${']'.repeat(100)}}`;
    expect((await post(url, 'tell', deep)).status).toBe(400);
    expect((await post(url, 'tell', `{"id":"${'x'.repeat(2_000_000)}"}`)).status).toBe(413);
    expect((await post(url, 'tell', '{')).status).toBe(400);
    expect((await post(url, 'constructor', {})).status).toBe(404);
    expect((await post(url, '__proto__', {})).status).toBe(404);
    expect((await get(url, '/api/constructor')).status).toBe(404);
    expect((await get(url, '/api/')).status).toBe(404);
    expect(
      (await post(url, 'tell', '{"id":"desk/f","message":{"type":"add","__proto__":{"admin":true}}}')).status,
    ).toBe(200);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    expect((await get(url, '/api/overview')).status).toBe(200);
  });
});

describe('without the right', () => {
  test('nothing is shown or changed by those who have no token, a wrong one, or another name for this machine', async () => {
    const url = await serve({ token: TOKEN });
    await system.ask('desk/g', { type: 'add' });
    const paths = [...Object.keys(SCREENS).map((name) => `/api/${name}`), '/api/stream?screen=overview'];
    for (const path of paths)
      for (const fields of [
        {},
        { authorization: 'Bearer wrong' },
        { cookie: 'troupe-1=x' },
        { host: 'evil.example' },
      ]) {
        const answer = await get(url, path, fields as Record<string, string>);
        expect([401, 421, 429], path).toContain(answer.status);
        expect(answer.body).not.toContain(NAME);
        expect(answer.body).not.toContain('desk');
      }
    const later = await serve({ token: TOKEN });
    for (const name of Object.keys(CHANGES)) expect((await post(later, name, { id: 'desk/g' })).status).toBe(401);
    expect((await system.where('desk/g')).active).toBe(true);
    const own = { ...OWN, authorization: `Bearer ${TOKEN}` };
    expect((await get(later, '/api/overview', own)).status).toBe(200);
    expect((await post(later, 'kill', { id: 'desk/g' }, own)).status).toBe(200);
  });
});

describe('a live screen', () => {
  test('comes as server-sent events until the page goes; then nothing is looked at', async () => {
    const url = await serve();
    let looks = 0;
    const screens = SCREENS as Record<string, Screen>;
    const { overview } = screens;
    screens.overview = { ...(overview as Screen), everyMs: 20, look: async () => ({ looks: ++looks }) };
    try {
      const page = new AbortController();
      const answer = await fetch(`${url}/api/stream?screen=overview`, { signal: page.signal });
      expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      let text = '';
      // A stream that has ended gives its end again and again, without a turn of the event loop.
      for (let isOver = false; !isOver && !text.includes('"looks":3'); ) {
        const { value, done } = await reader.read();
        text += new TextDecoder().decode(value);
        isOver = done;
      }
      expect(text).toContain('data: {"looks":1}\n\ndata: {"looks":2}\n\n');
      page.abort();
      await until(async () => {
        const before = looks;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return before === looks;
      });
    } finally {
      screens.overview = overview as Screen;
    }
  });

  test('is refused where it is none, and where there are as many as may be; the others go on', async () => {
    const url = await serve();
    expect((await get(url, '/api/stream')).status).toBe(400);
    expect((await get(url, '/api/stream?screen=toString')).status).toBe(400);
    const pages = Array.from({ length: STREAMS_MAX }, () => new AbortController());
    await Promise.all(pages.map(({ signal }) => fetch(`${url}/api/stream?screen=configuration`, { signal })));
    const over = await get(url, '/api/stream?screen=overview');
    expect(over.status).toBe(429);
    expect(over.body).toContain('one more rejected');
    expect((await get(url, '/api/overview')).status).toBe(200);
    pages[0]?.abort();
    await until(async () => {
      const one = await fetch(`${url}/api/stream?screen=configuration`, { signal: pages[1]?.signal as AbortSignal });
      return one.status === 200;
    });
    for (const page of pages) page.abort();
  });
});

async function until(check: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) if (await check()) return;
  throw new Error('expected it within 10 s');
}
