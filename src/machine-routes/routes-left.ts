/** Workers of other machines that no shard is at any more are told, behind the last mail, that nothing more comes: one that retires waits for that. */
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { PlacementTable } from '../placement/placement-table.ts';
import { CALL } from '../wire/entry.ts';

/** A call without an answer. */
export const ROUTE_LEFT = 'route-left';

export class RoutesLeft {
  readonly #table: () => PlacementTable;
  /** Each with how often its link had ended by then. */
  readonly #told = new Map<OutboundQueue, number>();

  constructor(table: () => PlacementTable) {
    this.#table = table;
  }

  /** `isPassing`: mail waits for what went that way. */
  look(workers: Iterable<OutboundQueue>, isPassing: (worker: OutboundQueue) => boolean): void {
    const linked = [...workers].filter(({ link, ended }) => link !== undefined && !ended);
    for (const worker of this.#told.keys()) if (!linked.includes(worker)) this.#told.delete(worker);
    if (linked.length === 0) return;
    const named = this.#table().shardHosts();
    for (const worker of linked) {
      if (named.has(worker.index)) this.#told.delete(worker);
      else if (!isPassing(worker) && this.#told.get(worker) !== worker.ends) {
        this.#told.set(worker, worker.ends);
        worker.note(CALL, 0, ROUTE_LEFT, []);
      }
    }
  }
}
