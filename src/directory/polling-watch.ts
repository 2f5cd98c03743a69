/** A watch by looking again and again: it needs nothing of the engine but reads, and misses nothing for longer than a pause. */
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { Entry, Watch, WatchListener } from './directory.ts';

/** Between two looks. */
export const POLL_MS = 500;

/** Key → revision of what was told. An entry without a value is as it was. */
export type Known = ReadonlyMap<string, string>;
export type Listed = { readonly key: string; readonly revision: string; readonly value: Uint8Array | undefined };
/** Rejects where the engine cannot be asked. */
export type List = (known: Known) => Promise<readonly Listed[]>;

export class PollingWatch implements Watch {
  readonly #list: List;
  readonly #listener: WatchListener;
  readonly #clock: Clock;
  readonly #known = new Map<string, string>();
  #timer: Timer | undefined;
  #isLooking = false;
  #looksAgain = false;
  #isClosed = false;
  #hasGap = false;
  /** A look is owed the word that it is over. */
  #isAwaited = false;

  constructor(list: List, listener: WatchListener, clock: Clock) {
    this.#list = list;
    this.#listener = listener;
    this.#clock = clock;
    this.look();
  }

  look(): void {
    if (this.#isClosed) return;
    if (this.#isLooking) {
      this.#looksAgain = true;
      return;
    }
    this.#isAwaited = true;
    this.#poll();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #poll(): void {
    if (this.#isClosed || this.#isLooking) return;
    this.#isLooking = true;
    this.#timer?.cancel();
    void this.#look();
  }

  async #look(): Promise<void> {
    let listed: readonly Listed[] | undefined;
    try {
      listed = await this.#list(this.#known);
    } catch {
      listed = undefined;
    }
    this.#isLooking = false;
    if (this.#isClosed) return;
    if (listed) this.#tell(listed);
    else if (!this.#hasGap || this.#isAwaited) {
      this.#hasGap = true;
      this.#isAwaited = false;
      this.#listener.gap();
    }
    if (this.#isClosed) return;
    const again = this.#looksAgain;
    this.#looksAgain = false;
    if (again) this.look();
    else this.#timer = this.#clock.setTimer(POLL_MS, () => this.#poll());
  }

  #tell(listed: readonly Listed[]): void {
    const gone = new Set(this.#known.keys());
    for (const { key, revision, value } of listed) {
      gone.delete(key);
      if (this.#known.get(key) === revision || !value) continue;
      this.#known.set(key, revision);
      const entry: Entry = { key, revision, value };
      this.#listener.changed(entry);
    }
    for (const key of gone) {
      this.#known.delete(key);
      this.#listener.removed(key);
    }
    if (!this.#isAwaited && !this.#hasGap) return;
    this.#isAwaited = false;
    this.#hasGap = false;
    this.#listener.synced();
  }
}
