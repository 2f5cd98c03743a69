/**
 * Brings actors into memory that have something to do by themselves: unfinished mail after a crash, reminders that come
 * due. A reminder that is far off costs nothing but disk: only the next moments are looked at.
 */
import type { Log } from '../observe/log.ts';
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
/** Milliseconds until the next look while this process may not serve, and where hosts have changed and the store has failed. */
export const AGAIN_MS = 100;
/** Milliseconds before the end of the last look from where a look at what came lately begins. */
const LATELY_MS = 2 * LOOK_MS;

export interface WakeUpScanParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this process sees to the actor. */
  isOurs(id: ActorId): boolean;
  isInMemory(id: ActorId): boolean;
  /** Whether an actor could begin here now. A machine that is no member of its cluster yet is nobody to the store. */
  mayServe(): boolean;
  wake(id: ActorId): void;
}

export class WakeUpScan {
  readonly #parts: WakeUpScanParts;
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

  constructor(parts: WakeUpScanParts) {
    this.#parts = parts;
  }

  /** Hosts have changed: actors that this process hosts now are wanted, if they have unfinished mail. */
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
    this.#next = this.#parts.clock.setTimer(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (!this.#parts.mayServe()) return this.#soon(AGAIN_MS);
    this.#isLooking = true;
    const { store, clock, log } = this.#parts;
    const isTakingOver = this.#isTakingOver;
    const isAll = isTakingOver || clock.now() >= this.#allAt;
    const from = isTakingOver ? 0 : isAll ? 1 : Math.max(1, Math.min(this.#lookedUntil, clock.wall()) - LATELY_MS);
    const until = clock.wall() + LOOK_MS;
    this.#isTakingOver = false;
    let futile = 0;
    let hasFailed = false;
    try {
      for await (const { id, at } of store.due(from, until)) {
        if (this.#isClosed) return;
        if (this.#parts.isOurs(id) && !this.#parts.isInMemory(id)) this.#wakeAt(id, at);
        else futile++;
      }
      this.#lookedUntil = until;
      if (isAll) this.#allAt = clock.now() + futile * FUTILE_MS;
    } catch (error) {
      hasFailed = true;
      if (isTakingOver) this.#isTakingOver = true;
      if (!this.#isClosed) log.error({ err: error }, 'the store did not tell who is to be woken');
    } finally {
      this.#isLooking = false;
    }
    const againMs = hasFailed ? AGAIN_MS : 0;
    this.#soon(this.#isTakingOver ? againMs : LOOK_MS / 2);
  }

  #wakeAt(id: ActorId, at: number): void {
    const waitMs = at - this.#parts.clock.wall();
    if (waitMs <= 0) return this.#parts.wake(id);
    if (this.#timers.has(id)) return;
    const timer = this.#parts.clock.setTimer(waitMs, () => {
      this.#timers.delete(id);
      if (this.#parts.isOurs(id)) this.#parts.wake(id);
    });
    this.#timers.set(id, timer);
  }
}
