/** The outlet of an exchange actor: what it has in its process beside its record, its publisher, and which of its messages are aside. */
import type { Cell } from '../actor/cell.ts';
import { readOutsideTurn } from '../vocabulary/outside-id.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { createHash } from 'node:crypto';
import type { Publisher } from './publisher.ts';

/** Bytes of an id that goes as it is; a longer one goes as its digest. */
const ID_BYTES_MAX = 200;

export class ExchangeOutlet {
  readonly cell: Cell;
  readonly fence: string;
  readonly publisher: Publisher;
  /** It has not begun with `onStart` here: it may have come with messages aside. */
  isNew = true;
  /** Something is aside that was not sent: all behind it waits too. */
  holdsUnsent = false;
  /** In the record, until they are done. */
  readonly #aside = new Set<Envelope>();

  constructor(cell: Cell, fence: string, publisher: Publisher) {
    this.cell = cell;
    this.fence = fence;
    this.publisher = publisher;
    for (const envelope of cell.mailbox.aside()) this.#aside.add(envelope);
  }

  get isOver(): boolean {
    const { cell, fence } = this;
    return cell.host.cellOf(cell.id) !== cell || cell.context.fence !== fence;
  }

  get hasAside(): boolean {
    return this.#aside.size > 0;
  }

  get waits(): boolean {
    return this.cell.mailbox.length > 0;
  }

  putAside(): void {
    if (this.cell.current) this.#aside.add(this.cell.current);
  }

  done(): void {
    if (this.cell.current) this.#aside.delete(this.cell.current);
  }

  /** Before all mail: what is aside comes back. */
  bringBackNext(): void {
    const { cell } = this;
    const message = { type: 'resume' };
    cell.mailbox.putBack([new Envelope('message', cell.id, message, cell.id, undefined, 0)]);
    cell.wake();
  }
}

/**
 * The id of the message that is handled, the same for every try: the number that its sender has given it. Undefined where the sender keeps no number,
 * since it lives and dies with this process.
 */
export function publicationId({ current }: Cell): string | undefined {
  const deliveryId = current?.deliveryId;
  if (!deliveryId) return undefined;
  const { stream, number, turn } = deliveryId;
  const outside = readOutsideTurn(turn);
  if (outside) return short(outside.name);
  if (number > 0) return short(`${stream}:${number}`);
  return turn === undefined ? undefined : short(turn);
}

function short(id: string): string {
  return Buffer.byteLength(id) <= ID_BYTES_MAX ? id : createHash('sha256').update(id).digest('base64url');
}
