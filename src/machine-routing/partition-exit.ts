/**
 * Partitions that this machine has no more: what of their actors did not go along ends here without a word, and begins elsewhere. Mail that
 * waited for it goes on to wherever it is now.
 */
import { endCell } from '../actor/lifecycle.ts';
import type { Cell } from '../actor/cell.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { evict, mailOf, subtreeOf } from '../actor/transfer.ts';
import { tellEnd } from '../actor/watchers.ts';
import { shardOf } from '../placement/shard.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { LeftPartitions } from '../wire/control.ts';

export class PartitionExit {
  readonly #actors: LocalActors;

  constructor(actors: LocalActors) {
    this.#actors = actors;
  }

  leave({ partitions }: LeftPartitions): void {
    if (partitions.length === 0) return;
    const gone = new Set(partitions);
    const ids = [...this.#actors.known()].filter((id) => gone.has(shardOf(id)));
    const cells = ids.flatMap((id) => this.#actors.cellOf(id) ?? []);
    for (const cell of new Set(cells.flatMap(subtreeOf))) this.#end(cell);
    for (const id of ids) if (!this.#actors.cellOf(id)) this.#forget(id);
  }

  #end(cell: Cell): void {
    const { id, kernel } = cell;
    const mail: Envelope[] = [];
    if (this.#actors.cellOf(id) === cell) {
      const { mail: waiting, stash } = mailOf(cell);
      mail.push(...stash, ...waiting);
      // A watch of a durable actor outlives its place: those who watch ask for it again where it is now.
      if (cell.durable) this.#actors.watchers.take(id);
      if (isRunning(cell)) this.#kill(cell);
      // Between two incarnations, or two turns: it goes as one does that moves.
      else if (cell.status !== 'quiescent') cell.transition('quiescent');
      this.#forget(id);
    }
    for (const envelope of mail) if (envelope.verb !== 'run') kernel.router.deliver(envelope);
  }

  /** Its turn is not waited for: what it would still say is said by nobody. */
  #kill(cell: Cell): void {
    cell.mailbox.takeAll();
    cell.mailbox.takeAside();
    endCell(cell, { reason: 'worker-exited', mail: 'deliver-again' }, 'released');
  }

  #forget(id: ActorId): void {
    const { watchers, kernel } = this.#actors;
    const watches = kernel.durability?.isDurable(id) ? [] : watchers.take(id);
    evict(this.#actors, id);
    for (const watch of watches) tellEnd(kernel.router, id, watch, 'worker-exited');
  }
}

function isRunning({ status }: Cell): boolean {
  return status === 'busy' || status === 'starting' || status === 'stopping';
}
