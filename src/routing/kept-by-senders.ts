/**
 * Mail without a route whose senders keep it. That of this process is not held: repeats would pile up; its senders send it again once there may be a
 * route. Senders elsewhere do not know when that is, and send again a second later, or more: their mail is held, each message once.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type DeliveryId, type Envelope, isTracked } from '../vocabulary/envelope.ts';
import type { HeldMail } from './held-mail.ts';

/** Streams to one receiver each of which something is held, that are told apart; past it all are forgotten, and a repeat may be held. */
export const HELD_STREAMS_MAX = 10_000;

/** Numbers of one stream to one receiver, from the first that is held to the last. */
interface Run {
  first: number;
  last: number;
}

export class KeptBySenders {
  readonly #kernel: Kernel;
  readonly #holds: HeldMail;
  #receivers = new Set<ActorId>();
  readonly #held = new Map<string, Run>();

  constructor(kernel: Kernel, holds: HeldMail) {
    this.#kernel = kernel;
    this.#holds = holds;
  }

  /** False: nobody keeps it, or it is to be held all the same. `isPassedOn`: from another machine. */
  leave(envelope: Envelope, isPassedOn = false): boolean {
    if (envelope.verb !== 'message' || !isTracked(envelope)) return false;
    // Where half of what may be held is, the rest is for mail that nobody keeps.
    if (isPassedOn || this.#holds.isRelayed(envelope)) return !this.#holds.isClear || this.#isRepeat(envelope);
    this.#receivers.add(envelope.to);
    return true;
  }

  /** There may be a route now; those who still have none come back into the set. */
  sendAgain(): void {
    this.#held.clear();
    if (this.#receivers.size === 0) return;
    const receivers = this.#receivers;
    this.#receivers = new Set();
    this.#kernel.durability?.resend((id) => receivers.has(id));
  }

  /** A sender sends again from the first on: one before the run that is held begins another. */
  #isRepeat({ to, deliveryId }: Envelope): boolean {
    const { stream, number } = deliveryId as DeliveryId;
    const key = `${to} ${stream}`;
    const run = this.#held.get(key);
    if (run !== undefined && number >= run.first && number <= run.last) return true;
    if (run !== undefined && number > run.last) run.last = number;
    else {
      if (this.#held.size >= HELD_STREAMS_MAX) this.#held.clear();
      this.#held.set(key, { first: number, last: number });
    }
    return false;
  }
}
