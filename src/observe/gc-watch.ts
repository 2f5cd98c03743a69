/** Garbage collections of a process, counted from a start to an end. */
import { PerformanceObserver } from 'node:perf_hooks';

/** Garbage collections of one process since they are counted: from the first `metrics()` on, until a minute after the last one. */
export interface GcMetrics {
  /** How many there were. */
  count: number;
  /** Milliseconds of them all. */
  ms: number;
  /** Milliseconds of the longest. */
  maxMs: number;
}

export class GcWatch {
  #observer: PerformanceObserver | undefined;
  #counts: GcMetrics | undefined;

  /** Undefined while they are not counted. */
  get counts(): GcMetrics | undefined {
    return this.#counts && { ...this.#counts };
  }

  start(): void {
    if (this.#observer !== undefined) return;
    const counts = { count: 0, ms: 0, maxMs: 0 };
    this.#counts = counts;
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        counts.count++;
        counts.ms += duration;
        counts.maxMs = Math.max(counts.maxMs, duration);
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  stop(): void {
    this.#observer?.disconnect();
    this.#observer = undefined;
    this.#counts = undefined;
  }
}
