/** How the messages of a queue have ended here, by their ids: an acknowledgement may be lost with its channel. */

/** Ids that a consumer remembers, at most; the oldest goes first. */
export const SETTLED_IDS_MAX = 10_000;

export class SettledIds {
  readonly #ends = new Map<string, 'ack' | 'reject'>();

  get(id: string): 'ack' | 'reject' | undefined {
    return this.#ends.get(id);
  }

  add(id: string, end: 'ack' | 'reject'): void {
    this.#ends.set(id, end);
    if (this.#ends.size > SETTLED_IDS_MAX) this.#ends.delete(this.#ends.keys().next().value as string);
  }
}
