/** A binary min-heap of numbers. Pushing numbers that mostly grow, as deadlines do, costs one comparison. */

export class NumberHeap {
  #numbers: number[];

  constructor(numbers: Iterable<number> = []) {
    // A sorted array is a heap.
    this.#numbers = [...numbers].sort((a, b) => a - b);
  }

  get length(): number {
    return this.#numbers.length;
  }

  /** The smallest, undefined when empty. */
  peek(): number | undefined {
    return this.#numbers[0];
  }

  push(value: number): void {
    const numbers = this.#numbers;
    let at = numbers.length;
    numbers.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = numbers[parent] as number;
      if (above <= value) break;
      numbers[at] = above;
      at = parent;
    }
    numbers[at] = value;
  }

  /** Takes the smallest, undefined when empty. */
  pop(): number | undefined {
    const numbers = this.#numbers;
    const smallest = numbers[0];
    const last = numbers.pop();
    if (last !== undefined && numbers.length > 0) this.#sink(last);
    return smallest;
  }

  /** Lets the root's place go down until `value` fits there. */
  #sink(value: number): void {
    const numbers = this.#numbers;
    let at = 0;
    for (let child = 1; child < numbers.length; child = 2 * at + 1) {
      if (child + 1 < numbers.length && (numbers[child + 1] as number) < (numbers[child] as number)) child++;
      const below = numbers[child] as number;
      if (below >= value) break;
      numbers[at] = below;
      at = child;
    }
    numbers[at] = value;
  }
}
