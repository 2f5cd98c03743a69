/** One address that is listened at for HTTP: takes requests in, in bounds, finds their route, and writes the answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ClientStrangers, newClientStrangers } from '../gateway/client-strangers.ts';
import type { Log } from '../observe/log.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { Admission } from './admission.ts';
import { boundConnections, WEB_CONNECTIONS_MAX } from './connections.ts';
import { bodyOf, jsonOf } from './request-body.ts';
import { type Answer, json, type Route, RouteTable, type StreamedAnswer, WebRefusal } from './route.ts';
import type { WebAddress } from './web-options.ts';

/** Bytes of a request's line and headers. */
export const WEB_HEADER_BYTES_MAX = 16_384;
/** Milliseconds for the headers of a request; for all of it; for an answer to be read on; between two requests of a connection. */
export const WEB_HEADERS_MS = 5_000;
export const WEB_REQUEST_MS = 10_000;
export const WEB_ANSWER_MS = 30_000;
export const WEB_IDLE_MS = 5_000;
/** Milliseconds that answers in flight have at the end. */
export const WEB_CLOSE_MS = 200;
const CHECKED_MS = 1_000;

const USUAL_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
/** Codes of errors that are the doing of the one who asked. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  ...{ INVALID_ACTOR_ID: 400, INVALID_OPTIONS: 400, INVALID_MESSAGE: 400, UNKNOWN_KIND: 404, UNKNOWN_MESSAGE: 400 },
  ...{ MESSAGE_TOO_LARGE: 413, REFUSED: 409, ALREADY_EXISTS: 409, FORBIDDEN: 403, OVERLOADED: 429 },
  ...{ ASK_TIMEOUT: 504, ACTOR_UNAVAILABLE: 503, NO_WORKER: 503, SHUTTING_DOWN: 503, STORE_FAILED: 503 },
};

export class WebListener {
  readonly #address: WebAddress;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #table: RouteTable;
  readonly #strangers: ClientStrangers;
  readonly #admission: Admission;
  readonly #over = new AbortController();
  #server: Server | undefined;

  constructor(address: WebAddress, routes: readonly Route[], { clock, log }: { clock: Clock; log: Log }) {
    this.#address = address;
    this.#clock = clock;
    this.#log = log;
    this.#strangers = newClientStrangers(clock, log);
    this.#admission = new Admission(address, this.#strangers);
    this.#table = new RouteTable(address.token === undefined ? routes : [...routes, this.#signInRoute()]);
  }

  /** Rejects INVALID_OPTIONS where nobody can listen there. */
  async open(): Promise<void> {
    const { option, host, port } = this.#address;
    const server = createServer(
      {
        maxHeaderSize: WEB_HEADER_BYTES_MAX,
        headersTimeout: WEB_HEADERS_MS,
        requestTimeout: WEB_REQUEST_MS,
        keepAliveTimeout: WEB_IDLE_MS,
        connectionsCheckingInterval: CHECKED_MS,
      },
      (request, response) => void this.#serve(request, response),
    );
    boundConnections(server, (address) =>
      this.#strangers.refused('full', address, `${WEB_CONNECTIONS_MAX} connections are taken`),
    );
    server.setTimeout(WEB_ANSWER_MS);
    server.on('error', () => {});
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        // Not one that node:cluster shares: this process is the one that was asked to.
        server.listen({ host, port, exclusive: true }, resolve);
      });
    } catch (error) {
      const text = `${option}.port: expected ${host}:${port} to be free; got ${(error as Error).message}`;
      throw new TroupeError('INVALID_OPTIONS', text, { cause: error });
    }
    this.#server = server;
  }

  /** '' where it does not listen. */
  get url(): string {
    const { address, port } = (this.#server?.address() ?? {}) as Partial<AddressInfo>;
    if (address === undefined) return '';
    return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  /** Connections are not taken any more, answers without an end are ended, and others have a moment. */
  async close(): Promise<void> {
    this.#over.abort();
    this.#strangers.close();
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const timer = this.#clock.setTimer(WEB_CLOSE_MS, () => server.closeAllConnections());
    await closed;
    timer.cancel();
  }

  /** A browser shows the token once, and has a cookie from then on. */
  #signInRoute(): Route {
    return {
      ...{ method: 'POST', path: '/session', needs: 'none' },
      handle: async ({ raw, json }) => {
        const { token } = ((await json()) ?? {}) as { token?: unknown };
        return { status: 204, headers: this.#admission.signIn(raw, token) };
      },
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      const answer = await this.#answer(request, AbortSignal.any([gone.signal, this.#over.signal]));
      this.#write(request, response, answer);
    } catch (error) {
      this.#write(request, response, this.#answerOf(error));
    }
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<Answer | StreamedAnswer> {
    const { path, query } = placeOf(request.url ?? '');
    const { route, rest } = this.#table.find(request.method ?? '', path);
    this.#admission.check(request, route.needs);
    return route.handle({
      ...{ raw: request, path, rest, query, signal },
      body: () => bodyOf(request),
      json: () => jsonOf(request),
    });
  }

  #write(request: IncomingMessage, response: ServerResponse, answer: Answer | StreamedAnswer): void {
    if (response.headersSent || response.destroyed) return void response.destroy();
    if ('stream' in answer) {
      response.writeHead(200, { ...USUAL_HEADERS, 'content-type': answer.type });
      request.socket.setTimeout(0);
      return answer.stream(response);
    }
    const { status = 200, type = 'text/plain; charset=utf-8', headers = {}, body } = answer;
    const ofBody = body !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    // A body that nobody has read, or will, would be taken for the next request.
    const isRead = request.complete || request.method === 'GET' || request.method === 'HEAD';
    response.writeHead(status, { ...USUAL_HEADERS, ...ofBody, ...headers, ...(!isRead && { connection: 'close' }) });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #answerOf(error: unknown): Answer {
    if (error instanceof WebRefusal) return { ...json({ error: error.message }, error.status), headers: error.headers };
    if (error instanceof TroupeError) {
      const { code, message } = error;
      return json({ code, error: message }, STATUS_OF_CODE[code] ?? 500);
    }
    this.#log.error({ err: error }, 'a request over HTTP could not be answered');
    return json({ error: 'the request could not be answered; the log of the system says why' }, 500);
  }
}

/** Throws a `WebRefusal` where it is none. Slashes that were encoded are as good as others: ids have them. */
function placeOf(target: string): { path: string; query: URLSearchParams } {
  const at = target.indexOf('?');
  try {
    if (!target.startsWith('/')) throw new Error('not a path');
    const path = decodeURIComponent(at < 0 ? target : target.slice(0, at));
    return { path, query: new URLSearchParams(at < 0 ? '' : target.slice(at + 1)) };
  } catch {
    throw new WebRefusal(400, 'expected a path');
  }
}
