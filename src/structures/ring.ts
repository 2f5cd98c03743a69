/**
 * A queue in a circular buffer that grows and shrinks by powers of two: the lanes of a mailbox, the queues of a link.
 * It owns no array until the first push, so an actor that never had mail pays for the object only.
 */

/** Slots of the first array. */
export const RING_SLOTS_INITIAL = 8;
/** Slots that stay when the queue runs empty; a larger array is halved whenever three quarters of it are free. */
export const RING_SLOTS_KEPT_MAX = 16;

export class Ring<T> {
  #slots: (T | undefined)[] | undefined;
  #mask: number;
  #head: number;
  #length: number;

  constructor() {
    this.#slots = undefined;
    this.#mask = -1;
    this.#head = 0;
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  /** Slots held in memory; 0 before the first push and after `clear`. */
  get capacity(): number {
    return this.#mask + 1;
  }

  push(value: T): void {
    let slots = this.#slots;
    if (slots === undefined || this.#length > this.#mask) slots = this.#resize(this.#length + 1);
    slots[(this.#head + this.#length) & this.#mask] = value;
    this.#length++;
  }

  /** Takes the oldest; undefined when empty. */
  shift(): T | undefined {
    const slots = this.#slots;
    if (slots === undefined || this.#length === 0) return undefined;
    const value = slots[this.#head];
    slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#length--;
    if (this.#mask >= RING_SLOTS_KEPT_MAX) this.#shrink();
    return value;
  }

  peek(): T | undefined {
    return this.#slots?.[this.#head];
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
    if (slots === undefined) return undefined;
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
    this.#slots = undefined;
    this.#mask = -1;
    this.#head = 0;
    this.#length = 0;
    return all;
  }

  /** In order, without taking. The ring must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    const slots = this.#slots;
    if (slots === undefined) return;
    for (let i = 0; i < this.#length; i++) yield slots[(this.#head + i) & this.#mask] as T;
  }

  /** Growing at full and halving at a quarter keeps both ends apart, so a queue that swings around one size copies nothing. */
  #shrink(): void {
    if (this.#length * 4 <= this.capacity) this.#resize(this.capacity / 2);
  }

  #resize(least: number): (T | undefined)[] {
    let capacity = RING_SLOTS_INITIAL;
    while (capacity < least) capacity *= 2;
    const slots = new Array<T | undefined>(capacity).fill(undefined);
    const before = this.#slots;
    if (before !== undefined) {
      for (let i = 0; i < this.#length; i++) slots[i] = before[(this.#head + i) & this.#mask];
    }
    this.#slots = slots;
    this.#mask = capacity - 1;
    this.#head = 0;
    return slots;
  }
}
