/**
 * The page in which a system is seen and steered, seen from the server: its files, an address with JSON for each screen (`/api/overview`), the same
 * live (`/api/stream?screen=overview`), and an address for each change (`POST /api/do/stop`).
 * docs/decisions/0084-the-page.md says why it is as it is.
 */
import { CLIENT_RIGHTS, Rights } from '../gateway/rights.ts';
import type { HistoryOptions } from '../observe/turn-history.ts';
import type { SystemFacts } from '../observe/system-facts.ts';
import type { System } from '../system/system.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { type Answer, json, type Route, type StreamedAnswer, type WebRequest, WebRefusal } from '../web/route.ts';
import type { WebAddress } from '../web/web-options.ts';
import { CHANGES, change } from './changes.ts';
import { EventRecord } from './event-record.ts';
import type { Ground } from './ground.ts';
import { LastTurns } from './last-turns.ts';
import { pageFileRoutes } from './page-files.ts';
import { Panels } from './panels.ts';
import { Redaction } from '../inspection/redaction.ts';
import { LiveScreens } from './live-screens.ts';
import { SCREENS } from './screens.ts';

/** A header that a page of somebody else cannot send without asking first, and is then refused. */
export const CHANGE_HEADER = 'x-troupe-change';

export interface DashboardParts {
  readonly system: System;
  readonly clock: Clock;
  readonly history: HistoryOptions | undefined;
  readonly facts: SystemFacts;
  /** Whether the system has such a kind. */
  isKind(kind: string): boolean;
}

export class Dashboard {
  readonly #ground: Ground;
  readonly #liveScreens: LiveScreens;
  readonly #panels: Panels;

  constructor({ system, clock, isKind, ...parts }: DashboardParts, { readOnly, redact, panels }: WebAddress) {
    this.#panels = new Panels(panels);
    this.#ground = {
      ...{ ...parts, system, clock, readOnly, startedAt: clock.wall(), panels: this.#panels.kinds },
      rights: new Rights('the page', readOnly ? ['observe', 'read'] : CLIENT_RIGHTS, ['*']),
      redaction: new Redaction(redact, isKind),
      ...{ events: new EventRecord(system, clock), lastTurns: new LastTurns(system, clock) },
    };
    this.#liveScreens = new LiveScreens(this.#ground);
  }

  routes(folder?: URL): Route[] {
    const screens = Object.entries(SCREENS).map(
      ([name, screen]): Route => ({
        ...{ method: 'GET', path: `/api/${name}`, needs: 'observe' },
        handle: async ({ query }) => json((await screen.look(this.#ground, query)) ?? null),
      }),
    );
    const changes = Object.keys(CHANGES).map(
      (name): Route => ({
        ...{ method: 'POST', path: `/api/do/${name}`, needs: 'admin' },
        handle: (request) => this.#change(name, request),
      }),
    );
    const stream: Route = {
      ...{ method: 'GET', path: '/api/stream', needs: 'observe' },
      handle: (request) => this.#stream(request),
    };
    return [...pageFileRoutes(folder), ...this.#panels.routes(), ...screens, ...changes, stream];
  }

  async #change(name: string, { raw, json: body }: WebRequest): Promise<Answer> {
    if (raw.headers[CHANGE_HEADER] === undefined)
      throw new WebRefusal(403, `expected the header ${CHANGE_HEADER}, which pages of others cannot send`);
    return json((await change(this.#ground, name, await body())) ?? null);
  }

  #stream({ query, signal }: WebRequest): StreamedAnswer {
    const params = new URLSearchParams(query);
    const name = params.get('screen') ?? '';
    params.delete('screen');
    params.sort();
    this.#liveScreens.check(name);
    return {
      type: 'text/event-stream; charset=utf-8',
      stream: (response) => this.#liveScreens.open(name, params, response, signal),
    };
  }
}
