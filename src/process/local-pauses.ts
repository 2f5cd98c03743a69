/** The pauses of a system that is one process: kept on disk where there is one, and heeded at once. */
import type { LocalActors } from '../actor/local-actors.ts';
import { withPause, withResume } from '../placement/pause-list.ts';
import { PauseRates } from '../placement/pause-rates.ts';
import type { Pause } from '../vocabulary/pause.ts';
import { pauseActors } from './pause-changes.ts';

/** Those that hold from the beginning, and who keeps them. */
export interface KeptPauses {
  readonly first: readonly Pause[];
  readonly keep: (pauses: readonly Pause[]) => Promise<void>;
}

export class LocalPauses {
  readonly #actors: LocalActors;
  readonly #kept: KeptPauses | undefined;
  readonly #rates = new PauseRates();
  #pauses: readonly Pause[];
  #line: Promise<unknown> = Promise.resolve();

  constructor(actors: LocalActors, kept: KeptPauses | undefined) {
    this.#actors = actors;
    this.#kept = kept;
    this.#pauses = kept?.first ?? [];
    if (this.#pauses.length > 0) this.#apply();
  }

  get all(): readonly Pause[] {
    return this.#pauses;
  }

  /** Rejects OVERLOADED, STORE_FAILED. */
  pause(pattern: string, reason: string | undefined): Promise<void> {
    const { clock } = this.#actors.kernel;
    return this.#inLine(() => this.#change(withPause(this.#pauses, pattern, reason, clock.wall())));
  }

  /** False: nothing is paused under this pattern. */
  resume(pattern: string, perSecond: number | undefined): Promise<boolean> {
    return this.#inLine(async () => {
      const next = withResume(this.#pauses, pattern, perSecond);
      if (next !== undefined) await this.#change(next);
      return next !== undefined;
    });
  }

  async #change(pauses: readonly Pause[]): Promise<void> {
    await this.#kept?.keep(pauses);
    this.#pauses = pauses;
    this.#apply();
  }

  #apply(): void {
    this.#rates.keep(this.#pauses);
    pauseActors(this.#actors, this.#pauses, (pattern, wanted) => this.#letThrough(pattern, wanted));
  }

  #letThrough(pattern: string, wanted: number): Promise<number> {
    const { clock } = this.#actors.kernel;
    const { count, waitMs } = this.#rates.take(this.#pauses, pattern, wanted, clock.now());
    return new Promise((resolve) => clock.setTimer(waitMs, () => resolve(count)));
  }

  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#line.then(work);
    this.#line = done.catch(() => {});
    return done;
  }
}
