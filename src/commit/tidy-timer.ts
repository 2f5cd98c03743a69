/** Acknowledged messages leave the record with the next turn, or a moment later where none comes. */
import type { Clock, Timer } from '../vocabulary/clock.ts';

/** Milliseconds until then. */
const TIDY_MS = 500;

export class TidyTimer {
  readonly #clock: Clock;
  readonly #tidy: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, tidy: () => void) {
    this.#clock = clock;
    this.#tidy = tidy;
  }

  start(): void {
    this.#timer ??= this.#clock.setTimer(TIDY_MS, () => {
      this.#timer = undefined;
      this.#tidy();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
