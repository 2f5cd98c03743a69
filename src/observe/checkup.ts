/** Shapes of the answers that the doctor gets: of each process, and of the watchdog thread of one whose loop is blocked. */
import type { ActorId } from '../vocabulary/address.ts';

/** Actors of each kind in a checkup, at most. */
export const CHECKUP_ACTORS_MAX = 10;

/** The time that an actor had of the event loop of its process. */
export interface BusyActor {
  readonly id: ActorId;
  readonly turns: number;
  /** Milliseconds of the loop, without what it awaited. */
  readonly ms: number;
  /** The longest time in one go. */
  readonly longestMs: number;
}

export interface TimedOutAsk {
  readonly to: ActorId;
  readonly type: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** The queue of a link to another process. */
export interface LinkLoad {
  readonly to: number;
  /** Entries that wait: for the link, or for the other process to read them. */
  readonly waiting: number;
  /** Entries that were written since the link was made. */
  readonly sent: number;
}

/** A process as the doctor sees it. */
export interface Checkup {
  readonly worker: number;
  /** Milliseconds in which turns were watched; 0 at the first look, which begins it. */
  readonly watchedMs: number;
  /** Those that had the most of the loop meanwhile. */
  readonly busy: readonly BusyActor[];
  /** Those with the most waiting mail. */
  readonly mailboxes: readonly { readonly id: ActorId; readonly count: number; readonly bytes: number }[];
  /** Those that were restarted the most often. */
  readonly restarts: readonly { readonly id: ActorId; readonly restarts: number; readonly failure: string }[];
  /** Asks of this process that timed out, since it began; and the last ones. */
  readonly timeouts: number;
  readonly lastTimeouts: readonly TimedOutAsk[];
  readonly links: readonly LinkLoad[];
}

/** The code that runs in an event loop which gives no answer. */
export interface LoopRun {
  /** The actor whose turn runs; undefined: none that could be seen. */
  readonly actor?: ActorId | undefined;
  /** Type of its message. */
  readonly type?: string | undefined;
  /** Milliseconds that it has run, to a slice of the scheduler. */
  readonly forMs?: number | undefined;
  /** Functions with their files and lines, the innermost first. */
  readonly stack: readonly string[];
  /** Code that is not JavaScript runs, which cannot be looked into: a synchronous call of the system, say. */
  readonly isNative: boolean;
  /** Words behind `it`: the act of that code, as the kernel tells it. Undefined: not known, or it is JavaScript. */
  readonly native?: string | undefined;
}

/** A worker whose event loop is blocked, as its watchdog thread found it. */
export interface BlockedLoop extends LoopRun {
  readonly worker: number;
  readonly pid: number;
}
