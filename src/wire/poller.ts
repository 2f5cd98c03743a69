/**
 * Keeps a process awake for a moment after its links were active: the event loop asks for more instead of sleeping until
 * more comes. Waking up costs tens of microseconds on a virtual CPU, more than all else that an ask between two processes
 * costs (S5). It gives way at once where others want the CPU: then the kernel takes it away now and then, and counts that.
 */
import type { Clock } from '../vocabulary/clock.ts';

export const POLL_MICROS_MAX = 10_000;
/** Rounds between two looks at whether others want the CPU. */
const ROUNDS_PER_LOOK = 32;
/** Others want it where it was taken away so often within so many milliseconds; a single time is the kernel's housekeeping. */
const PREEMPTED_MAX = 2;
const PREEMPTED_MS = 20;
/** Milliseconds without polling once others want it. */
export const POLL_REST_MS = 100;

export class Poller {
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #timesPreempted: () => number;
  #until = 0;
  #restsUntil = 0;
  #isPolling = false;
  #rounds = 0;
  #preempted = 0;
  #preemptedSince = 0;

  /** `timesPreempted`: how often the kernel has given the CPU of this process to another one. */
  constructor(clock: Clock, pollMicros: number, timesPreempted: () => number = involuntarySwitches) {
    this.#clock = clock;
    this.#pollMs = pollMicros / 1_000;
    this.#timesPreempted = timesPreempted;
  }

  /** A link was active just now. */
  poke(): void {
    if (this.#pollMs === 0) return;
    const now = this.#clock.now();
    this.#until = now + this.#pollMs;
    if (this.#isPolling || now < this.#restsUntil) return;
    this.#isPolling = true;
    this.#rounds = 0;
    if (now - this.#preemptedSince > PREEMPTED_MS) this.#countFrom(now);
    this.#clock.defer(this.#round);
  }

  readonly #round = (): void => {
    const now = this.#clock.now();
    if (++this.#rounds % ROUNDS_PER_LOOK === 0 && this.#isUnwelcome(now)) {
      this.#restsUntil = now + POLL_REST_MS;
      this.#isPolling = false;
    } else if (now >= this.#until) {
      this.#isPolling = false;
    } else {
      // A callback that waits for the next round keeps the loop from sleeping in between.
      this.#clock.defer(this.#round);
    }
  };

  #isUnwelcome(now: number): boolean {
    if (this.#timesPreempted() - this.#preempted >= PREEMPTED_MAX) return true;
    if (now - this.#preemptedSince > PREEMPTED_MS) this.#countFrom(now);
    return false;
  }

  #countFrom(now: number): void {
    this.#preempted = this.#timesPreempted();
    this.#preemptedSince = now;
  }
}

function involuntarySwitches(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}
