/**
 * A process that waits for records does not sleep meanwhile: the thread of the store has one sooner than a sleeping process wakes up,
 * and the actor's message waits for both (D3). The poller judges whether that helps, and gives way to whoever wants the CPUs.
 */
import type { Clock } from '../vocabulary/clock.ts';
import { Poller } from '../wire/poller.ts';

/** Microseconds that a process stays awake for a record, at most. */
export const LOAD_POLL_MICROS = 100;

export class LoadWait {
  readonly #poller: Poller;
  /** Records that were asked for. */
  #loads = 0;

  constructor(clock: Clock, poller: Poller = new Poller(clock, LOAD_POLL_MICROS)) {
    this.#poller = poller;
  }

  asked(): void {
    this.#loads++;
  }

  /** Requests have left. */
  written(): void {
    if (this.#loads > 0) this.#poller.poke(false);
  }

  /** One has come, or never will. */
  answered(): void {
    if (--this.#loads === 0) this.#poller.over();
  }
}
