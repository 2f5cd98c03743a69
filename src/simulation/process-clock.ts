/** The clock of one simulated process: it ends with the process, and stops while that is frozen. */
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** The wall clock when the simulated time is 0. */
const WALL_AT_ZERO = 1_700_000_000_000;
/** For microtasks: `queueMicrotask` would make a resource of each. An error of one is a rejection that nobody handles. */
const SETTLED = Promise.resolve();

export class ProcessClock implements Clock {
  readonly #time: SimulatedTime;
  /** Of its machine: no two count from the same moment. */
  readonly aheadMs: number;
  #isDead = false;
  #timers = 0;
  /** Calls that came due while the process was frozen, in order. */
  #frozen: (() => void)[] | undefined;

  constructor(time: SimulatedTime, aheadMs = 0) {
    this.#time = time;
    this.aheadMs = aheadMs;
  }

  now(): number {
    return this.#time.now + this.aheadMs;
  }

  wall(): number {
    return WALL_AT_ZERO + Math.floor(this.#time.now);
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers;
  }

  setTimer(ms: number, run: () => void): Timer {
    this.#timers++;
    let event: Timer | undefined;
    const over = (): void => {
      this.#timers--;
      event = undefined;
    };
    const due = (): void => {
      if (event === undefined) return;
      over();
      run();
    };
    event = this.#time.at(ms, () => this.whenRunning(due));
    return {
      cancel: () => {
        event?.cancel();
        if (event !== undefined) over();
      },
    };
  }

  defer(run: () => void): void {
    this.#time.defer(() => this.whenRunning(run));
  }

  soon(run: () => void): void {
    void SETTLED.then(() => this.whenRunning(run));
  }

  /** Now, or when the process wakes up; never once it is dead. */
  whenRunning(run: () => void): void {
    if (this.#isDead) return;
    if (this.#frozen) this.#frozen.push(run);
    else run();
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  kill(): void {
    this.#isDead = true;
    this.#frozen = undefined;
  }

  freeze(): void {
    if (!this.#isDead) this.#frozen ??= [];
  }

  thaw(): void {
    const due = this.#frozen;
    this.#frozen = undefined;
    // In their order, before anything that comes now.
    for (const run of due ?? []) this.#time.at(0, () => this.whenRunning(run));
  }
}
