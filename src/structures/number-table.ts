/**
 * Things in flight by their numbers, of which many come and go and few are there at a time: asks, requests, mail that is kept.
 *
 * A `Map` does for that, but not for the collector: each time that its memory is full, of what was deleted too, it is copied, and the old copy, which
 * still names all that was in it, points to the new one. Once one copy has become old the collector takes all later ones along, and
 * with them nearly everything that was ever in the map, until the next full collection. With 256 asks in flight each of them was copied twice by the
 * collector (clients, S5: a third of the time). Here the same two arrays serve as long as there is room in them.
 *
 * Open addressing with linear probing; a removal moves those behind it up (Knuth, volume 3, 6.4, algorithm R), so nothing is left
 * of what was there. Numbers are spread by the golden ratio: those that stay long would otherwise stand in a row in the way of the others.
 */

/** Slots of the first arrays. */
export const TABLE_SLOTS_MIN = 8;
/** Slots that stay when it runs empty. */
export const TABLE_SLOTS_KEPT = 64;
const GOLDEN = 0x9e3779b1;

export class NumberTable<T> {
  /** 0: the slot is free. */
  #keys: number[];
  #values: (T | undefined)[];
  #mask: number;
  #shift: number;
  #size: number;

  constructor() {
    this.#keys = new Array<number>(TABLE_SLOTS_MIN).fill(0);
    this.#values = new Array<T | undefined>(TABLE_SLOTS_MIN).fill(undefined);
    this.#mask = TABLE_SLOTS_MIN - 1;
    this.#shift = shiftFor(TABLE_SLOTS_MIN);
    this.#size = 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Slots in memory: at most sixteen times as many as there are, or `TABLE_SLOTS_KEPT`. */
  get capacity(): number {
    return this.#mask + 1;
  }

  get(key: number): T | undefined {
    const slot = this.#find(key);
    return slot < 0 ? undefined : this.#values[slot];
  }

  /** `key`: a safe whole number from 1. */
  set(key: number, value: T): void {
    if (!(key >= 1)) throw new RangeError(`a key is a whole number from 1; got ${key}`);
    const slot = this.#find(key);
    if (slot >= 0) {
      this.#values[slot] = value;
      return;
    }
    if (this.#size * 2 > this.#mask) this.#resize(this.capacity * 2);
    this.#put(key, value);
    this.#size++;
  }

  /** The value that was there; undefined where none was. */
  take(key: number): T | undefined {
    const slot = this.#find(key);
    if (slot < 0) return undefined;
    const value = this.#values[slot];
    this.#free(slot);
    this.#size--;
    if (this.capacity > TABLE_SLOTS_KEPT && this.#size * 16 < this.capacity) this.#resize(this.capacity / 4);
    return value;
  }

  /** By number, the lowest first; as they are now. */
  inOrder(): [number, T][] {
    const keys = Float64Array.from(this.#keys.filter((key) => key !== 0)).sort();
    return Array.from(keys, (key) => [key, this.get(key) as T]);
  }

  /** The numbers below another, the lowest first. */
  keysBelow(limit: number): number[] {
    const below: number[] = [];
    for (const key of this.#keys) if (key !== 0 && key < limit) below.push(key);
    return below.length > 1 ? below.sort((a, b) => a - b) : below;
  }

  #firstSlot(key: number): number {
    // Of a larger number the lowest 32 bits.
    return Math.imul(key, GOLDEN) >>> this.#shift;
  }

  #find(key: number): number {
    const keys = this.#keys;
    const mask = this.#mask;
    let slot = this.#firstSlot(key);
    for (let there = keys[slot]; there !== 0; there = keys[slot]) {
      if (there === key) return slot;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /** One that is not there. */
  #put(key: number, value: T): void {
    const keys = this.#keys;
    let slot = this.#firstSlot(key);
    while (keys[slot] !== 0) slot = (slot + 1) & this.#mask;
    keys[slot] = key;
    this.#values[slot] = value;
  }

  #free(slot: number): void {
    const keys = this.#keys;
    const values = this.#values;
    const mask = this.#mask;
    let free = slot;
    for (let at = (free + 1) & mask; keys[at] !== 0; at = (at + 1) & mask) {
      // It stays where its first slot lies behind the free one, on the way round to where it is.
      if (((at - this.#firstSlot(keys[at] as number)) & mask) < ((at - free) & mask)) continue;
      keys[free] = keys[at] as number;
      values[free] = values[at];
      free = at;
    }
    keys[free] = 0;
    values[free] = undefined;
  }

  #resize(capacity: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Array<number>(capacity).fill(0);
    this.#values = new Array<T | undefined>(capacity).fill(undefined);
    this.#mask = capacity - 1;
    this.#shift = shiftFor(capacity);
    for (let slot = 0; slot < keys.length; slot++) {
      const key = keys[slot] as number;
      if (key !== 0) this.#put(key, values[slot] as T);
    }
  }
}

function shiftFor(capacity: number): number {
  return 32 - Math.log2(capacity);
}
