/**
 * How the messages of a queue have ended here, by their ids: an acknowledgement may be lost with its channel. The ids stand in a ring too, in their order: the
 * oldest one of a map that others have left is found behind all their empty places, which took ten times as long as all else here.
 */

/** Ids that a consumer remembers, at most; the oldest goes first. */
export const SETTLED_IDS_MAX = 10_000;

export class SettledIds {
  readonly #ends = new Map<string, 'ack' | 'reject'>();
  readonly #order: string[] = [];
  /** Where the oldest is, once the ring is full. */
  #oldest = 0;

  get(id: string): 'ack' | 'reject' | undefined {
    return this.#ends.get(id);
  }

  add(id: string, end: 'ack' | 'reject'): void {
    const isKnown = this.#ends.has(id);
    this.#ends.set(id, end);
    if (isKnown) return;
    if (this.#order.length < SETTLED_IDS_MAX) {
      this.#order.push(id);
      return;
    }
    this.#ends.delete(this.#order[this.#oldest] as string);
    this.#order[this.#oldest] = id;
    this.#oldest = (this.#oldest + 1) % SETTLED_IDS_MAX;
  }
}
