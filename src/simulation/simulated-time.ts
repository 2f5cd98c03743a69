/**
 * The time of a simulated machine: events in the order of their times, run one by one. All promises that an event has
 * set going run before the next one.
 */
import type { Timer } from '../vocabulary/clock.ts';

/** The timer of its own: there are thousands of them in a run. */
class Event implements Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled = false;

  constructor(at: number, order: number, run: () => void) {
    this.at = at;
    this.order = order;
    this.run = run;
  }

  cancel(): void {
    this.cancelled = true;
  }
}

/** Milliseconds that deferred work takes to begin, at most. */
const DEFER_MS = 0.05;
/** Events after which the real event loop has a turn: whoever runs the simulation may have timers of its own. */
const EVENTS_PER_TURN = 4_096;
/** Runs after which it has one too: where nothing is due they have no events, and a loop of them would keep the limit of a test from being seen. */
const RUNS_PER_TURN = 1_024;
/** For a microtask behind those that there are; `queueMicrotask` would make a resource of each. */
const PROMISES = Promise.resolve();

export class SimulatedTime {
  readonly #random: () => number;
  /** A binary heap by time, then by order of setting. */
  readonly #events: Event[] = [];
  #order = 0;
  #ran = 0;
  #runs = 0;
  now = 1_000;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Events that were run. */
  get ran(): number {
    return this.#ran;
  }

  at(ms: number, run: () => void): Timer {
    const event = new Event(this.now + Math.max(0, ms), this.#order++, run);
    this.#push(event);
    return event;
  }

  defer(run: () => void): void {
    this.at(this.#random() * DEFER_MS, run);
  }

  /** The machine was asleep: the clock goes on by some milliseconds in which nothing ran, and what is due is late. */
  jump(ms: number): void {
    this.now += ms;
  }

  /** Runs all events until a time, or until `isEnough`. */
  runUntil(until: number, isEnough: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (isEnough() || !this.#runNext(until)) return this.#hasTurn() ? void setImmediate(resolve) : resolve();
        } catch (error) {
          return reject(error);
        }
        if (this.#ran % EVENTS_PER_TURN === 0) setImmediate(step);
        else void PROMISES.then(whenTheyHaveRun);
      };
      /**
       * Node.js runs a tick only when no microtask is left, so by then every promise chain has come to its end. A trip round the event loop
       * would do as well, at ten times the price.
       */
      const whenTheyHaveRun = (): void => process.nextTick(step);
      void PROMISES.then(whenTheyHaveRun);
    });
  }

  /** Runs until a promise settles, which is what it resolves to. Rejects where it does not within so many milliseconds. */
  async untilSettled<T>(promise: Promise<T>, withinMs: number): Promise<T> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    await this.runUntil(this.now + withinMs, () => isSettled);
    if (!isSettled) throw new Error(`a promise settles within ${withinMs} simulated ms; got none`);
    return promise;
  }

  #hasTurn(): boolean {
    return ++this.#runs % RUNS_PER_TURN === 0;
  }

  /** False where nothing is due any more. */
  #runNext(until: number): boolean {
    for (let event = this.#events[0]; event && event.at <= until; event = this.#events[0]) {
      this.#pop();
      if (event.cancelled) continue;
      this.now = Math.max(this.now, event.at);
      this.#ran++;
      event.run();
      return true;
    }
    this.now = Math.max(this.now, until);
    return false;
  }

  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
