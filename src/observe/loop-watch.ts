/**
 * The event loop of a process, watched while somebody looks: how late it comes to its timers, and how much of its time it is busy. A
 * minute after the last look nothing is measured any more.
 */
import { type EventLoopUtilization, type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { type GcMetrics, GcWatch } from './gc-watch.ts';

/** Milliseconds after the last look at which measuring ends. */
export const WATCHED_MS = 60_000;
/** Milliseconds that a look's figures go back, at least where there were looks before. */
export const LOOP_WINDOW_MS = 10_000;
/** Milliseconds between two measures of the delay, which is how late they come. */
const RESOLUTION_MS = 10;

/** The event loop of one process, since the look before that is more than 10 s old, or since the first look. */
export interface LoopMetrics {
  /** Share of the time in which the loop was busy, from 0 to 1; at the first look since the process began. */
  utilization: number;
  /** How late the loop came to its timers, in milliseconds; undefined at the first look, after which it is measured for a minute. */
  delayMs: { p50: number; p99: number; max: number } | undefined;
}

export class LoopWatch {
  readonly #clock: Clock;
  #histogram: IntervalHistogram | undefined;
  #timer: Timer | undefined;
  #begin: EventLoopUtilization | undefined;
  #windowFrom = 0;
  readonly #gc = new GcWatch();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isMeasuring(): boolean {
    return this.#histogram !== undefined;
  }

  /** Undefined before the first look. */
  get gc(): GcMetrics | undefined {
    return this.#gc.counts;
  }

  look(): LoopMetrics {
    const now = this.#clock.now();
    const { utilization } = performance.eventLoopUtilization(this.#begin);
    const histogram = this.#histogram;
    const isMeasured = histogram !== undefined && histogram.count > 0;
    const delayMs = isMeasured
      ? { p50: delayOf(histogram.percentile(50)), p99: delayOf(histogram.percentile(99)), max: delayOf(histogram.max) }
      : undefined;
    if (histogram === undefined) this.#measure();
    if (histogram === undefined || now - this.#windowFrom >= LOOP_WINDOW_MS) {
      this.#windowFrom = now;
      this.#begin = performance.eventLoopUtilization();
      this.#histogram?.reset();
    }
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(WATCHED_MS, () => this.close());
    return { utilization, delayMs };
  }

  /** Nothing is measured, and no timer is left. */
  close(): void {
    this.#timer?.cancel();
    this.#histogram?.disable();
    this.#timer = undefined;
    this.#histogram = undefined;
    this.#gc.stop();
    this.#begin = undefined;
  }

  #measure(): void {
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram.enable();
    this.#gc.start();
  }
}

/** Of nanoseconds between two measures, of which the wait that was asked for is no delay. */
function delayOf(nanoseconds: number): number {
  return Math.max(0, Math.round(nanoseconds / 1_000 - RESOLUTION_MS * 1_000) / 1_000);
}
