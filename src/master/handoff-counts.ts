/** How many hand-offs there were, how they ended and how long they took. */
import type { HandoffMetrics } from '../observe/handoff-metrics.ts';
import { TimingWindow } from '../observe/timing.ts';
import type { Clock } from '../vocabulary/clock.ts';

export class HandoffCounts {
  readonly #clock: Clock;
  readonly #times = new TimingWindow();
  #open = 0;
  #done = 0;
  #failed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It is open until the promise settles. */
  count(handoff: Promise<void>): void {
    const begunAt = this.#clock.now();
    this.#open++;
    const done = (): void => {
      this.#open--;
      this.#done++;
      this.#times.add(this.#clock.now() - begunAt);
    };
    const failed = (): void => {
      this.#open--;
      this.#failed++;
    };
    void handoff.then(done, failed);
  }

  metrics(): HandoffMetrics {
    const ms = this.#done > 0 ? this.#times.timing() : undefined;
    return { open: this.#open, done: this.#done, failed: this.#failed, ms };
  }
}
