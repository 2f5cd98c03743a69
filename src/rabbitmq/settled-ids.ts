/**
 * How the messages of a queue have ended here, by their ids: an acknowledgement may be lost with its channel. They stand in two maps, of which the older one
 * is let go as a whole: to take the oldest id out of one map cost more than all else here.
 */

/** Ids that a consumer remembers, at most. */
export const SETTLED_IDS_MAX = 20_000;
/** The newest among them, which it remembers in any case. */
export const SETTLED_IDS_KEPT = 10_000;

export class SettledIds {
  #newer = new Map<string, 'ack' | 'reject'>();
  #older: ReadonlyMap<string, 'ack' | 'reject'> = new Map();

  get(id: string): 'ack' | 'reject' | undefined {
    return this.#newer.get(id) ?? this.#older.get(id);
  }

  add(id: string, end: 'ack' | 'reject'): void {
    if (this.#newer.size >= SETTLED_IDS_MAX - SETTLED_IDS_KEPT) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(id, end);
  }
}
