/** The shape of an inspection: what an actor does, since when, what it waits for, and what waits behind it. */
import type { ActorId } from '../vocabulary/address.ts';
import type { Pause } from '../vocabulary/pause.ts';

/**
 * The state of an actor as an inspection finds it.
 * - `starting`: its record is read, or `state` and `onStart` run.
 * - `ready`: between two turns.
 * - `busy`: a turn runs.
 * - `moving`: it waits to go to another worker.
 * - `restarting`: between two incarnations, after a failure.
 * - `paused`: it begins no turn; see `pause`. One that is in memory, and in no turn any more.
 * - `stopping`: its children end, then `onStop` runs.
 * - `passivated`: not in memory; it has a record, or was spawned, and the next message brings it back.
 * - `failed`: past its restart intensity; mail is refused until `until`.
 * - `absent`: nothing is known under this id; a message would bring it to life.
 */
export type ActorStatus =
  | 'starting'
  | 'ready'
  | 'busy'
  | 'moving'
  | 'restarting'
  | 'paused'
  | 'stopping'
  | 'passivated'
  | 'failed'
  | 'absent';

/** The turn that runs. Times are milliseconds since the Unix epoch. */
export interface TurnInspection {
  /** Type of the message; undefined: a turn of its own, of a machine's clock say, or the end of a watched actor. */
  type: string | undefined;
  /** The actor that sent it; undefined: a process, a client or a topic. */
  sender: ActorId | undefined;
  /** When it began, exact to a slice of the scheduler (10 ms, or the one long turn before it). */
  since: number;
  /** When its asker gives up; undefined: it was told, or has none. */
  deadline: number | undefined;
}

/** One thing that an actor waits for. Times are milliseconds since the Unix epoch. */
export interface WaitInspection {
  /**
   * - `reply`: of an ask of this turn. `end`: of an actor that it stops. `child`: the start or end of a child.
   * - `check`: an async schema, or a turn on probation. `start`: its record, `state` or `onStart`.
   * - `commit`: the store. `room`: too many turns of its process are not committed.
   * - `resume`: `system.resume()`, or its turn at the rate of one.
   * - `backoff`: the next start. `stop`: its children or `onStop`. `move`: the new host.
   */
  what: 'reply' | 'end' | 'child' | 'check' | 'start' | 'commit' | 'room' | 'backoff' | 'stop' | 'move' | 'resume';
  /** The actor that is waited for. */
  of?: ActorId;
  /** Type of the message that was sent. */
  type?: string;
  /** Since when, where that is known. */
  since?: number;
  /** Until when, at most. */
  until?: number;
}

/** A message that waits. Times are milliseconds since the Unix epoch. */
export interface WaitingMail {
  /** Type of the message; `stop` and the like in parentheses. */
  type: string;
  /** The actor that sent it. */
  sender: ActorId | undefined;
  /** When its asker gives up. */
  deadline: number | undefined;
}

/** The mailbox of an actor. */
export interface MailboxInspection {
  /** Messages that wait. */
  count: number;
  /** Their bytes, about. */
  bytes: number;
  /** The first 10, in order. */
  first: WaitingMail[];
  /** Messages by type, of the first 1 000; at most 50 types. */
  types: Record<string, number>;
  /**
   * Milliseconds that the first one has waited, at least: since an ask of the same process was made, or since an inspection first
   * found it in front. 0 where it was not seen before; undefined where none waits.
   */
  oldestWaitMs: number | undefined;
}

/** The first 50 of something, and how many there are. */
export interface Listed<T> {
  /** All of them. */
  count: number;
  /** The first 50. */
  first: T[];
}

/** A timer or a reminder. */
export interface TimerInspection {
  /** Of a reminder. */
  name?: string;
  /** When it is due, in milliseconds since the Unix epoch. */
  at: number;
  /** Milliseconds between two beats; undefined: once. */
  everyMs: number | undefined;
  /** Type of its message. */
  type: string;
}

/** An actor as `system.inspect(id)` finds it. Times are milliseconds since the Unix epoch; texts are cut at 256 characters. */
export interface ActorInspection {
  /** Its id. */
  id: ActorId;
  /** Its kind. */
  kind: string;
  /** Index of the worker that runs it, or would; 0 is the master. Undefined: it is placed at its first use. */
  worker: number | undefined;
  /** Its machine; not there where the system is one machine. */
  machine?: string | undefined;
  /** Process id of that worker. */
  pid: number | undefined;
  /** Whether its turns are committed to the store. */
  durable: boolean;
  /** The status that its cell has. */
  status: ActorStatus;
  /** Since when: the end of its last turn, the begin of the present one, of a start, a pause or an end. Undefined: not in memory. */
  since: number | undefined;
  /** When it came into memory, to the second; undefined: it is not there. */
  inMemorySince: number | undefined;
  /** The fence of its incarnation, as `ctx.fence`; undefined: it is not in memory. */
  fence: string | undefined;
  /** Of `failed` and `passivated`: until when mail is refused, when it wakes up by itself. */
  until: number | undefined;
  /** Its pause, or the rate at which it was resumed; undefined: none. Also of one that is not in memory, or still in a turn. */
  pause: Pause | undefined;
  /** The turn that runs. */
  turn: TurnInspection | undefined;
  /** Its waits, at most 50. None while `busy`: its handler awaits what is no affair of the system, I/O say. */
  waitsFor: WaitInspection[];
  /** The mail that waits behind it. */
  mailbox: MailboxInspection;
  /** Messages that it has put aside. */
  stash: { count: number };
  /** Of a durable actor: messages to durable ones that are not acknowledged. */
  outbox: { count: number };
  /** Timers of this incarnation, the next one first; those of a machine are not among them. */
  timers: Listed<TimerInspection>;
  /** Reminders of a durable actor, the next one first. */
  reminders: Listed<TimerInspection>;
  /** Actors and processes (`~1.1`) that watch it. */
  watchers: Listed<ActorId>;
  /** Actors that it watches. */
  watching: Listed<ActorId>;
  /** Its children, in order of start. */
  children: Listed<ActorId>;
  /** Its parent. */
  parent: ActorId | undefined;
  /** Topics that it is subscribed to. */
  topics: Listed<string>;
  /**
   * Its state as JSON data: maps and sets as lists, dates as ISO texts, refs as their ids, of bytes the count. Of a machine: its value,
   * context and status. Undefined where there is none, or while it starts.
   */
  state: unknown;
  /** Why the state is not whole: it has more than 16 KiB, or is too deep. */
  stateCut: string | undefined;
  /** Restarts after a failure, since it came into memory. */
  restarts: number;
  /** The last failure of a handler, hook or child, since it came into memory. */
  lastFailure: { at: number; error: string } | undefined;
}
