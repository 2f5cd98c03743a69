/** A clock that stands still until it is told to go on; timers run in the order of their times. */
import type { Clock, Timer } from '../../../src/vocabulary/clock.ts';

interface Pending {
  readonly at: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  #now = 0;
  #pending: Pending[] = [];

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  setTimer(ms: number, run: () => void): Timer {
    const pending = { at: this.#now + Math.max(0, ms), run };
    this.#pending.push(pending);
    return { cancel: () => this.#remove(pending) };
  }

  defer(run: () => void): void {
    this.setTimer(0, run);
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  /** Everything that is due within `ms`, and what promises make of it. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#remove(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settle();
    }
    this.#now = end;
  }

  /** The loop was held up: time is gone, and only now timers run. */
  block(ms: number): void {
    this.#now += ms;
  }

  /** The earliest; the first set among those of the same time. */
  #next(end: number): Pending | undefined {
    let next: Pending | undefined;
    for (const pending of this.#pending) if (pending.at <= end && (!next || pending.at < next.at)) next = pending;
    return next;
  }

  #remove(pending: Pending): void {
    this.#pending = this.#pending.filter((other) => other !== pending);
  }
}

/** Lets promises have all the turns they want. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
