/**
 * Turns of an actor's own, of a machine's clock or of what it has invoked, while the actor is paused. They are no mail and cannot travel, so
 * they are kept beside the mailbox, where they hold up no move; a move forgets them, as if what brings them had not ended yet.
 */
import type { Envelope } from '../vocabulary/envelope.ts';
import type { CellExtras } from './cell-extras.ts';

interface Holder {
  readonly mailbox: { removeFirst(isIt: (envelope: Envelope) => boolean): Envelope | undefined };
  readonly extras: Pick<CellExtras<never>, 'ownTurns' | 'heldTurns'>;
  readonly own: Pick<CellExtras<never>, 'ownTurns' | 'heldTurns'>;
  deliverOwn(envelope: Envelope): void;
}

/** Those that wait in the mailbox, as the pause begins and while it holds. */
export function holdOwnTurns(cell: Holder): void {
  while (cell.extras.ownTurns > 0) {
    const envelope = cell.mailbox.removeFirst(({ verb }) => verb === 'run');
    if (envelope === undefined) return;
    cell.own.ownTurns--;
    (cell.own.heldTurns ??= []).push(envelope);
  }
}

/** They are mail again, in their order. */
export function giveOwnTurns(cell: Holder): void {
  const held = cell.extras.heldTurns;
  if (held === undefined) return;
  cell.own.heldTurns = undefined;
  for (const envelope of held) {
    cell.own.ownTurns++;
    cell.deliverOwn(envelope);
  }
}
