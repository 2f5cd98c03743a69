/**
 * OTP's restart intensity (supervisor:add_restart): every restart is noted with its time; those older than the period
 * are forgotten; when more than `intensity` are left, the last one was one too many.
 */

export class RestartIntensity {
  readonly #intensity: number;
  readonly #periodMs: number;
  /** Oldest first; never more than `intensity + 1`, so the window holds just what a decision needs. */
  readonly #timesMs: number[];

  /** `timesMs`: restarts noted before, oldest first. */
  constructor(intensity: number, periodMs: number, timesMs: readonly number[] = []) {
    this.#intensity = intensity;
    this.#periodMs = periodMs;
    this.#timesMs = [...timesMs];
  }

  get times(): number[] {
    return [...this.#timesMs];
  }

  /** Notes a restart. False: more than `intensity` within the period, this one included. */
  record(nowMs: number): boolean {
    this.#forget(nowMs);
    this.#timesMs.push(nowMs);
    const within = this.#timesMs.length <= this.#intensity;
    if (!within) this.#timesMs.splice(0, this.#timesMs.length - this.#intensity - 1);
    return within;
  }

  /** Restarts within the period that ends now, at most `intensity + 1`. */
  restarts(nowMs: number): number {
    this.#forget(nowMs);
    return this.#timesMs.length;
  }

  /** A restart exactly one period ago still counts, as in OTP. */
  #forget(nowMs: number): void {
    const since = nowMs - this.#periodMs;
    let outdated = 0;
    while (outdated < this.#timesMs.length && (this.#timesMs[outdated] as number) < since) outdated++;
    if (outdated > 0) this.#timesMs.splice(0, outdated);
  }
}
