/**
 * The clocks of other machines beside this one's. Each is monotonic and counts from a start of its own, so times that cross are moved by the difference.
 * The difference is never known exactly: the other machine says what its clock shows, and this one knows when it heard that, and a moment of its own before which it was
 * not said. A stalled route makes the first of the two late, and no ask is to live longer by that: deadlines are moved by the least that the difference can be.
 */

/** Milliseconds by which two clocks may have drifted apart since they were compared; by more, and one of them has stood still. */
export const DRIFT_MS = 20;
/** Milliseconds between two questions of what the clock of a machine shows, while asks come from it. */
export const CLOCK_LOOK_MS = 2_000;

/** Milliseconds of this clock before that of the other machine, which all its processes share. */
export class ClockDifference {
  #least: number | undefined;
  #most = 0;
  /** The other clock is asked for again from then on. */
  lookAt = 0;

  /** For what must not be late. */
  get least(): number {
    return this.#least ?? 0;
  }

  /** For what must not be early. */
  get most(): number {
    return this.#most;
  }

  /** The other clock showed `theirs`, between `since` and `now` of this one. */
  heard(theirs: number, since: number, now: number): void {
    const least = since - theirs;
    const most = now - theirs;
    if (this.#narrow(least, most, 0) || this.#narrow(least, most, DRIFT_MS)) return;
    // Nothing is known, or one of the two has slept: what was compared before says nothing any more.
    this.#least = least;
    this.#most = most;
  }

  /** False: the two do not fit. */
  #narrow(least: number, most: number, driftMs: number): boolean {
    const before = this.#least;
    if (before === undefined) return false;
    const from = Math.max(before - driftMs, least);
    const to = Math.min(this.#most + driftMs, most);
    if (from > to) return false;
    this.#least = from;
    this.#most = to;
    return true;
  }
}

/** By name: a machine that joins again is another one. */
export class MachineClocks {
  /** As many as there are machines that this process knows, and clients that are linked to it. */
  readonly #differences = new Map<string, ClockDifference>();

  of(machine: string): ClockDifference {
    let difference = this.#differences.get(machine);
    if (difference === undefined) this.#differences.set(machine, (difference = new ClockDifference()));
    return difference;
  }

  keep(isThere: (machine: string) => boolean): void {
    for (const machine of this.#differences.keys()) if (!isThere(machine)) this.#differences.delete(machine);
  }

  get size(): number {
    return this.#differences.size;
  }
}
