/**
 * Brings actors into memory that have something to do by themselves: unfinished mail after a crash, reminders that come
 * due. What is far off costs nothing but disk: only the next moments are looked at.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { Store } from '../store/store.ts';

/** Milliseconds between two looks at the store, each so far ahead. */
export const LOOK_MS = 1_000;

/**
 * Milliseconds by which a look at all that is due is put off for each record seen that nobody here could wake: of a kind that is
 * gone, of another process. Between two of those only what came lately is looked at.
 */
export const FUTILE_MS = 0.2;
/** Milliseconds before the end of the last look from where a look at what came lately begins. */
const LATELY_MS = 2 * LOOK_MS;

export interface WakesPort {
  readonly store: Store;
  readonly clock: Clock;
  /** Whether this process sees to the actor. */
  isOurs(id: ActorId): boolean;
  isInMemory(id: ActorId): boolean;
  wake(id: ActorId): void;
  failed(error: unknown): void;
}

export class WakeUpScan {
  readonly #port: WakesPort;
  /** Reminders that come due before the next look. */
  readonly #timers = new Map<ActorId, Timer>();
  #next: Timer | undefined;
  #isLooking = false;
  #isTakingOver = false;
  #isClosed = false;
  /** On `Clock.now()`: when all that is due is looked at again. */
  #allAt = 0;
  /** On the wall clock: so far the last look went. */
  #lookedUntil = 0;

  constructor(port: WakesPort) {
    this.#port = port;
  }

  /** Homes have changed: whoever lives here now and has unfinished mail is wanted. */
  takeOver(): void {
    this.#isTakingOver = true;
    this.#soon(0);
  }

  close(): void {
    this.#isClosed = true;
    this.#next?.cancel();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #soon(ms: number): void {
    if (this.#isClosed || this.#isLooking) return;
    this.#next?.cancel();
    this.#next = this.#port.clock.setTimer(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    const { store, clock } = this.#port;
    const isTakingOver = this.#isTakingOver;
    const isAll = isTakingOver || clock.now() >= this.#allAt;
    const from = isTakingOver ? 0 : isAll ? 1 : Math.max(1, Math.min(this.#lookedUntil, clock.wall()) - LATELY_MS);
    const until = clock.wall() + LOOK_MS;
    this.#isTakingOver = false;
    let futile = 0;
    try {
      for await (const { id, at } of store.wakes(from, until)) {
        if (this.#isClosed) return;
        if (this.#port.isOurs(id) && !this.#port.isInMemory(id)) this.#wakeAt(id, at);
        else futile++;
      }
      this.#lookedUntil = until;
      if (isAll) this.#allAt = clock.now() + futile * FUTILE_MS;
    } catch (error) {
      if (isTakingOver) this.#isTakingOver = true;
      if (!this.#isClosed) this.#port.failed(error);
    } finally {
      this.#isLooking = false;
    }
    this.#soon(this.#isTakingOver ? 0 : LOOK_MS / 2);
  }

  #wakeAt(id: ActorId, at: number): void {
    const waitMs = at - this.#port.clock.wall();
    if (waitMs <= 0) return this.#port.wake(id);
    if (this.#timers.has(id)) return;
    const timer = this.#port.clock.setTimer(waitMs, () => {
      this.#timers.delete(id);
      if (this.#port.isOurs(id)) this.#port.wake(id);
    });
    this.#timers.set(id, timer);
  }
}
