/**
 * Connections that node:cluster has handed to a worker and that were not taken by it: a worker that hangs or dies leaves them
 * open, and their clients would wait for ever. node:cluster itself forgets them. Once the worker is over they are
 * given back, as if it had refused them, so that another one answers; one that nobody takes is closed.
 */
import type { ChildProcess } from 'node:child_process';

/** Milliseconds for another worker to get a connection that was given back; then it is closed. */
export const GIVEN_BACK_MS_MAX = 2_000;

interface Connection {
  close(): void;
}

/** The message that node:cluster sends with the handle of a connection, and what the worker answers. */
interface Handing {
  cmd?: unknown;
  act?: unknown;
  seq?: unknown;
  ack?: unknown;
}

/** Those given back that no worker has been sent since. */
const unclaimed = new Set<Connection>();

export class HandedConnections {
  readonly #process: ChildProcess;
  readonly #handed = new Map<number, Connection>();

  /** Looks on from the fork on: sequence numbers are of the messages. */
  constructor(process: ChildProcess) {
    this.#process = process;
    const send = process.send.bind(process) as (...parts: unknown[]) => boolean;
    process.send = (...parts: unknown[]): boolean => {
      this.#sent(parts[0], parts[1]);
      return send(...parts);
    };
    process.on('internalMessage', (message: Handing | null) => {
      if (typeof message?.ack === 'number') this.#handed.delete(message.ack);
    });
  }

  /** The worker is over: its channel has ended, and node:cluster hands it nothing any more. */
  giveBack(): void {
    for (const [seq, connection] of [...this.#handed]) {
      this.#handed.delete(seq);
      unclaimed.add(connection);
      // The answer that a worker gives to a connection that it does not want: node:cluster hands it to the next.
      this.#process.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: seq, accepted: false });
      setTimeout(() => unclaimed.delete(connection) && connection.close(), GIVEN_BACK_MS_MAX).unref();
    }
  }

  #sent(message: unknown, handle: unknown): void {
    const { cmd, act, seq } = (message ?? {}) as Handing;
    if (cmd !== 'NODE_CLUSTER' || act !== 'newconn' || typeof seq !== 'number' || !handle) return;
    unclaimed.delete(handle as Connection);
    this.#handed.set(seq, handle as Connection);
  }
}
