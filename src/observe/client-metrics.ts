/** Counts of clients: those of the process that serves them, and of the sockets of workers at which they ask without it. */

/** Connections that were not let in since the start, or that were closed for what they sent, by cause. */
export interface ClientRefusals {
  /** No token or certificate that is known. */
  token: number;
  /** Another version of the protocol. */
  version: number;
  /** Bytes that no client sends, or an end in the middle of the greeting. */
  bytes: number;
  /** No greeting within `handshakeMs`. */
  silence: number;
  /** An address that was refused again and again. */
  rate: number;
  /** As many connections as there may be stood already. */
  full: number;
  /** No TLS connection came about. */
  tls: number;
  /** A page of an origin that is not among `origins`. */
  origin: number;
}

/**
 * Counts of clients, since the start where nothing else is said; all that come in by `listen` and by the control socket. Asks at the sockets of workers, and the bytes and
 * refusals there, are among them, since each of the present workers began. A client that has come to sockets of workers as well is one connection here.
 */
export interface ClientMetrics {
  /** Connections now. */
  connected: number;
  /** Sessions that are remembered now, those with a connection too. */
  sessions: number;
  /** Connections that were let in. */
  accepted: number;
  /** Connections that were cut: the client did not read, or gave no sign of life. */
  cut: number;
  /** Connections that were not let in, by cause. */
  refused: ClientRefusals;
  /** Messages that were taken from clients: told, asked and published ones. */
  messages: number;
  /** Of them: asks that were taken at the sockets of workers. */
  direct: number;
  /** Bytes that were read from those who were let in. */
  bytesRead: number;
  /** Bytes that were written to them. */
  bytesWritten: number;
}

/** Of the whole system. The connections are those of the serving process: the same clients come to sockets of workers. */
export function withDirect(served: ClientMetrics, atWorkers: readonly ClientMetrics[]): ClientMetrics {
  const sum = { ...served, refused: { ...served.refused } };
  for (const { refused, cut, messages, direct, bytesRead, bytesWritten } of atWorkers) {
    sum.cut += cut;
    sum.messages += messages;
    sum.direct += direct;
    sum.bytesRead += bytesRead;
    sum.bytesWritten += bytesWritten;
    for (const cause of Object.keys(refused) as (keyof ClientRefusals)[]) sum.refused[cause] += refused[cause];
  }
  return sum;
}
