/** Cells that have ended and still commit: the next incarnation of their actors begins once that is over. */
import type { ActorId } from '../vocabulary/address.ts';

export class EarlierCells {
  readonly #over = new Map<ActorId, Promise<void>>();

  /** Resolves once an earlier cell of this id in this process has nothing to commit any more; undefined: there is none. */
  of(id: ActorId): Promise<void> | undefined {
    return this.#over.get(id);
  }

  /** `over` may reject. */
  add(id: ActorId, over: Promise<void>): void {
    const gone = over
      .catch(() => {})
      .then(() => {
        if (this.#over.get(id) === gone) this.#over.delete(id);
      });
    this.#over.set(id, gone);
  }

  async all(): Promise<void> {
    await Promise.all(this.#over.values());
  }
}
