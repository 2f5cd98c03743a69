/**
 * The system seen over HTTP: health and metrics, and the page where there is one. The process that serves is the master, or the
 * only process. docs/decisions/0080-health-and-the-end.md says in which order it ends.
 */
import type { Log } from '../observe/log.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Health } from './health.ts';
import type { Route } from './route.ts';
import { WebListener } from './web-listener.ts';
import type { WebAddress } from './web-options.ts';

export interface WebParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: readonly WebAddress[];
  readonly health: Health;
  /** At each address. */
  readonly routes: readonly Route[];
  /** Where there is a page: beside these, at that address. */
  readonly pageRoutes: (address: WebAddress) => readonly Route[];
}

export class Web {
  readonly #log: Log;
  readonly #health: Health;
  readonly #addresses: readonly WebAddress[];
  readonly #listeners: WebListener[];

  constructor({ clock, log, addresses, health, routes, pageRoutes }: WebParts) {
    this.#log = log;
    this.#health = health;
    this.#addresses = addresses;
    this.#listeners = addresses.map((address) => {
      const all = [...health.routes(), ...routes, ...(address.option === 'dashboard' ? pageRoutes(address) : [])];
      return new WebListener(address, all, { clock, log });
    });
  }

  /** Takes the addresses. Rejects INVALID_OPTIONS where one is not to be had; none is kept then. */
  async open(): Promise<void> {
    try {
      for (const listener of this.#listeners) await listener.open();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** The system has started. */
  begin(): void {
    this.#health.started();
    for (const [n, { url }] of this.#listeners.entries()) {
      const page = this.#addresses[n]?.option === 'dashboard' ? 'the page, ' : '';
      this.#log.info({ url }, `${page}metrics and health are at ${url}`);
    }
  }

  /** The system ends: it is not ready any more, and is looked at until it has ended. */
  drain(): void {
    this.#health.drains();
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}
