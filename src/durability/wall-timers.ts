/**
 * Times of the wall clock, for all actors of a process. A wall clock can be set, and goes on while the machine sleeps; a
 * timer counts neither. So none is waited for longer than a moment at a time: then the wall is looked at again.
 */
import { type DeadlineEntry, DeadlineWheel } from '../structures/deadline-wheel.ts';
import type { Clock } from '../vocabulary/clock.ts';

/** Milliseconds between two looks at the wall, at most, while anything waits. */
export const WALL_LOOK_MS = 2_000;

export class WallTimers {
  readonly #wheel: DeadlineWheel;

  constructor(clock: Clock) {
    this.#wheel = new DeadlineWheel({
      now: () => clock.wall(),
      setTimer: (ms, run) => clock.setTimer(Math.min(ms, WALL_LOOK_MS), run),
    });
  }

  /** Expires at `atMs` since the Unix epoch, not before; one that waits already gets the new time. */
  set(entry: DeadlineEntry, atMs: number): void {
    this.#wheel.add(entry, atMs);
  }

  cancel(entry: DeadlineEntry): void {
    this.#wheel.remove(entry);
  }

  close(): void {
    this.#wheel.close();
  }
}
