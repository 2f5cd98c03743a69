/**
 * The way into the system of what one client sends. To durable actors it goes in the client's own stream, under the client's own
 * numbers: what comes again by another process, after the death of this one, is known there. Such a message is accepted once it is
 * committed, any other as soon as it is taken.
 */
import { createHash } from 'node:crypto';
import type { TrackedStream } from '../actor/durable-side.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { clientStream, type Envelope } from '../vocabulary/envelope.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import type { Signal } from '../vocabulary/signal.ts';

export class SessionMail implements Recipient {
  readonly #kernel: Kernel;
  readonly #name: string;
  #stream: TrackedStream | undefined;
  /** Numbers of messages that are taken and not committed, in order. */
  readonly #uncommitted = new Set<number>();
  /** Of the message that is being taken; 0: it has none. */
  #number = 0;
  /** The highest number of all that has come. */
  #last = 0;
  /** The highest number of what has no reply. */
  #taken = 0;
  /** Told when commits let the system accept more. */
  onAccepted: (() => void) | undefined;

  constructor(kernel: Kernel, session: string) {
    this.#kernel = kernel;
    // A record tells no name of a session, by which another one could take its place.
    this.#name = clientStream(kernel.address, createHash('sha256').update(session).digest('base64url').slice(0, 22));
  }

  /** All up to this number need not be sent again. */
  get accepted(): number {
    for (const first of this.#uncommitted) return first - 1;
    return this.#taken;
  }

  /** Something of it waits for a commit. */
  get isBusy(): boolean {
    return this.#uncommitted.size > 0 || (this.#stream?.size ?? 0) > 0;
  }

  /** Takes what has no reply; not what has come before. */
  once(number: number, act: () => boolean): boolean {
    if (number > 0 && number <= this.#last) return true;
    if (number > 0) this.#last = this.#taken = number;
    this.#number = number;
    try {
      return act();
    } finally {
      this.#number = 0;
    }
  }

  /** The ask that is delivered until `endMessage` has this number; it never comes again, and goes in line with the rest. */
  beginAsk(number: number): void {
    if (number <= this.#last) return;
    this.#last = number;
    this.#number = number;
  }

  endMessage(): void {
    this.#number = 0;
  }

  deliver(envelope: Envelope): boolean {
    const { verb, to, replyTo } = envelope;
    const { durability, router } = this.#kernel;
    const isInLine = verb === 'message' || verb === 'barrier';
    if (!isInLine || durability === undefined || !durability.isDurable(to)) return router.deliver(envelope);
    if (verb === 'barrier' ? this.#stream === undefined : this.#number === 0) return router.deliver(envelope);
    this.#stream ??= durability.openStream(this.#name, (numbers) => this.#gone(numbers));
    if (verb === 'barrier') {
      this.#stream.follow(envelope);
      return true;
    }
    if (replyTo === undefined) this.#uncommitted.add(this.#number);
    return this.#stream.send(envelope, this.#number);
  }

  signal(to: ActorId, signal: Signal): void {
    this.#kernel.router.signal(to, signal);
  }

  /** The session is forgotten. */
  close(): void {
    if (this.#stream !== undefined) this.#kernel.durability?.closeStream(this.#name);
  }

  #gone(numbers: readonly number[]): void {
    let hasTold = false;
    for (const number of numbers) hasTold = this.#uncommitted.delete(number) || hasTold;
    if (hasTold) this.onAccepted?.();
  }
}
