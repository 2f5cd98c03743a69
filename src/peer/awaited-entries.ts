/**
 * When the asks and replies that wait for a link go at once, without waiting for the end of the turn: somebody waits for them, and the
 * other process works on the first of them while this one goes on (S5). Of one turn the next go when they are twice as many: by then the other one has
 * enough to do, and a write costs as much as ten asks (D1). A process with more than two links has others that work already: there more wait
 * at first, else a burst over four workers goes in frames of 20 turns (D1).
 */

/** Asks and replies that go at once, the first time in a turn, for each link of the process but one. */
export const AWAITED_ENTRIES = 32;
/** At most so many wait for more. */
export const AWAITED_ENTRIES_MAX = 256;

export class AwaitedEntries {
  #count = 0;
  #max = AWAITED_ENTRIES;

  /** One more. True: they go now. */
  add(): boolean {
    if (++this.#count < this.#max) return false;
    this.#max = Math.min(AWAITED_ENTRIES_MAX, this.#max * 2);
    return true;
  }

  gone(): void {
    this.#count = 0;
  }

  /** `links`: of the process. */
  turnEnded(links = 1): void {
    this.#max = Math.min(AWAITED_ENTRIES_MAX, AWAITED_ENTRIES * Math.max(1, links - 1));
  }
}
