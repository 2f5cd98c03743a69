/**
 * Where mail ends that cannot be handled: kept for a look, told to listeners, never silently dropped.
 * An ask is rejected instead; its asker knows.
 */
import type { EventBus } from '../observe/event-bus.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { type ErrorCode, type Fate, TroupeError } from '../vocabulary/errors.ts';
import type { DeadLetter } from '../vocabulary/events.ts';
import type { Mistakes } from './mistakes.ts';

/** Dead letters kept in a process; the oldest goes first. */
export const DEAD_LETTERS_KEPT = 1000;

/** A way or a mailbox that is full for now: who keeps a message sends it again, within its deadline where it is an ask. */
const FULL: ReadonlySet<ErrorCode> = new Set(['MAILBOX_FULL', 'OVERLOADED', 'NO_WORKER'] as const);
/** What passes too, though askers are told at once. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  ...(['ACTOR_FAILED', 'ACTOR_STOPPED', 'SHUTTING_DOWN', 'STORE_FAILED'] as const),
]);

function isSentAgain({ stamp, replyTo }: Envelope, code: ErrorCode): boolean {
  if (stamp === undefined || stamp.number === 0) return false;
  return FULL.has(code) || (replyTo === undefined && PASSING.has(code));
}

export class DeadLetters {
  readonly #events: EventBus;
  readonly #clock: Clock;
  readonly #kept: DeadLetter[] = [];
  #next = 0;
  /** All since the start. */
  count = 0;
  /** A watch that reached no host. */
  onWatchRefused: ((envelope: Envelope) => void) | undefined;

  readonly #mistakes: Mistakes | undefined;

  /** `mistakes`: where what a tell got wrong is said; undefined: nowhere. */
  constructor(events: EventBus, clock: Clock, mistakes?: Mistakes) {
    this.#events = events;
    this.#clock = clock;
    this.#mistakes = mistakes;
  }

  /** The end of an envelope that was not executed: an ask is rejected, a message becomes a dead letter. */
  refuse(envelope: Envelope, code: ErrorCode, text: string, fate: Fate = 'not-executed', cause?: unknown): void {
    if (isSentAgain(envelope, code)) return;
    if (envelope.replyTo) envelope.replyTo.reject(new TroupeError(code, text, { fate, cause }));
    else if (envelope.verb === 'watch') this.onWatchRefused?.(envelope);
    else if (envelope.verb === 'message') {
      this.#mistakes?.told(envelope, code, text);
      this.add(envelope.to, envelope.message, envelope.sender, code);
    }
  }

  add(to: ActorId, message: unknown, sender: ActorId | undefined, reason: ErrorCode): void {
    const letter: DeadLetter = { to, message, sender, reason, at: this.#clock.wall() };
    this.count++;
    this.#kept[this.#next] = letter;
    this.#next = (this.#next + 1) % DEAD_LETTERS_KEPT;
    this.#events.emit('dead-letter', letter);
  }

  /** The newest `DEAD_LETTERS_KEPT`, oldest first. */
  kept(): DeadLetter[] {
    return [...this.#kept.slice(this.#next), ...this.#kept.slice(0, this.#next)];
  }
}
