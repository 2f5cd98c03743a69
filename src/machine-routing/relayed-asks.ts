/**
 * Asks that pass through this process, the way into its machine: it asks in the place of the asker, and passes the reply on. So each process
 * between knows whom it has asked, and an ask whose host dies fails as any of this process's own would.
 */
import type { PendingReplies, PendingReply } from '../actor/pending-replies.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, isTracked, type ReplyTo } from '../vocabulary/envelope.ts';
import type { Signal } from '../vocabulary/signal.ts';

/** Milliseconds beyond the deadline, which the asker keeps: its own error says more. */
const GRACE_MS = 1_000;

export class RelayedAsks {
  readonly #pending: PendingReplies;
  readonly #open = new Map<string, PendingReply>();

  constructor(pending: PendingReplies) {
    this.#pending = pending;
  }

  get size(): number {
    return this.#open.size;
  }

  /** From now on this process waits for the reply; `asker`: where it goes on to. */
  relay(envelope: Envelope, asker: ReplyTo): void {
    const { to, deadline } = envelope;
    const { process, correlation } = asker.address();
    const key = keyOf(process, correlation);
    const relayed = this.#pending.open(
      to,
      deadline > 0 ? deadline + GRACE_MS : 0,
      undefined,
      undefined,
      undefined,
      asker,
    );
    // Its asker sends it again, whichever process here is lost.
    relayed.survivesHostLoss = isTracked(envelope);
    relayed.onSettled = () => this.#open.get(key) === relayed && this.#open.delete(key);
    if (!relayed.settled) this.#open.set(key, relayed);
    envelope.replyTo = relayed;
  }

  /** The asker waits no longer. */
  givenUp({ process, correlation }: Signal & { type: 'ask-given-up' }): void {
    this.#open.get(keyOf(process, correlation))?.abandon();
  }
}

function keyOf(process: ActorId, correlation: number): string {
  return `${process} ${correlation}`;
}
