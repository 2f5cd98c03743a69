/**
 * Which actors have the event loop of a process, and for how long: counted while somebody looks, by the scheduler, for each run of a
 * cell. A while after the last look nothing is counted any more.
 */
import type { BusyActor } from '../observe/checkup.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { Runnable, RunWatcher, Scheduler } from './scheduler.ts';

/** Milliseconds after the last look at which counting ends. */
export const RUNS_WATCHED_MS = 15_000;
/** Actors that are counted; where there are more, the half that had the least goes. */
export const RUNS_KEPT_MAX = 2_048;

interface Count {
  readonly id: ActorId;
  turns: number;
  ms: number;
  longestMs: number;
}

export class RunWatch implements RunWatcher {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  #counts = new Map<ActorId, Count>();
  #since = 0;
  /** The end of the run before, on `Clock.now()`. */
  #at = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  /** The counts since the look before; the first look begins them. */
  look(limit: number): { watchedMs: number; busy: BusyActor[] } {
    const now = this.#clock.now();
    const isWatching = this.#timer !== undefined;
    const busy = [...this.#counts.values()].sort((one, other) => other.ms - one.ms).slice(0, limit);
    const watchedMs = isWatching ? now - this.#since : 0;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(RUNS_WATCHED_MS, () => this.close());
    this.#counts = new Map();
    this.#since = now;
    this.#scheduler.watcher = this;
    return { watchedMs, busy };
  }

  begins(at: number): void {
    this.#at = at;
  }

  ran({ id = '' }: Runnable, turns: number): void {
    const now = this.#clock.now();
    const ms = now - this.#at;
    this.#at = now;
    const count = this.#counts.get(id);
    if (count === undefined) {
      this.#counts.set(id, { id, turns, ms, longestMs: ms });
      if (this.#counts.size > RUNS_KEPT_MAX) this.#dropHalf();
      return;
    }
    count.turns += turns;
    count.ms += ms;
    if (ms > count.longestMs) count.longestMs = ms;
  }

  /** Nothing is counted, and no timer is left. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#counts = new Map();
    if (this.#scheduler.watcher === this) this.#scheduler.watcher = undefined;
  }

  #dropHalf(): void {
    const kept = [...this.#counts.values()].sort((one, other) => other.ms - one.ms).slice(0, RUNS_KEPT_MAX / 2);
    this.#counts = new Map(kept.map((count) => [count.id, count]));
  }
}
