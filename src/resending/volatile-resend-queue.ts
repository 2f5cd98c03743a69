/**
 * The volatile resend queue: messages of the volatile senders of a process to durable actors, kept in order until they are committed
 * there. One stream for all of them: the order of each is part of the order of all.
 */
import type { TrackedStream } from '../actor/durable-side.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, DeliveryId } from '../vocabulary/envelope.ts';
import type { OutsideId } from '../vocabulary/outside-id.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { type OutboxEntry, ResendQueue } from './resend-queue.ts';

/** Messages of a process to durable actors that are not acknowledged, at most; one more is refused with OVERLOADED. */
export const KEPT_MAX = 100_000;
/** Of them to one receiver; from here on `tell` says false. */
export const KEPT_HIGH = 8_192;

/** A message as it is sent again. The envelope that it came in is the first that goes: most are sent once (scenario rabbitmq). */
class KeptMessage implements OutboxEntry {
  readonly number: number;
  readonly isAsk: boolean;
  readonly sender: ActorId | undefined;
  readonly heavy: Envelope['heavy'];
  isSuspect = false;
  readonly #stream: string;
  readonly #to: ActorId;
  readonly #message: unknown;
  readonly #replyTo: Envelope['replyTo'];
  readonly #deadline: number;
  readonly #trace: string | undefined;
  readonly #turn: string | undefined;
  readonly #outside: OutsideId | undefined;
  #fresh: Envelope | undefined;

  constructor(stream: string, number: number, envelope: Envelope) {
    const { to, message, sender, replyTo, deadline, deliveryId, heavy, trace } = envelope;
    this.#stream = stream;
    this.number = number;
    this.isAsk = replyTo !== undefined;
    this.sender = sender;
    this.heavy = heavy;
    this.#to = to;
    this.#message = message;
    this.#replyTo = replyTo;
    this.#deadline = deadline;
    this.#trace = trace;
    this.#turn = deliveryId?.turn;
    this.#outside = deliveryId?.outside;
    this.#fresh = envelope;
  }

  envelope(previous: number, floor: number): Envelope {
    const envelope = this.#fresh ?? this.#copy();
    this.#fresh = undefined;
    const { number } = this;
    envelope.deliveryId = new DeliveryId(this.#stream, number, previous, floor, this.#turn, false, this.#outside);
    return envelope;
  }

  #copy(): Envelope {
    const copy = new Envelope('message', this.#to, this.#message, this.sender, this.#replyTo, this.#deadline);
    copy.heavy = this.heavy;
    copy.trace = this.#trace;
    return copy;
  }
}

export class VolatileResendQueue implements TrackedStream {
  readonly #kernel: Kernel;
  readonly #stream: string;
  readonly #resendQueue: ResendQueue;
  readonly #gone: ((numbers: readonly number[]) => void) | undefined;
  #lastNumber = 0;

  /** `gone`: messages of these numbers are committed, or were refused. */
  constructor(kernel: Kernel, stream: string, gone?: (numbers: readonly number[]) => void) {
    this.#kernel = kernel;
    this.#stream = stream;
    this.#gone = gone;
    this.#resendQueue = new ResendQueue(
      kernel.clock,
      (envelope) => {
        if (envelope.deliveryId === undefined) envelope.deliveryId = new DeliveryId(this.#stream, 0, 0, 0, undefined);
        kernel.router.deliver(envelope);
      },
      kernel.memory,
      (to) => kernel.pauses?.isPaused(to) === true,
    );
  }

  get size(): number {
    return this.#resendQueue.size;
  }

  keepsOf(senders: ReadonlySet<ActorId>): boolean {
    return this.#resendQueue.keepsOf(senders);
  }

  receivers(): ActorId[] {
    return this.#resendQueue.receivers();
  }

  send(envelope: Envelope, number: number = this.#lastNumber + 1): boolean {
    const { to, message, replyTo } = envelope;
    if (envelope.heavy === undefined) this.#kernel.memory.weigh(envelope, message);
    if (this.#resendQueue.size >= KEPT_MAX || !this.#resendQueue.hasRoomFor(envelope)) {
      const whose = 'messages of a process to durable actors wait to be committed';
      const isMany = this.#resendQueue.size >= KEPT_MAX;
      const text = isMany
        ? `${KEPT_MAX} ${whose}, which is the limit; one more is rejected`
        : this.#resendQueue.fullText(envelope, whose);
      this.#kernel.deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', text);
      this.#gone?.([number]);
      return false;
    }
    this.#lastNumber = number;
    const kept = new KeptMessage(this.#stream, number, envelope);
    if (replyTo) {
      replyTo.survivesHostLoss = true;
      replyTo.onSettled = (_reply, isAnswered) => {
        if (isAnswered) this.#done(this.#resendQueue.answered(to, number));
        else this.#resendQueue.withdraw(to, number);
      };
    }
    return this.#resendQueue.add(to, kept) < KEPT_HIGH && this.#resendQueue.isClear;
  }

  /** A stop or a barrier, behind what was sent before it. */
  follow(envelope: Envelope): void {
    this.#resendQueue.follow(envelope.to, envelope);
  }

  acknowledged({ by, stream, number }: Signal & { type: 'acknowledged' }): void {
    if (stream !== this.#stream) return;
    this.#done(this.#resendQueue.acknowledged(by, number));
  }

  #done(numbers: readonly number[]): void {
    if (numbers.length > 0) this.#gone?.(numbers);
  }

  resend(to: ActorId, hasDied: boolean): void {
    this.#resendQueue.resend(to, hasDied);
  }

  close(): void {
    this.#resendQueue.clear();
  }
}
