/** The shape of a list of actors: those in memory, a page at a time, the foremost first. */
import type { ActorId } from '../vocabulary/address.ts';
import type { ActorStatus } from './actor-inspection.ts';

/** The order of a list, and which actors are in it; see `ListOptions`. */
export type ListSort =
  | 'id'
  | 'mailbox'
  | 'bytes'
  | 'busy'
  | 'rate'
  | 'latency'
  | 'errors'
  | 'restarts'
  | 'failed'
  | 'age'
  | 'children';

/** Options of `system.list`. */
export interface ListOptions {
  /** Of one kind only. Default: of all kinds. */
  kind?: string | undefined;
  /**
   * - `id` (default): all, by their ids.
   * - `mailbox`: those with waiting mail, the most messages first; `bytes`: the most bytes first.
   * - `busy`: those in a turn, the longest first.
   * - `rate`: those with the most turns in a second; `latency`: those whose turns take longest, on average. From samples of the last 10 to 20 s,
   *   taken from the first such list on, which takes a second for it, until a minute after the last one.
   * - `errors`: those that have failed, the most often first.
   * - `restarts`: those that were restarted, the most often first.
   * - `failed`: those that have failed, the last one first.
   * - `age`: all, the longest in memory first.
   * - `children`: those with children, the most first.
   */
  sort?: ListSort | undefined;
  /** Actors at once, at most, from 1 to 1 000. Default 50. */
  limit?: number | undefined;
  /** The `next` of the page before. Default: from the foremost one on. */
  after?: string | undefined;
}

/** One actor of a list. Times are milliseconds since the Unix epoch. */
export interface ListedActor {
  /** Its id. */
  id: ActorId;
  /** Index of its worker; 0 is the master. */
  worker: number;
  /** Its machine; not there where the system is one machine. */
  machine?: string | undefined;
  /** The status that its cell has. */
  status: ActorStatus;
  /** Since when; see `ActorInspection.since`. */
  since: number;
  /** When it came into memory, to the second. */
  inMemorySince: number;
  /** Type of the message in its turn; undefined: none runs, or one of its own. */
  turn: string | undefined;
  /** Messages that wait. */
  mailbox: number;
  /** Their bytes, about. */
  bytes: number;
  /** Restarts after a failure. */
  restarts: number;
  /** Failures of its handlers, hooks and children, since it came into memory. */
  failures: number;
  /** Turns in a second, about; undefined: not measured, or none was. */
  perSecond: number | undefined;
  /** Milliseconds of a turn, on average; undefined likewise. */
  handlingMs: number | undefined;
  /** When it last failed. */
  failedAt: number | undefined;
  /** Its parent. */
  parent: ActorId | undefined;
  /** Its children. */
  children: number;
}

/** A page of a list. */
export interface ActorList {
  /** The foremost first. */
  actors: ListedActor[];
  /** Actors of the kind, or of all kinds, in memory as the list was made. */
  inMemory: number;
  /** For `after`; undefined: there are no more. */
  next: string | undefined;
  /** Workers of this machine that did not answer within 5 000 ms: their actors are not in it. */
  silent: number[];
  /** Milliseconds of processor time that it took the process that had most to do. */
  workMs: number;
  /** Other machines whose actors are not in it, or not all; not there where the system is one machine. */
  silentMachines?: SilentMachine[];
}

/** A machine of which a list has not everything. */
export interface SilentMachine {
  /** Its id. */
  machine: string;
  /** Those of its workers that did not answer; none: the machine did not, within 6 000 ms. */
  workers: number[];
}

/** A list as a process is asked for it. */
export interface ListQuery {
  readonly kind: string | undefined;
  readonly sort: ListSort;
  readonly limit: number;
  /** The last one of the page before: its place in the order, and its id. */
  readonly after: readonly [rank: number, id: ActorId] | undefined;
}

/** One actor with its place in the order: the lower one first, then by id. */
export type RankedActor = readonly [rank: number, actor: ListedActor];

/** The part of a process in one list. */
export interface ListPart {
  readonly inMemory: number;
  readonly ranked: readonly RankedActor[];
  readonly hasMore: boolean;
}

/** The answer of a process to several queries, in their order. */
export interface ListsAnswer {
  readonly worker: number;
  /** Undefined: its actors are gone through as often as may be at once. */
  readonly parts: readonly ListPart[] | undefined;
  readonly workMs: number;
}
