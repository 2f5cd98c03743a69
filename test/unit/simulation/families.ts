/** A child lives on its parent's worker, wherever that goes. */
import type { Breaches } from './breaches.ts';
import type { Census } from './census.ts';

export class Families {
  readonly #breaches: Breaches;
  readonly #census: Census;
  readonly #parents = new Map<string, string>();

  constructor(breaches: Breaches, census: Census) {
    this.#breaches = breaches;
    this.#census = census;
  }

  adopted(parent: string, child: string): void {
    this.#parents.set(child, parent);
  }

  /** A child does something: its parent, if it is one still, is there too. */
  together(child: string, host: string): void {
    const cell = this.#census.processes.get(host)?.actors.cellOf(child);
    const parent = cell?.origin.parent;
    if (parent && this.#census.processes.get(host)?.actors.cellOf(parent.id) !== parent)
      this.#breaches.add('placement', `${child} lives in ${host} without its parent ${parent.id}`);
  }

  /** At the end: every child that lives is where its parent is. */
  check(): void {
    for (const [child, parent] of this.#parents) {
      const [home] = this.#census.homesOf(child);
      if (home === undefined) continue;
      if (this.#census.processes.get(home)?.actors.cellOf(child)?.origin.parent === undefined) continue;
      this.together(child, home);
      if (!this.#census.homesOf(parent).includes(home))
        this.#breaches.add(
          'placement',
          `${child} lives in ${home}, its parent ${parent} in ${this.#census.homesOf(parent)}`,
        );
    }
  }
}
