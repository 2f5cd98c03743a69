/**
 * Mail past the old owner of a partition waits until the mail that went through it has arrived: both go to the same actors, on two ways. The old
 * owner is asked, behind that mail, whether all that it has passed on is with its receivers. One that is lost gives no answer: then the new owner is asked
 * whether it has read all that came from there (`lost-routes`).
 */
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { LinkFlushes } from '../peer/link-flushes.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { machineIndexOf } from '../vocabulary/host-index.ts';
import type { LostRoutes } from './lost-routes.ts';
import { whenPassed } from './passed-mail.ts';

export interface PassingParts {
  readonly clock: Clock;
  readonly flushes: LinkFlushes;
  readonly lostRoutes: Pick<LostRoutes, 'sourceOf' | 'linkedAnew' | 'read'>;
  /** Other partitions wait now. */
  changed(): void;
}

interface Passing {
  readonly partitions: ReadonlySet<number>;
  readonly through: OutboundQueue;
  /** The machine where they are now, by its index. */
  readonly to: number;
  readonly end: () => void;
  /** The old owner gives no answer any more. */
  readonly lost: () => void;
}

export class PassingMail {
  readonly #parts: PassingParts;
  readonly #open = new Set<Passing>();

  constructor(parts: PassingParts) {
    this.#parts = parts;
  }

  /** All that wait for their old owners. */
  partitions(): Set<number> {
    const all = new Set<number>();
    for (const { partitions } of this.#open) for (const partition of partitions) all.add(partition);
    return all;
  }

  /** Their mail does not take that link any more; `to`: the machine, or the worker here, that has them now. */
  begin(partitions: ReadonlySet<number>, through: OutboundQueue, to: number): void {
    let cancel = (): void => {};
    const end = (): void => {
      if (!this.#open.delete(passing)) return;
      cancel();
      this.#parts.changed();
    };
    const { lostRoutes } = this.#parts;
    const source = lostRoutes.sourceOf(through);
    let isLost = false;
    const lost = (): void => {
      if (isLost) return;
      isLost = true;
      cancel();
      // This machine has another name, and the old owner may not have passed on all that it sent by the one before.
      const again = lostRoutes.linkedAnew(through);
      if (again) this.begin(partitions, again, to);
      if (again || source === undefined) return end();
      void lostRoutes.read(source, to).then(end);
    };
    const passing = { partitions, through, to, end, lost };
    this.#open.add(passing);
    cancel = whenPassed(this.#parts, through, (hasEnded) => (hasEnded ? lost() : end()));
  }

  /** Mail waits for what went that way. */
  isThrough(peer: OutboundQueue): boolean {
    for (const { through } of this.#open) if (through === peer) return true;
    return false;
  }

  /** Their mail takes the way in of that machine again, as what it waits for does, or is behind that. */
  endWithin(machine: number): void {
    for (const { through, to, end } of [...this.#open])
      if (to === machine && machineIndexOf(through.index) === machine) end();
  }

  /** The old owner has left: nothing more is passed on by it. */
  ended(through: OutboundQueue): void {
    for (const passing of [...this.#open]) if (passing.through === through) passing.lost();
  }
}
