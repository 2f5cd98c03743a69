/**
 * Gathers what the turns of a slice have changed, of all actors, into one transaction. One is under way at a time: what
 * ends meanwhile goes into the next, so the more there is to do, the more a single fsync carries.
 */
import type { Clock } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import { COMMIT_CHANGES_MAX } from './commit-rules.ts';
import type { Store, StoreChange } from './store.ts';

/** One record with something to write. */
export interface Committing {
  readonly sync: boolean;
  /** All that is to be written now; nothing more is taken until it is told how that went. */
  prepare(): readonly StoreChange[];
  committed(): void;
  failed(error: Error): void;
}

export class Committer {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #dirty = new Set<Committing>();
  #isRunning = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get isIdle(): boolean {
    return !this.#isRunning;
  }

  note(one: Committing): void {
    this.#dirty.add(one);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#clock.soon(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#dirty.size > 0) await this.#commitNext();
    this.#isRunning = false;
  }

  async #commitNext(): Promise<void> {
    const group: { one: Committing; changes: readonly StoreChange[] }[] = [];
    let size = 0;
    for (const one of this.#dirty) {
      this.#dirty.delete(one);
      const changes = one.prepare();
      if (changes.length === 0) continue;
      group.push({ one, changes });
      size += changes.length;
      // A record and what goes with it: dead letters, which are few.
      if (size >= COMMIT_CHANGES_MAX / 2) break;
    }
    const error = await this.#commit(
      group.flatMap(({ changes }) => changes),
      group.some(({ one }) => one.sync),
    );
    if (error === undefined) for (const { one } of group) one.committed();
    // Alone, only those fail that must: another incarnation elsewhere may have been first with one of them.
    else if (group.length === 1) group[0]?.one.failed(error);
    else for (const { one, changes } of group) await this.#commitAlone(one, changes);
  }

  async #commitAlone(one: Committing, changes: readonly StoreChange[]): Promise<void> {
    const error = await this.#commit(changes, one.sync);
    if (error === undefined) one.committed();
    else one.failed(error);
  }

  async #commit(changes: readonly StoreChange[], sync: boolean): Promise<Error | undefined> {
    if (changes.length === 0) return undefined;
    try {
      await this.#store.commit(changes, { sync });
      return undefined;
    } catch (error) {
      return asError(error);
    }
  }
}
