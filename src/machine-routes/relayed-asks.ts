/**
 * Asks that pass through this process, the way into its machine: it asks in the place of the asker, and passes the reply on. So each process
 * between knows whom it has asked, and an ask whose host dies fails as any of this process's own would.
 */
import type { PendingReplies, PendingReply } from '../actor/pending-replies.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, isTracked, type ReplyTo } from '../vocabulary/envelope.ts';
import type { Signal } from '../vocabulary/signal.ts';

/** Milliseconds beyond the deadline, which the asker keeps: its own error says more. */
export const GRACE_MS = 1_000;

interface RelayedAsk {
  readonly reply: PendingReply;
  readonly asker: ReplyTo;
  /** Its asker sends it again, wherever it is then. */
  readonly isSentAgain: boolean;
}

export class RelayedAsks {
  readonly #pending: PendingReplies;
  readonly #open = new Map<string, RelayedAsk>();

  constructor(pending: PendingReplies) {
    this.#pending = pending;
  }

  get size(): number {
    return this.#open.size;
  }

  /** From now on this process waits for the reply; `asker`: where it goes on to. */
  relay(envelope: Envelope, asker: ReplyTo): void {
    const { process, correlation } = asker.address();
    const key = keyOf(process, correlation);
    const known = this.#open.get(key);
    // Sent again, it is the same ask.
    envelope.replyTo = known?.reply ?? this.#begin(key, envelope, asker);
  }

  /** The asker waits no longer. */
  givenUp({ process, correlation }: Signal & { type: 'ask-given-up' }): void {
    this.#open.get(keyOf(process, correlation))?.reply.abandon();
  }

  /**
   * Asks that are sent again, to another machine than this: they are answered past this process. No host is told that they are given up: a
   * copy that this process has passed on may be on its way to the same actor, and one that is refused takes its number in the stream with it.
   */
  moved(hasMoved: (target: ActorId) => boolean): void {
    for (const { reply, asker, isSentAgain } of [...this.#open.values()]) {
      if (!isSentAgain || !hasMoved(reply.target)) continue;
      asker.leave?.();
      reply.forget();
    }
  }

  #begin(key: string, envelope: Envelope, asker: ReplyTo): PendingReply {
    const { to, deadline } = envelope;
    const ends = deadline > 0 ? deadline + GRACE_MS : 0;
    const reply = this.#pending.open(to, ends, undefined, undefined, undefined, asker);
    const isSentAgain = isTracked(envelope);
    // Whichever process here is lost.
    reply.survivesHostLoss = isSentAgain;
    reply.onSettled = () => this.#open.delete(key);
    if (!reply.settled) this.#open.set(key, { reply, asker, isSentAgain });
    return reply;
  }
}

function keyOf(process: ActorId, correlation: number): string {
  return `${process} ${correlation}`;
}
