/** The messages of a durable actor: each leaves with the commit of its turn, or, where the turn waits for it, with that of all turns before. */
import type { Cell } from '../actor/cell.ts';
import { DeliveryId, type Envelope, type Message } from '../vocabulary/envelope.ts';
import type { Turn } from '../commit/turn-batch.ts';
import type { DurableParts } from './durable-parts.ts';
import type { Inbox } from './inbox.ts';
import type { Outbox } from './outbox.ts';

export interface SendingParts {
  readonly cell: Cell;
  readonly parts: Pick<DurableParts, 'isDurable'>;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  /** Once all that was done before is committed. */
  afterCommit(output: () => void): void;
}

/** `turn`: the one that runs; undefined between two. */
export class GatedSends {
  readonly #parts: SendingParts;
  /** As the last publish that has left found it. */
  #isPublishClear = true;

  constructor(parts: SendingParts) {
    this.#parts = parts;
  }

  tell(turn: Turn | undefined, envelope: Envelope): boolean {
    const { cell, parts, outbox } = this.#parts;
    const { kernel, id } = cell;
    if (!turn) return envelope.to === id ? cell.deliver(envelope) : kernel.router.deliver(envelope);
    if (parts.isDurable(envelope.to)) return outbox.tell(turn, envelope);
    turn.act((batch) => batch.after(() => kernel.router.deliver(envelope)));
    return true;
  }

  request(turn: Turn | undefined, envelope: Envelope): boolean {
    const { cell, parts, inbox, afterCommit } = this.#parts;
    // The turn waits for it, so it cannot wait for the turn.
    for (const effect of turn?.gated ?? []) if (effect.id === envelope.to) effect.go();
    if (turn && envelope.verb === 'message' && parts.isDurable(envelope.to)) {
      envelope.deliveryId = new DeliveryId('', 0, 0, 0, `${inbox.nameOf(turn)}#${++turn.asks}`);
    }
    afterCommit(() => void cell.kernel.router.deliver(envelope));
    return true;
  }

  publish(turn: Turn | undefined, topic: string, message: Message, trace?: string): boolean {
    const { kernel, id } = this.#parts.cell;
    const publish = (): unknown => (this.#isPublishClear = kernel.topics.publish(topic, message, id, trace));
    if (turn) turn.act((batch) => batch.after(publish));
    else publish();
    return this.#isPublishClear;
  }
}
