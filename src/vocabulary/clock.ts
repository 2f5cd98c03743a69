/** The door to time. Nothing in the system reads a clock or sets a timer but through it. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds, monotonic, with fractions; comparable between the processes of one machine. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
  /** Runs `run` once, `ms` from now (any number; 0 and below: as soon as timers run). Does not keep the process alive. */
  setTimer(ms: number, run: () => void): Timer;
  /** Runs `run` after sockets and timers had their turn. */
  defer(run: () => void): void;
  /** Runs `run` before control goes back to the event loop. */
  soon(run: () => void): void;
}
