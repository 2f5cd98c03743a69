/** Messages between the master and the thread that owns the store. */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorData } from '../vocabulary/errors.ts';
import type { PostgresPlace } from '../store-postgres/postgres-store.ts';
import type { DataCheck } from '../store/data-check.ts';

export interface OwnerSeed {
  /** Of the store. */
  readonly folder: string;
  /** The store is in a database instead. */
  readonly postgres: PostgresPlace | undefined;
  /** Milliseconds since the Unix epoch: no start of a store in a database is earlier. */
  readonly startsAfter: number;
  /** Of sockets; only the user may enter it. */
  readonly socketDir: string;
  readonly system: string;
  readonly token: string;
  /** Microseconds that it stays awake after a link was active. */
  readonly pollMicros: number;
}

export interface OwnerBoot extends OwnerSeed {
  /** Processes that died come over it; it is read just before a read of the store. */
  readonly deaths: MessagePort;
  /** Why everything fails, as for the thread before. */
  readonly failure: string | undefined;
}

export type ToOwner = { type: 'fail'; reason: string } | { type: 'close' };

export type FromOwner =
  | { type: 'ready'; path: string; startedAt: number | undefined }
  | { type: 'refused'; error: ErrorData }
  /** An error that nothing caught; the thread ends once its last commits are written. */
  | { type: 'failed'; error: ErrorData }
  /** The store writes under another name. */
  | { type: 'entered'; writer: string; epoch: number }
  | { type: 'missing'; pages: number }
  | { type: 'printed'; text: string }
  | { type: 'checked'; check: DataCheck };
