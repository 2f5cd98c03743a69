/**
 * Where mail ends that cannot be handled: kept for a look, told to listeners, never silently dropped.
 * An ask is rejected instead; its asker knows.
 */
import type { EventBus } from './event-bus.ts';
import { Ring } from '../structures/ring.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { type ErrorCode, type Fate, TroupeError } from '../vocabulary/errors.ts';
import type { DeadLetter } from '../vocabulary/events.ts';
import type { Mistakes } from './mistakes.ts';
import { weighMessage } from '../plain-data/weight.ts';

/** Dead letters kept in a process; the oldest goes first. */
export const DEAD_LETTERS_KEPT = 1000;
/** Bytes of theirs, at most, beside the newest one: a quarter of what all queues may hold where that is less. */
export const DEAD_LETTERS_BYTES: number = 16 * 1024 * 1024;

/** A way or a mailbox that is full for now: a sender that keeps a message sends it again, within its deadline where it is an ask. */
const FULL = ['MAILBOX_FULL', 'OVERLOADED', 'NO_WORKER'] as const;
/** Codes that pass too, though askers are told at once. */
const PASSING = ['ACTOR_FAILED', 'ACTOR_STOPPED', 'SHUTTING_DOWN', 'STORE_FAILED'] as const;

const IS_FULL: ReadonlySet<ErrorCode> = new Set(FULL);
const IS_PASSING: ReadonlySet<ErrorCode> = new Set(PASSING);

/** Codes that no second try changes. */
export type FinalCode = Exclude<ErrorCode, (typeof FULL)[number] | (typeof PASSING)[number]>;

function isSentAgain({ deliveryId, replyTo }: Envelope, code: ErrorCode): boolean {
  if (deliveryId === undefined || deliveryId.number === 0) return false;
  return IS_FULL.has(code) || (replyTo === undefined && IS_PASSING.has(code));
}

export class DeadLetters {
  readonly #events: EventBus;
  readonly #clock: Clock;
  readonly #bytesMax: number;
  readonly #kept = new Ring<{ letter: DeadLetter; bytes: number; isStored: boolean }>();
  #bytes = 0;
  /** All since the start. */
  count = 0;
  /** As many for each reason, of which there are no more than codes of errors. */
  readonly byReason: Map<ErrorCode, number> = new Map();
  /** A watch that reached no host. */
  onWatchRefused: ((envelope: Envelope) => void) | undefined;

  readonly #mistakes: Mistakes | undefined;

  /** `mistakes`: where what a tell got wrong is said; undefined: nowhere. */
  constructor(events: EventBus, clock: Clock, mistakes?: Mistakes, bytesMax: number = DEAD_LETTERS_BYTES) {
    this.#events = events;
    this.#clock = clock;
    this.#mistakes = mistakes;
    this.#bytesMax = bytesMax;
  }

  /** The end of an envelope that was not executed, for good: an ask is rejected, a message becomes a dead letter. */
  refuse(envelope: Envelope, code: FinalCode, text: string): void {
    this.#end(envelope, code, text, 'not-executed');
  }

  /** As `refuse`, for a reason that may pass: a message that its sender keeps and sends again is left to it. */
  refuseUnlessResent(envelope: Envelope, code: ErrorCode, text: string, fate?: Fate, cause?: unknown): void {
    if (!isSentAgain(envelope, code)) this.#end(envelope, code, text, fate ?? 'not-executed', cause);
  }

  #end(envelope: Envelope, code: ErrorCode, text: string, fate: Fate, cause?: unknown): void {
    if (envelope.replyTo) envelope.replyTo.reject(new TroupeError(code, text, { fate, cause }));
    else if (envelope.verb === 'watch') this.onWatchRefused?.(envelope);
    else if (envelope.verb === 'message') {
      this.#mistakes?.report(envelope, code, text);
      this.add(envelope.to, envelope.message, envelope.sender, code);
    }
  }

  /** `isStored`: it is on disk, too, where it can be sent again and discarded. */
  add(to: ActorId, message: unknown, sender: ActorId | undefined, reason: ErrorCode, isStored = false): void {
    const letter: DeadLetter = { to, message, sender, reason, at: this.#clock.wall() };
    this.count++;
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1);
    this.#keep(letter, isStored);
    this.#events.emit('dead-letter', letter);
  }

  /** The newest `DEAD_LETTERS_KEPT`, as far as their bytes allow, oldest first. */
  kept(): DeadLetter[] {
    return [...this.#kept].map(({ letter }) => letter);
  }

  /** Those that are nowhere else: without those on disk. */
  keptHere(): DeadLetter[] {
    return [...this.#kept].flatMap(({ letter, isStored }) => (isStored ? [] : letter));
  }

  #keep(letter: DeadLetter, isStored: boolean): void {
    const bytes = weighMessage(letter.message);
    this.#kept.push({ letter, bytes, isStored });
    this.#bytes += bytes;
    while (this.#kept.length > DEAD_LETTERS_KEPT || (this.#bytes > this.#bytesMax && this.#kept.length > 1)) {
      this.#bytes -= this.#kept.shift()?.bytes ?? 0;
    }
  }
}
