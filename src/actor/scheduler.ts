/**
 * Runs cells that have mail, in slices: a slice ends after a count of turns or a time, and the next one starts only
 * after sockets and timers had theirs. Slices run in microtasks, so that a burst is handled without a trip round the
 * event loop; the budget is shared by all slices between two trips, so microtasks cannot starve it.
 *
 * The clock is looked at after a stride of turns. The first one of a slice is short, and so are those after turns that are not very quick: a
 * look costs such turns nothing. A stride that took long makes the next ones shorter, down to a look after each turn; each trip without such
 * a one doubles them again. So long turns are not put together: only those that follow very quick ones in one slice go in one long stride.
 *
 * Turns of durable actors are the longer ones, come by the hundred when a commit sets their askers free, and wait for a disk in any
 * case. So they have a queue of their own: the two take turns, cell by cell, and a slice ends early that has nothing else to run (D8).
 */
import { AsyncLocalStorage, executionAsyncId } from 'node:async_hooks';
import { Ring } from '../structures/ring.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { onGround } from '../vocabulary/ground.ts';

/** Contexts go by async hooks, as up to Node.js 22: where those are off a job begins in none. */
const CONTEXTS_ARE_HOOKS = '_enable' in AsyncLocalStorage.prototype;

export interface Runnable {
  /** Of the actor. */
  readonly id?: string;
  /** Set: its turns wait for a disk. */
  readonly durable?: object | undefined;
  /** Runs up to `turns` turns; returns how many it ran. Enqueues itself again where mail is left. */
  run(turns: number): number;
}

/** Told of each run, while somebody looks. */
export interface RunWatcher {
  /** A slice begins; `at`: on `Clock.now()`. */
  begins(at: number): void;
  ran(runnable: Runnable, turns: number): void;
}

/** Turns between two trips round the event loop, at most; one of a durable actor counts as several. */
export const SLICE_TURNS = 65_536;
/** Milliseconds between two trips round the event loop, at most (but for a single long turn). */
export const SLICE_MS = 10;
/** Milliseconds of a slice after which turns of durable actors alone go on in the next. */
export const DURABLE_SLICE_MS = 0.25;
/** The longest stride: turns between two looks at the clock; one of a durable actor counts as several. */
export const CLOCK_TURNS = 128;
/** The first stride of a slice. */
export const FIRST_TURNS = 8;
/** Milliseconds of a turn, on average of a stride, after which the next one is as short. */
const QUICK_MS = 0.002;
/** Milliseconds of a stride after which the next ones are shorter. */
const STRIDE_MS = SLICE_MS / 4;
const DURABLE_TURNS = 8;
/** Turns of one cell before the next cell is served. */
export const CELL_TURNS = 64;
/** Turns of a stride, with those of its last run. */
const STRIDE_TURNS_MAX = CLOCK_TURNS + CELL_TURNS;

export class Scheduler {
  readonly #clock: Clock;
  readonly #ready = new Ring<Runnable>();
  /** Durable ones. */
  readonly #durable = new Ring<Runnable>();
  /** The next one is durable, where there are both. */
  #isDurableNext = false;
  #armed = false;
  #turnsLeft = SLICE_TURNS;
  #sliceEndsAt = 0;
  /** Turns until the next look at the clock. */
  #stride = CLOCK_TURNS;
  /** A stride since the last trip took long. */
  #isSlow = false;
  /** `clock.now()` at the start of the present slice: a cheap, slightly old time. */
  now = 0;
  /** Undefined where nobody looks. */
  watcher: RunWatcher | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.now = clock.now();
  }

  enqueue(runnable: Runnable): void {
    if (runnable.durable === undefined) this.#ready.push(runnable);
    else this.#durable.push(runnable);
    if (!this.#armed) this.#arm();
  }

  get idle(): boolean {
    return this.#ready.length === 0 && this.#durable.length === 0;
  }

  /** Undefined: nothing is ready. */
  #next(): Runnable | undefined {
    const isDurable = this.#ready.length === 0 || (this.#isDurableNext && this.#durable.length > 0);
    this.#isDurableNext = !isDurable;
    return isDurable ? this.#durable.shift() : this.#ready.shift();
  }

  #arm(): void {
    this.#armed = true;
    if (this.#turnsLeft > 0) this.#clock.soon(this.#slice);
    else this.#clock.defer(this.#slice);
  }

  readonly #refill = (): void => {
    this.#turnsLeft = SLICE_TURNS;
    this.#sliceEndsAt = 0;
  };

  /** The first slice since the last trip, also where that trip had put it off: the next one gives the budget back. */
  #beginBudget(): void {
    this.#sliceEndsAt = this.now + SLICE_MS;
    if (!this.#isSlow && this.#stride < CLOCK_TURNS) this.#stride *= 2;
    this.#isSlow = false;
    this.#clock.defer(this.#refill);
  }

  /** `turns` have run since the last look. Returns how many may run until the next one; 0: the slice is over. */
  #look(turns: number): number {
    const before = this.now;
    this.now = this.#clock.now();
    const spentMs = this.now - before;
    this.#turnsLeft -= turns;
    if (spentMs > STRIDE_MS) {
      this.#isSlow = true;
      // A power of two, so that doubling ends at the longest.
      while (this.#stride > 1 && this.#stride * spentMs > turns * STRIDE_MS) this.#stride /= 2;
    }
    if (this.now >= this.#sliceEndsAt || this.#turnsLeft < STRIDE_TURNS_MAX) this.#turnsLeft = 0;
    // Sockets have their turn: who asks an actor that waits for no disk is not kept waiting by those that do.
    else if (this.#ready.length === 0 && this.now >= this.#sliceEndsAt - SLICE_MS + DURABLE_SLICE_MS)
      this.#turnsLeft = 0;
    if (this.#turnsLeft === 0) return 0;
    return spentMs > turns * QUICK_MS ? Math.min(FIRST_TURNS, this.#stride) : this.#stride;
  }

  /** In no context of whoever told the first of them. A job of a promise has the id 0 where hooks are off: that is the ground already, and a tenth of an ask (S2). */
  readonly #slice = (): void => {
    if (CONTEXTS_ARE_HOOKS && executionAsyncId() === 0) this.#runSlice();
    else onGround(this.#runSlice);
  };

  readonly #runSlice = (): void => {
    if (this.#turnsLeft <= 0) this.#refill();
    this.now = this.#clock.now();
    if (this.#sliceEndsAt === 0) this.#beginBudget();
    // Turns that await come in a slice each, without a look in any.
    else if (this.now >= this.#sliceEndsAt) {
      this.#turnsLeft = 0;
      this.#clock.defer(this.#slice);
      return;
    }
    this.watcher?.begins(this.now);
    let stride = Math.min(FIRST_TURNS, this.#stride);
    let untilLook = stride;
    try {
      // Once for each message of a ring of actors (S7): what changes with a look only is reckoned there.
      for (let most = stride; ; ) {
        const runnable = this.#next();
        if (runnable === undefined) break;
        const turns = runnable.run(most) || 1;
        if (this.watcher !== undefined) this.watcher.ran(runnable, turns);
        untilLook -= runnable.durable === undefined ? turns : turns * DURABLE_TURNS;
        if (untilLook > 0) continue;
        stride = untilLook = this.#look(stride - untilLook);
        if (stride === 0) break;
        most = Math.min(CELL_TURNS, stride);
      }
    } finally {
      this.#turnsLeft -= stride - untilLook;
      // Also where a turn threw what no turn should: the others go on.
      if (this.idle) this.#armed = false;
      else this.#clock.defer(this.#slice);
    }
  };
}
