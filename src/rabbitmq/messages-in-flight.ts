/**
 * The messages of a queue in flight, and which of them has an id. Each stands in a slot, and the map of ids knows slots alone: a map that is filled and emptied
 * leaves copies behind, which the collector takes for living with all that they name (structures/number-table.ts).
 */

/** A message that knows its slot. */
export interface Slotted {
  slot: number;
}

export class MessagesInFlight<T extends Slotted> {
  readonly #slots: (T | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byId = new Map<string, number>();

  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /** In no order. */
  all(): T[] {
    return this.#slots.filter((one) => one !== undefined);
  }

  withId(id: string): T | undefined {
    const slot = this.#byId.get(id);
    return slot === undefined ? undefined : this.#slots[slot];
  }

  add(one: T, id: string | undefined): void {
    one.slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[one.slot] = one;
    if (id !== undefined) this.#byId.set(id, one.slot);
  }

  /** Once; later calls do nothing. */
  remove(one: T, id: string | undefined): void {
    const { slot } = one;
    if (this.#slots[slot] !== one) return;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    if (id !== undefined && this.#byId.get(id) === slot) this.#byId.delete(id);
  }
}
