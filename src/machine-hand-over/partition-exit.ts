/** Partitions that this machine has no more: what of their actors did not go along ends here without a word, and begins elsewhere. */
import { callNoHook } from '../actor/closing.ts';
import { endCell } from '../actor/lifecycle.ts';
import type { Cell } from '../actor/cell.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { evict, mailOf, subtreeOf } from '../actor/transfer.ts';
import { tellEnd } from '../actor/watchers.ts';
import type { DroppedTransfer } from '../handoff/incoming.ts';
import { shardOf } from '../placement/shard.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { LeftPartitions } from '../wire/control.ts';

export class PartitionExit {
  readonly #actors: LocalActors;
  readonly #refuse: (envelope: Envelope) => void;

  /** `refuse`: mail that waited for an actor whose partition others have claimed. */
  constructor(actors: LocalActors, refuse: (envelope: Envelope) => void) {
    this.#actors = actors;
    this.#refuse = refuse;
  }

  /** Mail that waited for one that was handed over goes on to where it is now. */
  leave({ partitions, handedOver }: LeftPartitions): void {
    if (partitions.length === 0) return;
    const gone = new Set(partitions);
    const live = new Set(handedOver);
    const ids = [...this.#actors.known()].filter((id) => gone.has(shardOf(id)));
    const cells = ids.flatMap((id) => this.#actors.cellOf(id) ?? []);
    // Children before their parents, which would end them in their own way; one that ends just now may still count a child that has ended.
    for (const cell of new Set(cells.flatMap(subtreeOf).reverse())) {
      if (this.#actors.cellOf(cell.id) !== cell) continue;
      const isLive = live.has(shardOf(cell.id));
      for (const envelope of this.#end(cell)) {
        if (envelope.verb === 'run') continue;
        if (isLive) cell.kernel.router.deliver(envelope);
        else this.#refuse(envelope);
      }
    }
    for (const id of ids) this.#forget(id);
  }

  /** They had come here with another machine's hand-over, and were lost before they ran. */
  neverBegan({ actors, mail }: DroppedTransfer): void {
    const { router, durability } = this.#actors.kernel;
    for (const envelope of mail) this.#refuse(envelope);
    for (const { id, watchers } of actors)
      if (!durability?.isDurable(id)) for (const watch of watchers) tellEnd(router, id, watch, 'worker-exited');
  }

  /** Its mail. */
  #end(cell: Cell): Envelope[] {
    const { id, origin } = cell;
    const { mail, stash } = mailOf(cell);
    // A watch of a durable actor outlives its place: those who watch ask for it again where it is now.
    if (cell.durable) this.#actors.watchers.take(id);
    if (isRunning(cell)) this.#kill(cell);
    // Between two incarnations, or two turns: it goes as one does that moves.
    else if (cell.status !== 'quiescent') cell.transition('quiescent');
    origin.parent?.extras.children?.forget(cell);
    this.#forget(id);
    return [...stash, ...mail];
  }

  /** Its turn is not waited for, nor is a hook called: what it would still say is said by nobody. */
  #kill(cell: Cell): void {
    callNoHook(cell);
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
