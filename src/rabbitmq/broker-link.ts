/**
 * One connection to a broker that comes back by itself, with backoff. Channels and consumers do not come back with it: whoever
 * uses it is told of each new connection, and makes its own.
 *
 *   connecting ─► connected ◄─► blocked
 *       ▲             │
 *       └── backoff ◄─┘ lost           closed: for good
 */
import { backoffMs } from '../supervision/backoff.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import type { BrokerConnection, Dial } from './broker.ts';

/** Milliseconds until a lost connection, or channel, is tried again: doubled each time. */
export const RETRY: { initialMs: number; maxMs: number; factor: number; jitter: number } = {
  initialMs: 100,
  maxMs: 5_000,
  factor: 2,
  jitter: 0.2,
};

export interface LinkUser {
  connected(connection: BrokerConnection): void;
  /** The connection is gone, and all that was on it. */
  lost(): void;
}

export interface LinkParts {
  readonly clock: Clock;
  readonly random: () => number;
  dial: Dial;
  /** For the log: what it is from now on. */
  changed(state: BrokerLink['state'], reason: string | undefined): void;
}

export class BrokerLink {
  state: 'connecting' | 'connected' | 'blocked' | 'closed' = 'connecting';
  reason: string | undefined;
  connects = 0;
  readonly #parts: LinkParts;
  readonly #users = new Set<LinkUser>();
  #connection: BrokerConnection | undefined;
  #attempts = 0;
  #retry: Timer | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  begin(): void {
    void this.#connect();
  }

  add(user: LinkUser): void {
    this.#users.add(user);
    if (this.#connection) user.connected(this.#connection);
  }

  remove(user: LinkUser): void {
    this.#users.delete(user);
  }

  async close(): Promise<void> {
    this.#retry?.cancel();
    if (this.state === 'closed') return;
    this.#becomes('closed', undefined);
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close().catch(() => {});
  }

  async #connect(): Promise<void> {
    this.#attempts++;
    let connection: BrokerConnection;
    try {
      connection = await this.#parts.dial();
    } catch (error) {
      return this.#lost(asError(error).message || 'the broker cannot be reached');
    }
    if (this.state === 'closed') return void connection.close().catch(() => {});
    this.#opened(connection);
  }

  #opened(connection: BrokerConnection): void {
    let why: string | undefined;
    connection.on('error', (error: Error) => (why = error.message));
    connection.on('close', (error?: Error) => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      for (const user of this.#users) user.lost();
      this.#lost(why ?? error?.message ?? 'the connection was closed');
    });
    connection.on('blocked', (reason: unknown) => this.#becomes('blocked', String(reason)));
    connection.on('unblocked', () => this.#becomes('connected', undefined));
    this.#connection = connection;
    this.#attempts = 0;
    this.connects++;
    this.#becomes('connected', undefined);
    for (const user of this.#users) user.connected(connection);
  }

  #lost(reason: string): void {
    if (this.state === 'closed') return;
    this.#becomes('connecting', reason);
    const { clock, random } = this.#parts;
    this.#retry = clock.setTimer(backoffMs(RETRY, Math.max(1, this.#attempts), random()), () => void this.#connect());
  }

  #becomes(state: BrokerLink['state'], reason: string | undefined): void {
    if (this.state === 'closed') return;
    const isNews = this.state !== state || this.reason !== reason;
    this.state = state;
    this.reason = reason;
    if (isNews) this.#parts.changed(state, reason);
  }
}
