/**
 * Finds names again that are remembered in the order in which they came, the oldest of which go first. It knows their hashes alone, in memory that the
 * collector does not look at: its owner keeps what it has of each under the number of its slot, and says whether it is the one that is meant. A map with an
 * object for each name was most of what survived a collection (scenario rabbitmq).
 */

/** No slot. */
export const NO_SLOT = -1;
/** In place of the next one in its chain: it is in none. */
const TAKEN_OUT = -2;

export function hashOf(name: string): number {
  let hash = name.length;
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0;
  return hash ^ (hash >>> 15);
}

export class HashedRing {
  readonly #hashes: Int32Array;
  /** The newest slot of each chain. */
  readonly #heads: Int32Array;
  /** The next older one. */
  readonly #next: Int32Array;
  readonly #mask: number;
  #first = 0;
  #length = 0;

  /** `capacity`: slots, a power of two. */
  constructor(capacity: number) {
    this.#hashes = new Int32Array(capacity);
    this.#heads = new Int32Array(capacity).fill(NO_SLOT);
    this.#next = new Int32Array(capacity);
    this.#mask = capacity - 1;
  }

  get capacity(): number {
    return this.#mask + 1;
  }

  /** With those that were taken out, until their turn comes. */
  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length > this.#mask;
  }

  /** The oldest. */
  get first(): number {
    return this.#length === 0 ? NO_SLOT : this.#first;
  }

  /** By age, from 0. */
  slotAt(age: number): number {
    return (this.#first + age) & this.#mask;
  }

  hashAt(slot: number): number {
    return this.#hashes[slot] as number;
  }

  isIn(slot: number): boolean {
    return this.#next[slot] !== TAKEN_OUT;
  }

  /** There must be room. Returns its slot. */
  push(hash: number): number {
    const slot = this.slotAt(this.#length++);
    const chain = hash & this.#mask;
    this.#hashes[slot] = hash;
    this.#next[slot] = this.#heads[chain] as number;
    this.#heads[chain] = slot;
    return slot;
  }

  /** The newest slot with this hash, or the next older one behind `slot`. */
  find(hash: number, slot: number = NO_SLOT): number {
    let at = (slot === NO_SLOT ? this.#heads[hash & this.#mask] : this.#next[slot]) as number;
    while (at !== NO_SLOT && this.#hashes[at] !== hash) at = this.#next[at] as number;
    return at;
  }

  /** It is not found any more; its slot is free once its turn comes. */
  takeOut(slot: number): void {
    const next = this.#next[slot] as number;
    if (next === TAKEN_OUT) return;
    const chain = this.hashAt(slot) & this.#mask;
    if (this.#heads[chain] === slot) this.#heads[chain] = next;
    else this.#next[this.#newerThan(slot, chain)] = next;
    this.#next[slot] = TAKEN_OUT;
  }

  /** The oldest goes. */
  shift(): void {
    this.takeOut(this.#first);
    this.#first = (this.#first + 1) & this.#mask;
    this.#length--;
  }

  #newerThan(slot: number, chain: number): number {
    let at = this.#heads[chain] as number;
    while (this.#next[at] !== slot) at = this.#next[at] as number;
    return at;
  }
}
