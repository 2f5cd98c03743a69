/** The foremost of many: those that come first in an order, chosen in one pass without sorting the rest. */

/** `compare`: below 0 where the first one comes before the second. */
export class Foremost<T> {
  readonly #limit: number;
  readonly #compare: (one: T, other: T) => number;
  /** A heap with the last of the chosen on top: what comes after that one is not kept. */
  readonly #heap: T[] = [];

  constructor(limit: number, compare: (one: T, other: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  /** The last of the chosen, once there are as many as may be: only what comes before it is worth an `add`. */
  get last(): T | undefined {
    return this.#heap.length < this.#limit ? undefined : this.#heap[0];
  }

  add(item: T): void {
    const heap = this.#heap;
    if (heap.length < this.#limit) this.#rise(item);
    else if (this.#limit > 0 && this.#compare(item, heap[0] as T) < 0) this.#sink(item);
  }

  /** In order. */
  all(): T[] {
    return [...this.#heap].sort(this.#compare);
  }

  #rise(item: T): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as T;
      if (this.#compare(above, item) >= 0) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = item;
  }

  /** In place of the top. */
  #sink(item: T): void {
    const heap = this.#heap;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && this.#compare(heap[child + 1] as T, heap[child] as T) > 0) child++;
      const below = heap[child] as T;
      if (this.#compare(below, item) <= 0) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = item;
  }
}

export function foremost<T>(items: Iterable<T>, limit: number, compare: (one: T, other: T) => number): T[] {
  const chosen = new Foremost(limit, compare);
  for (const item of items) chosen.add(item);
  return chosen.all();
}
