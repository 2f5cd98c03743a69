/** The port to time. Nothing in the system reads a clock or sets a timer but through it. */

/** A timer that waits. */
export interface Timer {
  /**
   * It does not run any more. Cancelled twice, or once it has run, nothing happens.
   *
   * @example
   * ```ts
   * timer.cancel();
   * ```
   */
  cancel(): void;
}

/** A clock: what the time is, and what happens later. */
export interface Clock {
  /**
   * Milliseconds, monotonic, with fractions; comparable between the processes of one machine.
   *
   * @example
   * ```ts
   * const beganAt = clock.now();
   * ```
   */
  now(): number;
  /**
   * Milliseconds since the Unix epoch.
   *
   * @example
   * ```ts
   * const date = new Date(clock.wall());
   * ```
   */
  wall(): number;
  /**
   * Runs `run` once, `ms` milliseconds from now (any number; 0 and below: as soon as timers run). Does not keep the process alive.
   *
   * @example
   * ```ts
   * const timer = clock.setTimer(1_000, () => console.log('a second later'));
   * ```
   */
  setTimer(ms: number, run: () => void): Timer;
  /**
   * Runs `run` after sockets and timers had their turn.
   *
   * @example
   * ```ts
   * clock.defer(() => console.log('next round'));
   * ```
   */
  defer(run: () => void): void;
  /**
   * Runs `run` before control goes back to the event loop.
   *
   * @example
   * ```ts
   * clock.soon(() => console.log('at once'));
   * ```
   */
  soon(run: () => void): void;
}
