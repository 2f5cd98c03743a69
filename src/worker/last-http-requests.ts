/**
 * The last HTTP requests of a worker, as its system shuts down: those in flight are answered, and the actors that they need are there until
 * then. Its servers are closed by the master; connections that nobody asks anything on do not hold it up.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { LAST_ANSWER_MS } from '../vocabulary/shutdown-times.ts';
import { IDLE_MS_MAX, keepNoConnections } from './keep-no-connections.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 10;
/** Milliseconds from the close on after which what is still open is no request: a WebSocket, or a connection without one. */
const SETTLED_MS = IDLE_MS_MAX + 50;

export class LastHttpRequests {
  #inFlight = 0;
  #hasServed = false;
  #areServersClosed = false;
  #serversClosed = (): void => {};
  readonly #closed = new Promise<void>((resolve) => (this.#serversClosed = resolve));

  /** From the start on: a count of what is in flight cannot be had later. */
  constructor() {
    subscribe('http.server.request.start', (event) => {
      this.#hasServed = true;
      this.#inFlight++;
      (event as { response: ServerResponse }).response.once('close', () => this.#inFlight--);
    });
  }

  /** Each answer is the last one of its connection from now on. Resolves when servers may close: at once where there are none. */
  async announce(): Promise<void> {
    keepNoConnections();
    // A message of node:cluster ends the channel behind the last server; here the channel stays until all has ended.
    process.disconnect = () => {
      this.#areServersClosed = true;
      this.#serversClosed();
    };
    if (this.#hasServed) await sleep(LAST_ANSWER_MS);
  }

  /** Resolves when nothing is in flight. */
  async finish(): Promise<void> {
    const settledAt = performance.now() + SETTLED_MS;
    while (!this.#areServersClosed && (this.#inFlight > 0 || performance.now() < settledAt))
      await Promise.race([sleep(LOOK_MS), this.#closed]);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
