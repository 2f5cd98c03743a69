/** How the messages of a queue have ended here, by their ids: an acknowledgement may be lost with its channel. */
import { HashedRing, hashOf, NO_SLOT } from '../structures/hashed-ring.ts';

/** Ids that a consumer remembers, at most: the newest. */
export const SETTLED_IDS_MAX = 16_384;
/** Slots to begin with. */
const SLOTS_INITIAL = 1_024;

export class SettledIds {
  #ring = new HashedRing(SLOTS_INITIAL);
  readonly #ids: string[] = [];
  readonly #ends: ('ack' | 'reject')[] = [];

  get(id: string): 'ack' | 'reject' | undefined {
    const hash = hashOf(id);
    let slot = this.#ring.find(hash);
    while (slot !== NO_SLOT && this.#ids[slot] !== id) slot = this.#ring.find(hash, slot);
    return this.#ends[slot];
  }

  add(id: string, end: 'ack' | 'reject'): void {
    if (this.#ring.isFull) this.#makeRoom();
    const slot = this.#ring.push(hashOf(id));
    this.#ids[slot] = id;
    this.#ends[slot] = end;
  }

  /** It grows while no id has gone, so that each keeps its slot. */
  #makeRoom(): void {
    const before = this.#ring;
    if (before.capacity >= SETTLED_IDS_MAX) return before.shift();
    this.#ring = new HashedRing(before.capacity * 2);
    for (let age = 0; age < before.length; age++) this.#ring.push(before.hashAt(before.slotAt(age)));
  }
}
