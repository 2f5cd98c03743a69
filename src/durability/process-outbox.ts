/**
 * What the volatile senders of a process send to durable actors: kept here, in order, until it is committed there. One
 * stream for all of them: the order of each is part of the order of all.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, Stamp } from '../vocabulary/envelope.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { Outbox } from './outbox.ts';

/** Messages of a process to durable actors that are not acknowledged, at most; one more is refused with OVERLOADED. */
export const KEPT_MAX = 100_000;
/** Of them to one receiver; from here on `tell` says false. */
export const KEPT_HIGH = 8_192;

export class ProcessOutbox {
  readonly #kernel: Kernel;
  readonly #stream: string;
  readonly #outbox: Outbox;
  #lastNumber = 0;

  /** `startedAt`: of the system, since addresses come again with its next start. */
  constructor(kernel: Kernel, startedAt: number) {
    this.#kernel = kernel;
    this.#stream = `${kernel.address}@${startedAt}`;
    this.#outbox = new Outbox(
      kernel.clock,
      (envelope) => {
        if (envelope.stamp === undefined) envelope.stamp = new Stamp(this.#stream, 0, 0, 0, undefined);
        kernel.router.deliver(envelope);
      },
      kernel.memory,
    );
  }

  get size(): number {
    return this.#outbox.size;
  }

  keepsOf(senders: ReadonlySet<ActorId>): boolean {
    return this.#outbox.keepsOf(senders);
  }

  receivers(): ActorId[] {
    return this.#outbox.receivers();
  }

  send(envelope: Envelope): boolean {
    const { to, message, sender, replyTo, deadline, stamp } = envelope;
    if (envelope.heavy === undefined) this.#kernel.memory.weigh(envelope, message);
    const { heavy } = envelope;
    if (this.#outbox.size >= KEPT_MAX || !this.#outbox.hasRoomFor(envelope)) {
      const whose = 'messages of a process to durable actors wait to be committed';
      const isMany = this.#outbox.size >= KEPT_MAX;
      const text = isMany ? `at most ${KEPT_MAX} ${whose}; got one more` : this.#outbox.fullText(envelope, whose);
      this.#kernel.deadLetters.refuse(envelope, 'OVERLOADED', text);
      return false;
    }
    const number = ++this.#lastNumber;
    if (replyTo) replyTo.onSettled = () => this.#outbox.withdraw(to, number);
    this.#outbox.add(to, {
      number,
      isAsk: replyTo !== undefined,
      sender,
      heavy,
      envelope: (previous, floor) => {
        const copy = new Envelope('message', to, message, sender, replyTo, deadline);
        copy.heavy = heavy;
        copy.stamp = new Stamp(this.#stream, number, previous, floor, stamp?.turn);
        return copy;
      },
    });
    return this.#outbox.lengthOf(to) < KEPT_HIGH && this.#outbox.isClear;
  }

  /** A stop or a barrier, behind what was sent before it. */
  follow(envelope: Envelope): void {
    this.#outbox.follow(envelope.to, envelope);
  }

  acknowledged({ by, stream, number }: Signal & { type: 'acknowledged' }): void {
    if (stream === this.#stream) this.#outbox.acknowledged(by, number);
  }

  resend(to: ActorId, hasDied: boolean): void {
    this.#outbox.resend(to, hasDied);
  }

  close(): void {
    this.#outbox.clear();
  }
}
