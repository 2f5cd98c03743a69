/** Mail without a route whose senders keep it: holding it here too would pile up repeats. They are asked to send it again once there may be one. */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, isTracked } from '../vocabulary/envelope.ts';

export class KeptBySenders {
  readonly #kernel: Kernel;
  #receivers = new Set<ActorId>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** False: nobody keeps it. */
  leave(envelope: Envelope): boolean {
    if (envelope.verb !== 'message' || !isTracked(envelope)) return false;
    this.#receivers.add(envelope.to);
    return true;
  }

  /** There may be a route now; those who still have none come back into the set. */
  sendAgain(): void {
    if (this.#receivers.size === 0) return;
    const receivers = this.#receivers;
    this.#receivers = new Set();
    this.#kernel.durability?.resend((id) => receivers.has(id));
  }
}
