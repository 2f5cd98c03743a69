/**
 * The time of a simulated machine: events in the order of their times, run one by one. Each process sees it through a
 * clock of its own, which stops when the process is killed and stands still while it is frozen.
 */
import type { Clock, Timer } from '../../vocabulary/clock.ts';

interface Event {
  at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Milliseconds that deferred work takes to begin, at most. */
const DEFER_MS = 0.05;

export class SimulatedTime {
  readonly #random: () => number;
  /** A binary heap by time, then by order of setting. */
  readonly #events: Event[] = [];
  #order = 0;
  now = 1_000;

  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#events.length;
  }

  at(ms: number, run: () => void): Timer {
    const event: Event = { at: this.now + Math.max(0, ms), order: this.#order++, run, cancelled: false };
    this.#push(event);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  defer(run: () => void): void {
    this.at(this.#random() * DEFER_MS, run);
  }

  /** Runs all events until a time; `settle` lets promises run after each. */
  async runUntil(until: number, settle: () => Promise<void>): Promise<void> {
    await settle();
    for (let event = this.#events[0]; event && event.at <= until; event = this.#events[0]) {
      this.#pop();
      if (event.cancelled) continue;
      this.now = Math.max(this.now, event.at);
      event.run();
      await settle();
    }
    this.now = Math.max(this.now, until);
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

/** The clock of one process. */
export class ProcessClock implements Clock {
  readonly #time: SimulatedTime;
  #isDead = false;
  /** What came due while the process was frozen, in order. */
  #frozen: (() => void)[] | undefined;

  constructor(time: SimulatedTime) {
    this.#time = time;
  }

  now(): number {
    return this.#time.now;
  }

  wall(): number {
    return 1_700_000_000_000 + Math.floor(this.#time.now);
  }

  setTimer(ms: number, run: () => void): Timer {
    let isCancelled = false;
    const timer = this.#time.at(ms, () =>
      this.whenRunning(() => {
        if (!isCancelled) run();
      }),
    );
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  defer(run: () => void): void {
    this.#time.defer(() => this.whenRunning(run));
  }

  soon(run: () => void): void {
    queueMicrotask(() => this.whenRunning(run));
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

  kill(): void {
    this.#isDead = true;
    this.#frozen = undefined;
  }

  freeze(): void {
    this.#frozen ??= [];
  }

  thaw(): void {
    const due = this.#frozen;
    this.#frozen = undefined;
    // In their order, before anything that comes now.
    for (const run of due ?? []) this.#time.at(0, () => this.whenRunning(run));
  }
}
