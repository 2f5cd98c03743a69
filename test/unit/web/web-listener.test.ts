/** One address over HTTP, on real sockets: who is let in, and what is answered to those who mean no good. */
import { connect, createServer, Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';
import { BODY_BYTES_MAX, JSON_DEPTH_MAX } from '../../../src/web/request-body.ts';
import {
  WEB_ANSWER_MS,
  WEB_CLOSE_MS,
  WEB_HEADER_BYTES_MAX,
  WEB_HEADERS_MS,
  WEB_IDLE_MS,
  WEB_REQUEST_MS,
  WebListener,
} from '../../../src/web/web-listener.ts';
import { WEB_CONNECTIONS_MAX } from '../../../src/web/connections.ts';
import { REFUSALS_MAX } from '../../../src/observe/strangers.ts';
import type { Route } from '../../../src/web/route.ts';
import { closeListeners, lines, listen, log, raw, ROUTES, send } from './web-fixture.ts';

afterEach(closeListeners);

const TOKEN = 'a-token-that-nobody-guesses';
/** Not answered as long as its connection is there. */
const NEVER: Route = { method: 'GET', path: '/never', needs: 'none', handle: () => new Promise(() => {}) };
const asHost = (url: string): string => `Host: ${new URL(url).host}`;

/** The status of the secret, for what a request says of itself. */
async function secretFor(url: string, ...fields: string[]): Promise<number> {
  const { status, body } = await send(url, ['GET /secret HTTP/1.1', ...fields].join('\r\n'));
  expect(body.includes('the secret')).toBe(status === 200);
  return status;
}

async function change(url: string, body: string, ...fields: string[]): Promise<number> {
  const head = ['POST /change HTTP/1.1', asHost(url), 'Content-Type: application/json', ...fields].join('\r\n');
  return (await send(url, head, body)).status;
}

describe('the Host', () => {
  test.each(['127.0.0.1:1', 'localhost', 'LOCALHOST:80', 'a.localhost', '[::1]:80', '10.1.2.3'])(
    'may be %s',
    async (host) => {
      const { url } = await listen();
      expect(await secretFor(url, `Host: ${host}`)).toBe(200);
    },
  );

  test.each([
    'evil.example',
    'evil.example:9464',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'a@127.0.0.1',
    '127.0.0.1/x',
    '',
  ])('of another name is refused: %s', async (host) => {
    const { url } = await listen();
    const { status, body } = await send(url, `GET /secret HTTP/1.1\r\nHost: ${host}`);
    expect(status).toBe(421);
    expect(body).toContain('expected the Host to be an address, localhost');
  });

  it('is one: of a request with two none is taken', async () => {
    const { url } = await listen();
    expect(await secretFor(url, asHost(url), 'Host: evil.example')).toBe(400);
  });

  it('may be the name of the option; of others who listen beyond this machine for metrics any', async () => {
    const { url } = await listen({ option: 'metrics', host: '0.0.0.0' });
    expect(await secretFor(url, 'Host: troupe.internal:9464')).toBe(200);
    const here = await listen({ option: 'metrics' });
    expect(await secretFor(here.url, 'Host: troupe.internal:9464')).toBe(421);
  });

  it('does not matter to a probe', async () => {
    const { url } = await listen({ token: TOKEN });
    const { status, body } = await send(url, 'GET /well HTTP/1.1\r\nHost: evil.example');
    expect([status, body]).toEqual([200, '{"well":true}\n']);
  });
});

describe('a page of somebody else', () => {
  it.each([
    ['Origin: http://evil.example'],
    ['Origin: null'],
    ['Origin: http://127.0.0.1:1'],
    ['Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: same-site'],
  ])('neither sees nor changes: %s', async (field) => {
    const { url } = await listen();
    expect(await secretFor(url, asHost(url), field)).toBe(403);
    expect(await change(url, '{}', field)).toBe(403);
  });

  it('is none of its own', async () => {
    const { url } = await listen();
    expect(await secretFor(url, asHost(url), `Origin: ${url}`, 'Sec-Fetch-Site: same-origin')).toBe(200);
    expect(await change(url, '{}', `Origin: ${url}`)).toBe(200);
  });

  it('cannot send what a form sends', async () => {
    const { url } = await listen();
    const { status } = await send(url, `POST /change HTTP/1.1\r\n${asHost(url)}\r\nContent-Type: text/plain`, '{}');
    expect(status).toBe(415);
  });
});

describe('the token', () => {
  it('is asked for, and compared', async () => {
    const { url } = await listen({ token: TOKEN });
    expect(await secretFor(url, asHost(url))).toBe(401);
    expect(await secretFor(url, asHost(url), 'Authorization: Bearer wrong')).toBe(401);
    expect(await secretFor(url, asHost(url), `Authorization: Bearer ${TOKEN}x`)).toBe(401);
    expect(await secretFor(url, asHost(url), 'Authorization: Basic Og==')).toBe(401);
    expect(await secretFor(url, asHost(url), `Cookie: troupe-${new URL(url).port}=${TOKEN}`)).toBe(401);
    expect(await secretFor(url, asHost(url), `Authorization: Bearer ${TOKEN}`)).toBe(200);
    expect(await change(url, '{}', `Authorization: Bearer ${TOKEN}`)).toBe(200);
  });

  it('is given once by a browser, for a cookie that its page cannot read', async () => {
    const { url } = await listen({ token: TOKEN });
    const head = `POST /session HTTP/1.1\r\n${asHost(url)}\r\nContent-Type: application/json`;
    expect((await send(url, head, '{"token":"wrong"}')).status).toBe(401);
    expect((await send(url, head, '{"token":7}')).status).toBe(401);
    expect((await send(url, head, 'null')).status).toBe(401);
    const { status, headers } = await send(url, head, JSON.stringify({ token: TOKEN }));
    expect(status).toBe(204);
    const { 'set-cookie': cookie = '' } = headers;
    expect(cookie).toMatch(/^troupe-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    expect(cookie).not.toContain(TOKEN);
    expect(await secretFor(url, asHost(url), `Cookie: other=1; ${cookie.split(';')[0]}`)).toBe(200);
    expect(await secretFor(url, asHost(url), `Cookie: ${cookie.split(';')[0]}x`)).toBe(401);
    // Of another system, though the same browser.
    const other = await listen({ token: 'another' });
    expect(await secretFor(other.url, asHost(other.url), `Cookie: ${cookie.split(';')[0]}`)).toBe(401);
  });

  it('is not guessed at again and again', async () => {
    const { url } = await listen({ token: TOKEN });
    const guess = (): Promise<number> => secretFor(url, asHost(url), 'Authorization: Bearer guess');
    for (let n = 0; n < REFUSALS_MAX; n++) expect(await guess()).toBe(401);
    expect(await guess()).toBe(429);
    expect((await send(url, 'GET /well HTTP/1.1\r\nHost: a')).status).toBe(200);
    expect(lines).toEqual([expect.objectContaining({ level: 'warn' })]);
    expect(JSON.stringify(lines)).not.toContain('guess');
  });
});

it('an address for reading changes nothing', async () => {
  const { url } = await listen({ readOnly: true });
  expect(await secretFor(url, asHost(url))).toBe(200);
  expect(await change(url, '{}')).toBe(403);
});

describe('what is asked for', () => {
  test.each([
    ['GET /nothing HTTP/1.1', 404],
    ['GET /well/ HTTP/1.1', 404],
    ['GET /../well HTTP/1.1', 404],
    ['GET //evil.example/well HTTP/1.1', 404],
    ['GET http://evil.example/well HTTP/1.1', 400],
    ['GET /%zz HTTP/1.1', 400],
    ['OPTIONS * HTTP/1.1', 400],
    ['DELETE /well HTTP/1.1', 405],
    ['TRACE /well HTTP/1.1', 405],
    ['GET /well?a=%zz HTTP/1.1', 200],
    ['HEAD /well HTTP/1.1', 200],
  ])('%s is %i', async (line, expected) => {
    const { url } = await listen();
    const { status, body } = await send(url, `${line}\r\n${asHost(url)}`);
    expect(status).toBe(expected);
    if (line.startsWith('HEAD')) expect(body).toBe('');
    else expect(body).toMatch(/^\{.*\}\n$/);
  });

  it('may be a path with an open end, exact ones first', async () => {
    const echo =
      (name: string) =>
      ({ rest, query }: { rest: string; query: URLSearchParams }) => ({ body: `${name} ${rest} ${query}` });
    const { url } = await listen({}, [
      { method: 'GET', path: '/actors/*', needs: 'observe', handle: echo('below') },
      { method: 'GET', path: '/actors/a/*', needs: 'observe', handle: echo('longer') },
      { method: 'GET', path: '/actors/a/b', needs: 'observe', handle: echo('exact') },
    ]);
    const at = async (path: string): Promise<string> =>
      (await send(url, `GET ${path} HTTP/1.1\r\n${asHost(url)}`)).body;
    expect(await at('/actors/chat%2Feu/lobby?x=1')).toBe('below chat/eu/lobby x=1');
    expect(await at('/actors/a/c')).toBe('longer c ');
    expect(await at('/actors/a/b')).toBe('exact  ');
  });

  it('comes with headers that keep browsers from guessing and framing', async () => {
    const { url } = await listen();
    const { headers } = await send(url, `GET /well HTTP/1.1\r\n${asHost(url)}`);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('may fail: codes become statuses, and other errors are for the log alone', async () => {
    const fails = (path: string, error: Error) =>
      ({ method: 'GET', path, needs: 'observe', handle: () => Promise.reject(error) }) as const;
    const { url } = await listen({}, [
      fails('/kind', new TroupeError('UNKNOWN_KIND', 'no such kind')),
      fails('/odd', new Error('a password: 1234')),
    ]);
    const kind = await send(url, `GET /kind HTTP/1.1\r\n${asHost(url)}`);
    expect([kind.status, JSON.parse(kind.body)]).toEqual([404, { code: 'UNKNOWN_KIND', error: 'no such kind' }]);
    const odd = await send(url, `GET /odd HTTP/1.1\r\n${asHost(url)}`);
    expect(odd.status).toBe(500);
    expect(odd.body).not.toContain('1234');
    expect(lines).toMatchObject([{ level: 'error', fields: { err: { message: 'a password: 1234' } } }]);
  });
});

describe('beyond a bound', () => {
  it('a body that says so, one that does not, and one that is deep are refused', async () => {
    const { url } = await listen();
    const head = `POST /change HTTP/1.1\r\n${asHost(url)}\r\nContent-Type: application/json`;
    expect(await raw(url, `${head}\r\nContent-Length: ${BODY_BYTES_MAX + 1}\r\n\r\n`)).toMatch(/^HTTP\/1.1 413 /);
    const piece = `10000\r\n${' '.repeat(65_536)}\r\n`;
    const many = piece.repeat(BODY_BYTES_MAX / 65_536 + 1);
    expect(await raw(url, `${head}\r\nTransfer-Encoding: chunked\r\n\r\n${many}0\r\n\r\n`)).toMatch(/^HTTP\/1.1 413 /);
    const nested = (depth: number): string => `${'['.repeat(depth)}"]]["${']'.repeat(depth)}`;
    expect((await send(url, head, nested(JSON_DEPTH_MAX))).status).toBe(200);
    expect((await send(url, head, nested(JSON_DEPTH_MAX + 1))).status).toBe(400);
    expect((await send(url, head, '[')).status).toBe(400);
    expect((await send(url, head, `${' '.repeat(BODY_BYTES_MAX - 2)}[]`)).status).toBe(200);
  });

  it('headers are refused, and what does not come in time', async () => {
    const { url } = await listen();
    const line = `GET /well HTTP/1.1\r\n${asHost(url)}\r\n`;
    expect(await raw(url, `${line}X: ${'x'.repeat(WEB_HEADER_BYTES_MAX)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    const begun = Date.now();
    const timed = async (bytes: string): Promise<[string, number]> => {
      const text = await raw(url, bytes);
      return [text, Date.now() - begun];
    };
    const body = `POST /change HTTP/1.1\r\n${asHost(url)}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{`;
    const [headers, request, idle] = await Promise.all([timed(line), timed(body), timed(`${line}\r\n`)]);
    expect(headers[0]).toMatch(/^HTTP\/1.1 408 /);
    expect(headers[1]).toBeLessThan(WEB_HEADERS_MS + 3_000);
    expect(request[0]).toMatch(/^HTTP\/1.1 408 /);
    expect(request[1]).toBeGreaterThan(WEB_REQUEST_MS - 10);
    expect(request[1]).toBeLessThan(WEB_REQUEST_MS + 3_000);
    // Answered, and closed as nothing more was asked; Node.js grants a second beyond.
    expect(idle[0]).toMatch(/^HTTP\/1.1 200 /);
    expect(idle[1]).toBeGreaterThan(WEB_IDLE_MS - 10);
    expect(idle[1]).toBeLessThan(WEB_IDLE_MS + 3_000);
    expect(lines).toEqual([]);
  });

  it('an answer that is not read on ends', async () => {
    const opened = vi.spyOn(Server.prototype, 'listen');
    const { url } = await listen({}, [
      { method: 'GET', path: '/long', needs: 'none', handle: () => ({ body: 'x'.repeat(64 * 1024 * 1024) }) },
    ]);
    const server = opened.mock.contexts[0] as unknown as { timeout: number };
    opened.mockRestore();
    expect(server.timeout).toBe(WEB_ANSWER_MS);
    server.timeout = 200;
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.write(`GET /long HTTP/1.1\r\n${asHost(url)}\r\n\r\n`);
    await new Promise((resolve) => socket.once('readable', resolve));
    // Longer than it may stand still; what has come by then is read, and the end of the connection behind it.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    let bytes = 0;
    socket.on('data', (data) => (bytes += data.length));
    await closed;
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(64 * 1024 * 1024);
  });

  it('an answer that is not there has a moment as the listener closes', async () => {
    const clock = new VirtualClock();
    const address = { option: 'dashboard', host: '127.0.0.1', port: 0, token: undefined, readOnly: false } as const;
    let asked = (): void => {};
    const begun = new Promise<void>((resolve) => (asked = resolve));
    const handle = (): Promise<never> => {
      asked();
      return new Promise(() => {});
    };
    const listener = new WebListener(address, [{ method: 'GET', path: '/never', needs: 'none', handle }], {
      clock,
      log,
    });
    await listener.open();
    const answer = raw(listener.url, `GET /never HTTP/1.1\r\n${asHost(listener.url)}\r\n\r\n`);
    await begun;
    let isClosed = false;
    const closed = listener.close().then(() => (isClosed = true));
    await clock.advance(WEB_CLOSE_MS - 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isClosed).toBe(false);
    await clock.advance(2);
    await closed;
    expect(await answer).toBe('');
  });

  it('connections without a request give way, the longest ones first: a probe is answered, and those with one go on', async () => {
    const { url } = await listen({}, [...ROUTES, NEVER]);
    const connected = async (): Promise<Socket> => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve));
      return socket;
    };
    const heard = (socket: Socket): Promise<string> =>
      new Promise((resolve) => void socket.once('data', (data) => resolve(data.toString())));
    const sockets: Socket[] = [];
    const gone: number[] = [];
    const late = 20;
    for (let n = 0; n < WEB_CONNECTIONS_MAX + late; n++) {
      const socket = await connected();
      sockets.push(socket);
      socket.once('close', () => gone.push(n));
      // One that has been answered before is no better than the others, one whose request is under way is.
      const target = n === 0 ? '/well' : n === 1 ? '/never' : undefined;
      if (target !== undefined) socket.write(`GET ${target} HTTP/1.1\r\n${asHost(url)}\r\n\r\n`);
      if (n === 0) await heard(socket);
      if (n === 1) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await vi.waitFor(() => expect(gone).toHaveLength(late));
    expect(gone.sort((a, b) => a - b)).toEqual(Array.from({ length: late + 1 }, (_, n) => n).filter((n) => n !== 1));
    const last = await connected();
    last.write(`GET /well HTTP/1.1\r\n${asHost(url)}\r\n\r\n`);
    expect(await heard(last)).toMatch(/^HTTP\/1.1 200 /);
    for (const socket of [...sockets, last]) socket.destroy();
    expect(lines).toMatchObject([{ fields: { cause: 'full' } }]);
  });

  it('connections are closed where each of the others has a request under way', async () => {
    const { url } = await listen({}, [...ROUTES, NEVER]);
    const sockets: Socket[] = [];
    const closed: boolean[] = [];
    for (let n = 0; n <= WEB_CONNECTIONS_MAX; n++) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.once('close', () => (closed[n] = true));
      sockets.push(socket);
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(`GET /never HTTP/1.1\r\n${asHost(url)}\r\n\r\n`);
      if (n === WEB_CONNECTIONS_MAX - 1) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await vi.waitFor(() => expect(closed[WEB_CONNECTIONS_MAX]).toBe(true));
    expect(Object.keys(closed)).toEqual([String(WEB_CONNECTIONS_MAX)]);
    for (const socket of sockets) socket.destroy();
  });
});

it('a port that is taken is one clear error, and none is kept', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await expect(listen({ port }, ROUTES)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringMatching(
      new RegExp(`^dashboard.port: expected 127.0.0.1:${port} to be free; got .*EADDRINUSE`),
    ),
  });
  await new Promise((resolve) => other.close(resolve));
});

it('an answer without an end ends with the listener', async () => {
  let isAborted = false;
  let begun = (): void => {};
  const streams = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const listener = await listen({}, [
    {
      ...{ method: 'GET', path: '/events', needs: 'observe' },
      handle: ({ signal }) => ({
        type: 'text/event-stream',
        stream: (response) => {
          response.write('data: 1\n\n', begun);
          signal.addEventListener('abort', () => {
            isAborted = true;
            response.end('data: end\n\n');
          });
        },
      }),
    },
  ]);
  const { url } = listener;
  const all = raw(url, `GET /events HTTP/1.1\r\n${asHost(url)}\r\n\r\n`);
  await streams;
  expect(isAborted).toBe(false);
  await listener.close();
  expect(await all).toMatch(/^HTTP\/1.1 200 [\s\S]*text\/event-stream[\s\S]*data: 1[\s\S]*data: end/);
  expect(isAborted).toBe(true);
});
