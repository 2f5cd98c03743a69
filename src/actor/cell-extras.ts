/**
 * Extras that only some cells need: children, timers, watches, a move or an end that has begun. A cell without any shares one frozen
 * object with all others like it. `C`: the cell, which is not known here.
 */
import type { RestartIntensity } from '../supervision/restart-intensity.ts';
import type { RestartType } from '../supervision/supervision-options.ts';
import type { Ring } from '../structures/ring.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { WatchName } from '../vocabulary/signal.ts';
import type { Wait } from './ask-cycle.ts';
import type { Removal } from './durable-side.ts';

/** `mail`: what becomes of waiting mail: it activates another incarnation, or is refused with a code. */
export interface Ending {
  reason: ExitReason;
  mail: 'deliver-again' | 'ACTOR_STOPPED' | 'ACTOR_FAILED' | 'SHUTTING_DOWN' | 'UNKNOWN_KIND';
  error?: Error;
}

/** The children of a cell, as its lifecycle sees them. */
export interface Offspring<C> {
  readonly size: number;
  readonly cells: C[];
  termsOf(id: ActorId): { restart: RestartType; shutdownMs: number } | undefined;
  childFailed(cell: C, error: Error): void;
  childEnded(cell: C, reason: ExitReason, error: Error | undefined): C | undefined;
  forget(cell: C): void;
  endAll(reason: ExitReason): Promise<void>;
  killAll(): void;
}

export interface CellExtras<C> {
  children: Offspring<C> | undefined;
  timers: Set<Timer> | undefined;
  /** The envelope that an async schema looks at: still mail, its handler has not begun. */
  checking: Envelope | undefined;
  /** Waits of the present turn, or of the end that has begun. */
  waits: Set<Wait> | undefined;
  /** Target → the name of the watch. */
  watching: Map<ActorId, WatchName> | undefined;
  /** Actors that it watched and that have ended: the signal lane. */
  terminated: Ring<{ id: ActorId; reason: ExitReason }> | undefined;
  /** Turns of its own that wait in the mailbox: they cannot move. */
  ownTurns: number;
  /** Such turns while it is paused. */
  heldTurns: Envelope[] | undefined;
  /** Its start is held by a pause. */
  isStartHeld: boolean;
  /** It is to stop between two turns, and then to say so. */
  quiescing: (() => void) | undefined;
  /** Why it was between two incarnations as it was quiesced. */
  pausedBy: Error | undefined;
  /** On `Clock.now()`: when that pause ends. */
  startsAt: number;
  restarts: number;
  intensity: RestartIntensity | undefined;
  /** On `Clock.now()`; a text, since an error may hold anything. */
  lastFailure: { at: number; text: string; count: number } | undefined;
  abort: AbortController | undefined;
  abortTimer: (() => void) | undefined;
  /** Stops and spawns that wait for this cell's end or start. */
  endReplies: ReplyTo[] | undefined;
  startReplies: ReplyTo[] | undefined;
  ending: Ending | undefined;
  removal: Removal | undefined;
  /** The end of the incarnation has begun: children, onStop. */
  closing: Promise<void> | undefined;
}

export const NO_EXTRAS: Readonly<CellExtras<never>> = Object.freeze({
  children: undefined,
  timers: undefined,
  checking: undefined,
  waits: undefined,
  watching: undefined,
  terminated: undefined,
  ownTurns: 0,
  heldTurns: undefined,
  isStartHeld: false,
  quiescing: undefined,
  pausedBy: undefined,
  startsAt: 0,
  restarts: 0,
  intensity: undefined,
  lastFailure: undefined,
  abort: undefined,
  abortTimer: undefined,
  endReplies: undefined,
  startReplies: undefined,
  ending: undefined,
  removal: undefined,
  closing: undefined,
});
