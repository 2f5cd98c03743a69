/**
 * How long messages wait in mailboxes, and how long their handlers take, by kind: sampled while somebody looks. A minute after the last
 * look nothing is measured any more, and a turn pays for one field that is undefined.
 *
 * The first message after each look of the scheduler at the clock is a sample, and one of 64 in between; it counts for those
 * before it that were not measured. So every message of a slow kind is measured, and few of a fast one.
 */
import { type Bucket, LogHistogram, mergeBuckets, quantile } from '../structures/log-histogram.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { ActorRates } from './actor-rates.ts';
import { WATCHED_MS } from './loop-watch.ts';

/** Of messages that come between two looks of the scheduler at the clock, one of so many is measured. */
export const ONE_OF = 64;
/** Milliseconds that the percentiles go back, at least where it was measured for so long; twice as many at most. */
export const TIMING_WINDOW_MS = 10_000;
/** Milliseconds until the first figures of single actors. */
export const FIRST_RATES_MS = 1_000;

/** Milliseconds of the messages of one kind, from samples; see `KindMetrics`. A value is at most a fifth below what is said. */
export interface Timing {
  /** Half of them took no longer; of the last 10 to 20 seconds, as the other percentiles. Undefined: there were none. */
  p50: number | undefined;
  /** 95 of 100 took no longer. */
  p95: number | undefined;
  /** 99 of 100 took no longer. */
  p99: number | undefined;
  /** The longest of the samples that the percentiles are made of. */
  max: number;
  /** Messages that the samples stand for, since it is measured. */
  count: number;
  /** Milliseconds of them all, about. */
  sum: number;
  /** Upper bound in milliseconds and messages, since it is measured; empty ones are left out. */
  buckets: [upTo: number, count: number][];
  /** Those that the percentiles are made of. */
  recent: [upTo: number, count: number][];
}

/** The part of the scheduler that is read: the time as of its last look at the clock. */
export interface Ticks {
  readonly now: number;
}

/** A turn that is measured. */
export interface TurnSample {
  readonly cell: object;
  readonly at: number;
  readonly weight: number;
}

/** Values since it is measured, and those of the last while. */
export class TimingWindow {
  readonly total: LogHistogram = new LogHistogram();
  #recent = new LogHistogram();
  #before = new LogHistogram();

  add(ms: number, weight = 1): void {
    this.total.add(ms, weight);
    this.#recent.add(ms, weight);
  }

  /** A new while begins; the one before still counts. */
  turn(): void {
    this.#before = this.#recent;
    this.#recent = new LogHistogram();
  }

  timing(): Timing {
    const { count, sum } = this.total;
    const recent = mergeBuckets([this.#recent.buckets(), this.#before.buckets()]);
    const max = Math.max(this.#recent.max, this.#before.max);
    return timingOf({ max, count, sum, buckets: this.total.buckets(), recent });
  }
}

/** Of the messages of one kind in one process. */
export class KindTimings {
  readonly #clock: Clock;
  readonly #ticks: Ticks;
  readonly #arrived = new WeakMap<object, { at: number; weight: number }>();
  readonly handling: TimingWindow = new TimingWindow();
  readonly waiting: TimingWindow = new TimingWindow();
  #arrivals = 0;
  #arrivalAt = -1;
  #turns = 0;
  #turnAt = -1;
  /** Undefined while nobody looks at single actors. */
  rates: ActorRates | undefined;

  constructor(clock: Clock, ticks: Ticks) {
    this.#clock = clock;
    this.#ticks = ticks;
  }

  /** A message has come into a mailbox. */
  arrives(envelope: object): void {
    const { now } = this.#ticks;
    if (++this.#arrivals < ONE_OF && now === this.#arrivalAt) return;
    this.#arrived.set(envelope, { at: this.#clock.now(), weight: this.#arrivals });
    this.#arrivals = 0;
    this.#arrivalAt = now;
  }

  /** Its handler is called now. Undefined: the turn is not measured. */
  begins(cell: object, envelope: object): TurnSample | undefined {
    const { now } = this.#ticks;
    const arrival = this.#arrived.get(envelope);
    const isDue = ++this.#turns >= ONE_OF || now !== this.#turnAt;
    if (arrival === undefined && !isDue) return undefined;
    const at = this.#clock.now();
    if (arrival !== undefined) {
      this.#arrived.delete(envelope);
      this.waiting.add(at - arrival.at, arrival.weight);
    }
    if (!isDue) return undefined;
    const weight = this.#turns;
    this.#turns = 0;
    this.#turnAt = now;
    return { cell, at, weight };
  }

  /** The handler of a sample is done, or has thrown. */
  ends({ cell, at, weight }: TurnSample): void {
    const now = this.#clock.now();
    this.handling.add(now - at, weight);
    this.rates?.add(cell, now - at, weight);
  }
}

/** Kinds that are measured; behaviours of actors are such. */
export interface Timed {
  timings: KindTimings | undefined;
}

export class TurnWatch {
  readonly #clock: Clock;
  readonly #ticks: Ticks;
  readonly #kinds: ReadonlyMap<string, Timed>;
  #timer: Timer | undefined;
  #windowFrom = 0;
  #rates: ActorRates | undefined;

  constructor(clock: Clock, ticks: Ticks, kinds: ReadonlyMap<string, Timed>) {
    this.#clock = clock;
    this.#ticks = ticks;
    this.#kinds = kinds;
  }

  get isMeasuring(): boolean {
    return this.#timer !== undefined;
  }

  /** It is measured from now on, for a minute. */
  look(): void {
    const now = this.#clock.now();
    for (const kind of this.#kinds.values()) kind.timings ??= new KindTimings(this.#clock, this.#ticks);
    if (this.#timer === undefined) this.#windowFrom = now;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(WATCHED_MS, () => this.close());
    if (now - this.#windowFrom < TIMING_WINDOW_MS) return;
    this.#windowFrom = now;
    for (const { timings } of this.#kinds.values()) {
      timings?.handling.turn();
      timings?.waiting.turn();
    }
  }

  /** Turns of single actors are counted from now on, for a minute; at the first call it takes a second to know some. */
  async lookAtActors(): Promise<void> {
    this.look();
    const isFirst = this.#rates === undefined;
    this.#rates ??= new ActorRates(this.#clock.now());
    for (const { timings } of this.#kinds.values()) if (timings) timings.rates = this.#rates;
    if (isFirst) await new Promise<void>((resolve) => this.#clock.setTimer(FIRST_RATES_MS, resolve));
    this.#rates?.look(this.#clock.now());
  }

  /** Turns in a second, and milliseconds of one; undefined: not known. */
  rateOf(cell: object): { perSecond: number; ms: number } | undefined {
    return this.#rates?.of(cell);
  }

  /** Undefined: nothing was measured yet. */
  of(kind: string): { handlingMs: Timing | undefined; waitMs: Timing | undefined } {
    const { handling, waiting } = this.#kinds.get(kind)?.timings ?? {};
    return {
      handlingMs: handling && handling.total.count > 0 ? handling.timing() : undefined,
      waitMs: waiting && waiting.total.count > 0 ? waiting.timing() : undefined,
    };
  }

  /** Nothing is measured, and no timer is left. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#rates = undefined;
    for (const kind of this.#kinds.values()) kind.timings = undefined;
  }
}

function timingOf(parts: { max: number; count: number; sum: number; buckets: Bucket[]; recent: Bucket[] }): Timing {
  const { recent, max } = parts;
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(recent, share, max));
  return { p50, p95, p99, ...parts };
}

/** Of several processes, together; undefined where none has measured. */
export function mergeTimings(all: readonly (Timing | undefined)[]): Timing | undefined {
  const known = all.filter((timing) => timing !== undefined);
  if (known.length < 2) return known[0];
  return timingOf({
    max: Math.max(...known.map(({ max }) => max)),
    count: known.reduce((sum, { count }) => sum + count, 0),
    sum: known.reduce((sum, timing) => sum + timing.sum, 0),
    buckets: mergeBuckets(known.map(({ buckets }) => buckets)),
    recent: mergeBuckets(known.map(({ recent }) => recent)),
  });
}
