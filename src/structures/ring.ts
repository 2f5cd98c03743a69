/**
 * A queue in a circular buffer that grows and shrinks by powers of two: the lanes of a mailbox, the queues of a link.
 * One item needs no array, so an actor whose mail never waits pays for the object only (S3: 110 bytes an actor). Larger
 * arrays that have run empty wait in a pool for the next ring (S4: a tenth of the time went into growing and shrinking).
 */

/** Slots of the first array. */
export const RING_SLOTS_INITIAL = 8;
/** Slots that stay when the queue runs empty. */
export const RING_SLOTS_KEPT_MAX = 16;
/** Slots that stay until then; a larger array is halved whenever three quarters of it are free. */
export const RING_SLOTS_STEADY_MAX = 1024;
/** Empty arrays of one size that wait in the pool, each of at most `RING_SLOTS_STEADY_MAX` slots. */
export const RING_POOL_MAX = 64;

/** By the binary logarithm of their size. */
const pool: unknown[][][] = Array.from({ length: 32 - Math.clz32(RING_SLOTS_STEADY_MAX) }, () => []);

export class Ring<T> {
  /** The only item, as long as there was never a second one at the same time. */
  #only: T | undefined;
  #slots: (T | undefined)[] | undefined;
  #mask: number;
  #head: number;
  #length: number;

  constructor() {
    this.#only = undefined;
    this.#slots = undefined;
    this.#mask = -1;
    this.#head = 0;
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  /** Slots held in memory; 0 where one item at most was there at a time, and after `clear`. */
  get capacity(): number {
    return this.#mask + 1;
  }

  push(value: T): void {
    let slots = this.#slots;
    if (slots === undefined && this.#length === 0) {
      this.#only = value;
      this.#length = 1;
      return;
    }
    if (slots === undefined || this.#length > this.#mask) slots = this.#resize(this.#length + 1);
    slots[(this.#head + this.#length) & this.#mask] = value;
    this.#length++;
  }

  /** Takes the oldest; undefined when empty. */
  shift(): T | undefined {
    const slots = this.#slots;
    if (slots === undefined) return this.#takeOnly();
    if (this.#length === 0) return undefined;
    const value = slots[this.#head];
    slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#length--;
    if (this.#mask >= RING_SLOTS_KEPT_MAX) this.#shrink(slots);
    return value;
  }

  peek(): T | undefined {
    return this.#slots === undefined ? this.#only : this.#slots[this.#head];
  }

  /** Puts items back in front: `items[0]` is the next to be shifted. */
  unshiftAll(items: readonly T[]): void {
    if (items.length === 0) return;
    const length = this.#length + items.length;
    let slots = this.#slots;
    if (slots === undefined || length > this.capacity) slots = this.#resize(length);
    this.#head = (this.#head - items.length) & this.#mask;
    for (let i = 0; i < items.length; i++) slots[(this.#head + i) & this.#mask] = items[i];
    this.#length = length;
  }

  /** Takes the oldest that matches, the others keep their order; undefined when none does. */
  removeFirst(predicate: (value: T) => boolean): T | undefined {
    const slots = this.#slots;
    if (slots === undefined) {
      return this.#length === 1 && predicate(this.#only as T) ? this.#takeOnly() : undefined;
    }
    for (let i = 0; i < this.#length; i++) {
      const value = slots[(this.#head + i) & this.#mask] as T;
      if (!predicate(value)) continue;
      // Those in front move up one slot; then the first slot is the free one and an ordinary shift gives it up.
      for (let j = i; j > 0; j--) slots[(this.#head + j) & this.#mask] = slots[(this.#head + j - 1) & this.#mask];
      this.shift();
      return value;
    }
    return undefined;
  }

  /** Takes all, in order, and lets the memory go. */
  clear(): T[] {
    const all = [...this];
    this.#only = undefined;
    this.#slots = undefined;
    this.#mask = -1;
    this.#head = 0;
    this.#length = 0;
    return all;
  }

  /** In order, without taking. The ring must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    const slots = this.#slots;
    if (slots === undefined) {
      if (this.#length === 1) yield this.#only as T;
      return;
    }
    for (let i = 0; i < this.#length; i++) yield slots[(this.#head + i) & this.#mask] as T;
  }

  #takeOnly(): T | undefined {
    const only = this.#only;
    this.#only = undefined;
    this.#length = 0;
    return only;
  }

  /** Growing at full and halving at a quarter keeps both ends apart, so a queue that swings around one size copies nothing. */
  #shrink(slots: (T | undefined)[]): void {
    if (this.#length === 0) this.#release(slots);
    else if (this.#mask >= RING_SLOTS_STEADY_MAX && this.#length * 4 <= this.capacity) this.#resize(this.capacity / 2);
  }

  /** Every slot is undefined by now. */
  #release(slots: (T | undefined)[]): void {
    const waiting = pool[31 - Math.clz32(slots.length)];
    if (waiting !== undefined && waiting.length < RING_POOL_MAX) waiting.push(slots);
    this.#slots = undefined;
    this.#mask = -1;
    this.#head = 0;
  }

  #resize(least: number): (T | undefined)[] {
    let capacity = RING_SLOTS_INITIAL;
    while (capacity < least) capacity *= 2;
    const pooled = pool[31 - Math.clz32(capacity)]?.pop() as (T | undefined)[] | undefined;
    const slots = pooled ?? new Array<T | undefined>(capacity).fill(undefined);
    const before = this.#slots;
    if (before !== undefined) {
      for (let i = 0; i < this.#length; i++) slots[i] = before[(this.#head + i) & this.#mask];
    } else if (this.#length === 1) {
      slots[0] = this.#only;
      this.#only = undefined;
    }
    this.#slots = slots;
    this.#mask = capacity - 1;
    this.#head = 0;
    return slots;
  }
}
