/** So many in a second, in portions: each portion is told how long it has to wait. A portion that nobody takes is not made up for later. */
export class Allowance {
  readonly perSecond: number;
  #freeAt = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  /** As many as a tenth of a second allows, at least one. */
  portionOf(wanted: number): number {
    return Math.max(1, Math.min(wanted, Math.floor(this.perSecond / 10)));
  }

  /** Milliseconds until a portion may go. `now`: of any clock that grows. */
  take(portion: number, now: number): number {
    const at = Math.max(now, this.#freeAt);
    this.#freeAt = at + (portion * 1_000) / this.perSecond;
    return at - now;
  }
}
