/** A table of routes, each with what one must be allowed to do there; and how the table is read. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** `none`: everybody, it shows nothing of the system; `observe`: those who may see; `admin`: those who may change. */
export type Need = 'none' | 'observe' | 'admin';

/** The answer of a route. */
export interface Answer {
  /** Default 200. */
  readonly status?: number;
  /** Of the body. Default `text/plain; charset=utf-8`. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An answer without an end: server-sent events. It goes on until `WebRequest.signal` is aborted. */
export interface StreamedAnswer {
  readonly type: string;
  readonly stream: (response: ServerResponse) => void;
}

export interface WebRequest {
  /** As it came: method, headers. */
  readonly raw: IncomingMessage;
  /** The path, decoded. */
  readonly path: string;
  /** The part that a path with `/*` at its end left open, decoded; else ''. */
  readonly rest: string;
  readonly query: URLSearchParams;
  /** Aborted when the other side is gone, or nothing is answered any more. */
  readonly signal: AbortSignal;
  /** Rejects a `WebRefusal` where it is larger than `BODY_BYTES_MAX` or late. */
  readonly body: () => Promise<Buffer>;
  /** The body as JSON. Rejects a `WebRefusal` where it is none, or too deep. */
  readonly json: () => Promise<unknown>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Exact, or with `/*` at its end: everything below. */
  readonly path: string;
  readonly needs: Need;
  readonly handle: (request: WebRequest) => Answer | StreamedAnswer | Promise<Answer | StreamedAnswer>;
}

/** A request that is answered with a status and one sentence. */
export class WebRefusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export function json(value: unknown, status = 200): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

/** Exact paths first, then the longest one with an open end. */
export class RouteTable {
  readonly #exact = new Map<string, Route[]>();
  readonly #open: { prefix: string; routes: Route[] }[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#listOf(route.path).push(route);
    this.#open.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** Throws a `WebRefusal`: 404, or 405 with the methods that there are. HEAD is GET without its body. */
  find(method: string, path: string): { route: Route; rest: string } {
    const { routes, rest } = this.#at(path);
    if (routes === undefined) throw new WebRefusal(404, 'nothing is at this path');
    const route = routes.find((one) => one.method === (method === 'HEAD' ? 'GET' : method));
    if (route !== undefined) return { route, rest };
    const allow = routes.map((one) => (one.method === 'GET' ? 'GET, HEAD' : one.method)).join(', ');
    throw new WebRefusal(405, `at this path there is ${allow}`, { allow });
  }

  #at(path: string): { routes: readonly Route[] | undefined; rest: string } {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return { routes: exact, rest: '' };
    const open = this.#open.find(({ prefix }) => path.startsWith(prefix));
    return { routes: open?.routes, rest: open === undefined ? '' : path.slice(open.prefix.length) };
  }

  #listOf(path: string): Route[] {
    if (!path.endsWith('/*')) {
      const routes = this.#exact.get(path) ?? [];
      this.#exact.set(path, routes);
      return routes;
    }
    const prefix = path.slice(0, -1);
    let open = this.#open.find((one) => one.prefix === prefix);
    if (open === undefined) {
      open = { prefix, routes: [] };
      this.#open.push(open);
    }
    return open.routes;
  }
}
