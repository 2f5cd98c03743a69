/** The traffic of clients: what the process that serves them counts, and a worker at its socket. */
import type { Socket } from 'node:net';
import type { ClientMetrics } from '../observe/client-metrics.ts';
import type { ClientStrangers } from './client-strangers.ts';

export class ClientTraffic {
  /** Connections that were let in. */
  accepted = 0;
  /** Tells, asks and publishes that were taken. */
  messages = 0;
  /** Of connections that stand: each counts its own bytes. */
  readonly #sockets = new Set<Socket>();
  #read = 0;
  #written = 0;

  joined(socket: Socket): void {
    this.accepted++;
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#read += socket.bytesRead;
      this.#written += socket.bytesWritten;
    });
  }

  get bytesRead(): number {
    let sum = this.#read;
    for (const { bytesRead } of this.#sockets) sum += bytesRead;
    return sum;
  }

  get bytesWritten(): number {
    let sum = this.#written;
    for (const { bytesWritten } of this.#sockets) sum += bytesWritten;
    return sum;
  }

  /** With who is there now, and who was not let in. `isDirect`: at the socket of a worker. */
  metrics(
    now: Pick<ClientMetrics, 'connected' | 'sessions'>,
    { counts: { cut, ...refused } }: ClientStrangers,
    isDirect: boolean,
  ): ClientMetrics {
    const { accepted, messages, bytesRead, bytesWritten } = this;
    return { ...now, accepted, cut, refused, messages, direct: isDirect ? messages : 0, bytesRead, bytesWritten };
  }
}
