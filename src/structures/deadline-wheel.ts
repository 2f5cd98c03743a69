/**
 * Deadlines of very many short-lived things, nearly all of which are removed before they expire: the asks in flight.
 * Hashed timing wheels (Varghese and Lauck 1987), but with only the live ticks kept: a map from tick to a linked
 * list of entries, a heap over the ticks, and one timer of the clock for the earliest. Entries carry their own links,
 * so adding and removing allocate nothing and take the same time whatever the number of entries.
 */
import { NumberHeap } from './number-heap.ts';

/** The clock of the wheel. */
export interface WheelClock {
  /** Milliseconds, monotonic. */
  now(): number;
  setTimer(ms: number, run: () => void): { cancel(): void };
}

/** Empty buckets that may wait for their tick beside as many as there are live ones; beyond, all of them are dropped. */
export const EMPTY_BUCKETS_MAX = 64;
/** Timers of Node.js fire at once when asked for more. */
const TIMER_MS_MAX = 2 ** 31 - 1;

class Bucket {
  first: DeadlineEntry | undefined;
  last: DeadlineEntry | undefined;

  constructor() {
    this.first = undefined;
    this.last = undefined;
  }
}

/** To be extended. Belongs to one wheel at most; the fields are the wheel's. */
export abstract class DeadlineEntry {
  previous: DeadlineEntry | undefined;
  next: DeadlineEntry | undefined;
  bucket: Bucket | undefined;

  constructor() {
    this.previous = undefined;
    this.next = undefined;
    this.bucket = undefined;
  }

  /** Called once, after it has been taken out of the wheel; may add and remove entries, itself included. */
  abstract expire(): void;
}

/** Entries expire by deadline, never early; those of one tick in the order in which they were added. */
export class DeadlineWheel<E extends DeadlineEntry = DeadlineEntry> {
  readonly #clock: WheelClock;
  readonly #granularityMs: number;
  readonly #buckets: Map<number, Bucket>;
  /** Every tick of `#buckets`, once. */
  #ticks: NumberHeap;
  #emptyBuckets: number;
  #size: number;
  #timer: { cancel(): void } | undefined;
  /** The tick that `#timer` waits for. */
  #timerTick: number;
  /** The last tick of the present expiry. */
  #expiringTick: number;
  /** Where the last entry was put; none once any bucket has been dropped. */
  #lastTick: number;
  #lastBucket: Bucket | undefined;

  /** `granularityMs`: a whole number from 1; a deadline is met at most so much later. */
  constructor(clock: WheelClock, granularityMs = 1) {
    if (!Number.isSafeInteger(granularityMs) || granularityMs < 1) {
      throw new RangeError(`granularityMs is a whole number from 1; got ${granularityMs}`);
    }
    this.#clock = clock;
    this.#granularityMs = granularityMs;
    this.#buckets = new Map();
    this.#ticks = new NumberHeap();
    this.#emptyBuckets = 0;
    this.#size = 0;
    this.#timer = undefined;
    this.#timerTick = Number.POSITIVE_INFINITY;
    this.#expiringTick = Number.NEGATIVE_INFINITY;
    this.#lastTick = Number.NaN;
    this.#lastBucket = undefined;
  }

  /** Entries that wait. */
  get size(): number {
    return this.#size;
  }

  /** Buckets in memory; bounded by twice the ticks in use plus `EMPTY_BUCKETS_MAX`. */
  get bucketCount(): number {
    return this.#buckets.size;
  }

  /** `atMs` on the clock's `now()`. An entry that waits already gets the new deadline; `Infinity` never expires. */
  add(entry: E, atMs: number): void {
    if (Number.isNaN(atMs)) throw new RangeError('a deadline is a number of milliseconds; got NaN');
    if (entry.bucket !== undefined) this.remove(entry);
    const tick = this.#tickOf(atMs);
    const bucket = this.#bucketAt(tick);
    entry.bucket = bucket;
    entry.previous = bucket.last;
    if (bucket.last === undefined) bucket.first = entry;
    else bucket.last.next = entry;
    bucket.last = entry;
    this.#size++;
    if (tick < this.#timerTick && !this.#isExpiring()) this.#setTimer(tick);
  }

  /** Does nothing for an entry that does not wait. The timer stays: to set it again costs more than to wake once in vain. */
  remove(entry: E): void {
    const bucket = entry.bucket;
    if (bucket === undefined) return;
    this.#unlink(entry, bucket);
    if (bucket.first !== undefined) return;
    this.#emptyBuckets++;
    if (this.#emptyBuckets > EMPTY_BUCKETS_MAX + this.#buckets.size / 2) this.#dropEmptyBuckets();
  }

  /** All that wait, in no order that counts; they must not change meanwhile. */
  *[Symbol.iterator](): Iterator<E> {
    for (const bucket of this.#buckets.values()) {
      for (let entry = bucket.first; entry !== undefined; entry = entry.next) yield entry as E;
    }
  }

  /** Cancels the timer: nothing expires any more, until the next `add`. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerTick = Number.POSITIVE_INFINITY;
  }

  #tickOf(atMs: number): number {
    let tick = Math.ceil(atMs / this.#granularityMs);
    // The division may have rounded down to a whole number.
    if (tick * this.#granularityMs < atMs) tick++;
    // An entry that an expiring one adds waits for the next tick, or one that adds itself again would never let go.
    return tick > this.#expiringTick ? tick : this.#expiringTick + 1;
  }

  #bucketAt(tick: number): Bucket {
    // Most deadlines of a moment are the same one (S2, asks).
    const last = tick === this.#lastTick ? this.#lastBucket : undefined;
    const bucket = last ?? this.#findBucket(tick);
    if (last !== undefined && last.first === undefined) this.#emptyBuckets--;
    this.#lastTick = tick;
    this.#lastBucket = bucket;
    return bucket;
  }

  #findBucket(tick: number): Bucket {
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) {
      bucket = new Bucket();
      this.#buckets.set(tick, bucket);
      this.#ticks.push(tick);
    } else if (bucket.first === undefined) {
      this.#emptyBuckets--;
    }
    return bucket;
  }

  #unlink(entry: DeadlineEntry, bucket: Bucket): void {
    if (entry.previous === undefined) bucket.first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) bucket.last = entry.previous;
    else entry.next.previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
    entry.bucket = undefined;
    this.#size--;
  }

  #dropEmptyBuckets(): void {
    this.#lastBucket = undefined;
    for (const [tick, bucket] of this.#buckets) if (bucket.first === undefined) this.#buckets.delete(tick);
    this.#ticks = new NumberHeap(this.#buckets.keys());
    this.#emptyBuckets = 0;
  }

  #isExpiring(): boolean {
    return this.#expiringTick !== Number.NEGATIVE_INFINITY;
  }

  #setTimer(tick: number): void {
    this.#timer?.cancel();
    const ms = Math.max(0, tick * this.#granularityMs - this.#clock.now());
    this.#timerTick = tick;
    this.#timer = this.#clock.setTimer(Math.min(ms, TIMER_MS_MAX), () => this.#wake());
  }

  /** Also called early, by a timer that rounds down or was cut to its longest, and in vain, after removals. */
  #wake(): void {
    const errors: unknown[] = [];
    this.#timer = undefined;
    this.#timerTick = Number.POSITIVE_INFINITY;
    this.#expiringTick = Math.floor(this.#clock.now() / this.#granularityMs);
    try {
      this.#expireUntil(this.#expiringTick, errors);
    } finally {
      this.#expiringTick = Number.NEGATIVE_INFINITY;
      const earliest = this.#earliestLiveTick();
      if (earliest !== undefined) this.#setTimer(earliest);
    }
    // Thrown last: a fault of one entry is no reason to keep the others, and none to be silent about it.
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} entries threw as they expired`);
  }

  #expireUntil(lastTick: number, errors: unknown[]): void {
    for (let tick = this.#ticks.peek(); tick !== undefined && tick <= lastTick; tick = this.#ticks.peek()) {
      const bucket = this.#buckets.get(tick);
      const entry = bucket?.first;
      if (bucket === undefined || entry === undefined) {
        this.#dropEarliest(tick);
        continue;
      }
      // Taken out one at a time, because expire() may remove entries that are still to come. An emptied bucket counts
      // as empty until the next round drops it.
      this.#unlink(entry, bucket);
      if (bucket.first === undefined) this.#emptyBuckets++;
      try {
        entry.expire();
      } catch (error) {
        errors.push(error);
      }
    }
  }

  #earliestLiveTick(): number | undefined {
    for (let tick = this.#ticks.peek(); tick !== undefined; tick = this.#ticks.peek()) {
      if (this.#buckets.get(tick)?.first !== undefined) return tick;
      this.#dropEarliest(tick);
    }
    return undefined;
  }

  #dropEarliest(tick: number): void {
    this.#ticks.pop();
    this.#lastBucket = undefined;
    this.#buckets.delete(tick);
    this.#emptyBuckets--;
  }
}
