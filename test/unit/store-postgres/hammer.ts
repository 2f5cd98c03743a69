/** Commits record after record without an end, and counts what was acknowledged: the witness of what a store loses or doubles. */
import type { Store, StoreChange } from '../../../src/store/store.ts';

export function change(id: string, expectedVersion: number, fence: string): StoreChange {
  const put = new Map([['state', new Uint8Array(200).fill(expectedVersion + 1)]]);
  return { id, expectedVersion, fence, wakeAt: undefined, put, remove: [] };
}

export class Hammer {
  /** Versions by id, of records that have any. */
  readonly acknowledged: Record<string, number> = {};
  rejected = 0;
  /** Of the last that was rejected. */
  error: unknown;
  readonly #store: Store;
  readonly #fence: string;
  readonly #loops: Promise<void>[];
  #isOver = false;

  /** The records `bank/0` to `bank/<count - 1>`, each with one commit under way; a loop ends where it is rejected. */
  constructor(store: Store, count: number, fence: string) {
    this.#store = store;
    this.#fence = fence;
    this.#loops = Array.from({ length: count }, (_, n) => this.#run(`bank/${n}`));
  }

  get total(): number {
    return Object.values(this.acknowledged).reduce((sum, one) => sum + one, 0);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  async #run(id: string): Promise<void> {
    for (let version = 0; !this.#isOver; version++) {
      try {
        await this.#store.commit([change(id, version, this.#fence)]);
        this.acknowledged[id] = version + 1;
      } catch (error) {
        this.rejected++;
        this.error = error;
        return;
      }
    }
  }
}
