/** Counts of clients, kept by the process that serves them. */

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

/** Counts of clients, since the start where nothing else is said; all that come in by `listen` and by the control socket. */
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
  /** Bytes that were read from those who were let in. */
  bytesRead: number;
  /** Bytes that were written to them. */
  bytesWritten: number;
}
