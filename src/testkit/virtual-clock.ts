/**
 * A clock that stands still until it is told to move. Timers run in order of their time, and what they set going settles
 * before the next one runs, so a test sees the same interleaving every time.
 */
import type { Clock, Timer } from '../vocabulary/clock.ts';

/** Trips round the event loop after which what was set going counts as settled. */
const SETTLING_TRIPS = 4;

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  #wallAtZero: number;
  /** In the order in which they were set; the earliest is looked for. */
  readonly #entries = new Set<Entry>();

  /** `now`: where its monotonic time begins; `wall`: what the wall shows then, by default the real time. */
  constructor({ now = 1_000, wall = Date.now() }: { now?: number; wall?: number } = {}) {
    this.#now = now;
    this.#wallAtZero = wall - now;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return Math.floor(this.#wallAtZero + this.#now);
  }

  setTimer(ms: number, run: () => void): Timer {
    const entry: Entry = { at: this.#now + Math.max(0, ms), run };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  defer(run: () => void): void {
    setImmediate(run);
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#entries.size;
  }

  /** Lets everything run that waits for no timer. */
  async settle(): Promise<void> {
    for (let trip = 0; trip < SETTLING_TRIPS; trip++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves the time on, timer by timer. */
  async advance(ms: number): Promise<void> {
    await this.advanceUntil(() => false, ms);
  }

  /** Moves the time on, timer by timer, until something is so; at most by so many milliseconds. */
  async advanceUntil(isSo: () => boolean, ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    for (let next = this.#next(until); next !== undefined && !isSo(); next = this.#next(until)) {
      this.#entries.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await this.settle();
    }
    if (!isSo()) this.#now = until;
  }

  /** The wall clock is set forward (or back) by so much, as by hand or after the machine was asleep: timers do not notice. */
  stepWall(ms: number): void {
    this.#wallAtZero += ms;
  }

  /** Time passes while the process is busy with something else: no timer runs. */
  stall(ms: number): void {
    this.#now += ms;
  }

  #next(until: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) if (entry.at <= until && (!first || entry.at < first.at)) first = entry;
    return first;
  }
}
