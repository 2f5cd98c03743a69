/** Top-level actors that have failed: each one's mail is refused for its `periodMs`. */
import type { ActorId } from '../vocabulary/address.ts';

/** Remembered at most; beyond, the one that failed first may be activated again early. */
export const FAILED_KEPT = 10_000;

export class FailedActors {
  /** Oldest failure first. */
  readonly #untilMs = new Map<ActorId, number>();

  add(id: ActorId, untilMs: number): void {
    this.#untilMs.delete(id);
    if (this.#untilMs.size >= FAILED_KEPT) this.#untilMs.delete(this.#untilMs.keys().next().value as ActorId);
    this.#untilMs.set(id, untilMs);
  }

  has(id: ActorId, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(id);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#untilMs.delete(id);
    return false;
  }

  /** Until when its mail is refused, on the clock that `add` was given; undefined where it has not failed. */
  untilOf(id: ActorId): number | undefined {
    return this.#untilMs.get(id);
  }

  ids(): Iterable<ActorId> {
    return this.#untilMs.keys();
  }

  forget(id: ActorId): void {
    this.#untilMs.delete(id);
  }
}
