/**
 * Partitions that this machine has no more: their actors end here without a word, and begin elsewhere. Mail that waited for them goes on to
 * wherever they are now. Those that are handed over end their turns first.
 */
import { endCell } from '../actor/lifecycle.ts';
import type { Cell } from '../actor/cell.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { quiesce } from '../actor/quiescence.ts';
import { evict, mailOf, subtreeOf } from '../actor/transfer.ts';
import { tellEnd } from '../actor/watchers.ts';
import { shardOf } from '../placement/shard.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { LeftPartitions } from '../wire/control.ts';

/** Milliseconds for the turns of actors that are handed over; one that takes longer is killed. */
export const LAST_TURN_MS_MAX = 2_000;

export class PartitionExit {
  readonly #actors: LocalActors;
  readonly #leaving = new Set<Cell>();
  #waiting: (() => void)[] = [];

  constructor(actors: LocalActors) {
    this.#actors = actors;
  }

  leave({ partitions, isHandedOver }: LeftPartitions): void {
    if (partitions.length === 0) return;
    const gone = new Set(partitions);
    const ids = [...this.#actors.known()].filter((id) => gone.has(shardOf(id)));
    const cells = ids.flatMap((id) => this.#actors.cellOf(id) ?? []);
    const all = new Set(cells.flatMap(subtreeOf));
    if (!isHandedOver) for (const cell of all) this.#end(cell);
    else this.#endAfterTurns(all);
    for (const id of ids) if (!this.#actors.cellOf(id)) this.#forget(id);
  }

  /** Resolves to true once no actor is left that was to leave. */
  whenGone(): Promise<true> {
    if (this.#leaving.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => this.#waiting.push(() => resolve(true)));
  }

  #endAfterTurns(cells: Iterable<Cell>): void {
    for (const cell of cells) this.#leaving.add(cell);
    for (const cell of cells) if (quiesce(cell, () => this.#end(cell))) this.#end(cell);
    if (this.#leaving.size === 0) return;
    const left = [...this.#leaving];
    this.#actors.kernel.clock.setTimer(LAST_TURN_MS_MAX, () => {
      for (const cell of left) if (this.#leaving.has(cell)) this.#end(cell);
    });
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
    if (!this.#leaving.delete(cell) || this.#leaving.size > 0) return;
    for (const done of this.#waiting.splice(0)) done();
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
