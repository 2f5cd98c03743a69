/** Times of messages, from samples: what is told of them, and how those of several processes add up. */
import { LogHistogram, mergeBuckets, quantile } from '../structures/log-histogram.ts';

/** Milliseconds that the percentiles go back, at least where it was measured for so long; twice as many at most. */
export const TIMING_WINDOW_MS = 10_000;

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
  /** The longest of those samples that are in a trace which is exported; undefined: there was none. */
  exemplar?: TimingExemplar | undefined;
}

/** A trace in which a time was measured. */
export interface TimingExemplar {
  /** Milliseconds. */
  ms: number;
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  /** Milliseconds since the Unix epoch. */
  at: number;
}

/** Values since it is measured, and those of the last while. */
export class TimingWindow {
  readonly total: LogHistogram = new LogHistogram();
  #recent = new LogHistogram();
  #before = new LogHistogram();
  #exemplar: TimingExemplar | undefined;
  #exemplarBefore: TimingExemplar | undefined;

  add(ms: number, weight = 1): void {
    this.total.add(ms, weight);
    this.#recent.add(ms, weight);
  }

  /** The trace of a value that was added. */
  trace(exemplar: TimingExemplar): void {
    this.#exemplar = longest([this.#exemplar, exemplar]);
  }

  /** A new while begins; the one before still counts. */
  turn(): void {
    this.#exemplarBefore = this.#exemplar;
    this.#exemplar = undefined;
    this.#before = this.#recent;
    this.#recent = new LogHistogram();
  }

  timing(): Timing {
    const { count, sum } = this.total;
    const recent = mergeBuckets([this.#recent.buckets(), this.#before.buckets()]);
    const max = Math.max(this.#recent.max, this.#before.max);
    const exemplar = longest([this.#exemplar, this.#exemplarBefore]);
    return timingOf({ max, count, sum, buckets: this.total.buckets(), recent, exemplar });
  }
}

function timingOf({ exemplar, ...parts }: Omit<Timing, 'p50' | 'p95' | 'p99'>): Timing {
  const { recent, max } = parts;
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(recent, share, max));
  return { p50, p95, p99, ...parts, ...(exemplar && { exemplar }) };
}

function longest(all: readonly (TimingExemplar | undefined)[]): TimingExemplar | undefined {
  return all.reduce((one, other) => (other !== undefined && (one === undefined || other.ms >= one.ms) ? other : one));
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
    exemplar: longest(known.map(({ exemplar }) => exemplar)),
  });
}
