/**
 * A clock that moves only as it is told to. Timers run in order of their time, and what they set going settles
 * before the next one runs, so a test sees the same interleaving every time.
 */
import type { Clock, Timer } from '../vocabulary/clock.ts';

/** Trips round the event loop after which what was set going counts as settled. */
const SETTLING_TRIPS = 4;

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

/**
 * A clock that only the test moves. Timers run in the order of their times, and what each sets going ends before the next one.
 *
 * @example
 * ```ts
 * const clock = new VirtualClock({ wall: Date.UTC(2026, 0, 31) });
 * const { system } = createTestSystem({ actors: { alarm }, clock });
 * await clock.advance(60_000);
 * ```
 */
export class VirtualClock implements Clock {
  #now: number;
  #wallAtZero: number;
  /** In the order in which they were set; the earliest is looked for. */
  readonly #entries = new Set<Entry>();

  /**
   * `now`: where its monotonic time begins, in milliseconds, by default 1 000; `wall`: what the wall shows then, in milliseconds since the Unix epoch,
   * by default the real time.
   *
   * @example
   * ```ts
   * const clock = new VirtualClock({ wall: 0 });
   * ```
   */
  constructor({ now = 1_000, wall = Date.now() }: { now?: number; wall?: number } = {}) {
    this.#now = now;
    this.#wallAtZero = wall - now;
  }

  /**
   * Milliseconds of its monotonic time.
   *
   * @example
   * ```ts
   * const beganAt = clock.now();
   * ```
   */
  now(): number {
    return this.#now;
  }

  /**
   * Milliseconds since the Unix epoch, as `ctx.now()` gives them.
   *
   * @example
   * ```ts
   * const inAnHour = clock.wall() + 3_600_000;
   * ```
   */
  wall(): number {
    return Math.floor(this.#wallAtZero + this.#now);
  }

  /**
   * Runs `run` once, as the time is moved to `ms` milliseconds from now.
   *
   * @example
   * ```ts
   * const timer = clock.setTimer(1_000, () => console.log('a second later'));
   * ```
   */
  setTimer(ms: number, run: () => void): Timer {
    const entry: Entry = { at: this.#now + Math.max(0, ms), run };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  /**
   * Runs `run` in the next round of the event loop; the time need not move.
   *
   * @example
   * ```ts
   * clock.defer(() => console.log('next round'));
   * ```
   */
  defer(run: () => void): void {
    setImmediate(run);
  }

  /**
   * Runs `run` before control goes back to the event loop; the time need not move.
   *
   * @example
   * ```ts
   * clock.soon(() => console.log('at once'));
   * ```
   */
  soon(run: () => void): void {
    queueMicrotask(run);
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#entries.size;
  }

  /**
   * Lets everything run that waits for no timer.
   *
   * @example
   * ```ts
   * await clock.settle();
   * ```
   */
  async settle(): Promise<void> {
    for (let trip = 0; trip < SETTLING_TRIPS; trip++) await new Promise((resolve) => setImmediate(resolve));
  }

  /**
   * Moves the time on by so many milliseconds, timer by timer.
   *
   * @example
   * ```ts
   * await clock.advance(60_000);
   * ```
   */
  async advance(ms: number): Promise<void> {
    await this.advanceUntil(() => false, ms);
  }

  /**
   * Moves the time on, timer by timer, until something is so; at most by so many milliseconds.
   *
   * @example
   * ```ts
   * await clock.advanceUntil(() => isDone, 60_000);
   * ```
   */
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

  /**
   * The wall clock is set forward (or back) by so many milliseconds, as by hand or after the machine was asleep: timers do not notice.
   *
   * @example
   * ```ts
   * clock.stepWall(3_600_000);
   * ```
   */
  stepWall(ms: number): void {
    this.#wallAtZero += ms;
  }

  /**
   * So many milliseconds pass while the process is busy with something else: no timer runs.
   *
   * @example
   * ```ts
   * clock.stall(2_000);
   * ```
   */
  stall(ms: number): void {
    this.#now += ms;
  }

  #next(until: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) if (entry.at <= until && (!first || entry.at < first.at)) first = entry;
    return first;
  }
}
