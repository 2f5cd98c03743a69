/**
 * The volatile resend queue: messages of the volatile senders of a process to durable actors, kept in order until they are committed
 * there. One stream for all of them: the order of each is part of the order of all.
 */
import type { TrackedStream } from '../actor/durable-side.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, DeliveryId } from '../vocabulary/envelope.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { ResendQueue } from './resend-queue.ts';

/** Messages of a process to durable actors that are not acknowledged, at most; one more is refused with OVERLOADED. */
export const KEPT_MAX = 100_000;
/** Of them to one receiver; from here on `tell` says false. */
export const KEPT_HIGH = 8_192;

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
    const { to, message, sender, replyTo, deadline, deliveryId, trace } = envelope;
    if (envelope.heavy === undefined) this.#kernel.memory.weigh(envelope, message);
    const { heavy } = envelope;
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
    if (replyTo) {
      replyTo.survivesHostLoss = true;
      replyTo.onSettled = (_reply, isAnswered) => {
        if (isAnswered) this.#done(this.#resendQueue.answered(to, number));
        else this.#resendQueue.withdraw(to, number);
      };
    }
    this.#resendQueue.add(to, {
      number,
      isAsk: replyTo !== undefined,
      sender,
      heavy,
      envelope: (previous, floor) => {
        const copy = new Envelope('message', to, message, sender, replyTo, deadline);
        copy.heavy = heavy;
        copy.trace = trace;
        copy.deliveryId = new DeliveryId(this.#stream, number, previous, floor, deliveryId?.turn);
        return copy;
      },
    });
    return this.#resendQueue.lengthOf(to) < KEPT_HIGH && this.#resendQueue.isClear;
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
