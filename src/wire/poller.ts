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
/** Milliseconds without polling once others want it; twice as long each time that they still do, up to the longest. */
export const POLL_REST_MS = 100;
export const POLL_REST_MS_MAX = 6_400;

export class Poller {
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #timesPreempted: () => number;
  #until = 0;
  #restsUntil = 0;
  #restMs = POLL_REST_MS;
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
    this.#rounds = 0;
    if (this.#givesWay(now)) return;
    this.#isPolling = true;
    this.#clock.defer(this.#round);
  }

  readonly #round = (): void => {
    const now = this.#clock.now();
    const isOver = now >= this.#until || (++this.#rounds % ROUNDS_PER_LOOK === 0 && this.#givesWay(now));
    // A callback that waits for the next round keeps the loop from sleeping in between.
    if (isOver) this.#isPolling = false;
    else this.#clock.defer(this.#round);
  };

  #givesWay(now: number): boolean {
    const preempted = this.#timesPreempted();
    const isLongAgo = now - this.#preemptedSince > PREEMPTED_MS;
    const isWanted = !isLongAgo && preempted - this.#preempted >= PREEMPTED_MAX;
    if (isWanted) {
      this.#restsUntil = now + this.#restMs;
      this.#restMs = Math.min(this.#restMs * 2, POLL_REST_MS_MAX);
    } else if (isLongAgo && preempted === this.#preempted) {
      this.#restMs = POLL_REST_MS;
    }
    if (isWanted || isLongAgo) {
      this.#preempted = preempted;
      this.#preemptedSince = now;
    }
    return isWanted;
  }
}

function involuntarySwitches(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}
