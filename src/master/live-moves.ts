/**
 * Moves of what lives: tried again with a longer quiesce timeout while a turn runs, in smaller parts where one actor holds up
 * others, and to the end where a deadline says so.
 */
import { UNITS_PER_MOVE, type HandoffService, type QuiesceTimeout, ActorBusy } from './handoff-service.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Unit } from '../wire/control.ts';

/**
 * Milliseconds that the actors of a move may take to end their turns, at first and at most. Short at first: turns that
 * wait for each other across the units of a move end only when it is given up for a while.
 */
export const QUIESCE_MS_MIN = 50;
export const QUIESCE_MS_MAX = 2_000;
/** Milliseconds in which what waited for the units gets its turn before they are stopped again. */
export const RETRY_MS = 10;

/** `untilMs` on `Clock.now()`. `isForced`: what then still runs is killed; else it stays where it is. */
export interface MoveLimits {
  untilMs: number;
  isForced: boolean;
}

export class LiveMoves {
  readonly #clock: Clock;
  readonly #handoffs: HandoffService;

  constructor(clock: Clock, handoffs: HandoffService) {
    this.#clock = clock;
    this.#handoffs = handoffs;
  }

  moveActor(id: ActorId, worker: number, limits: MoveLimits): Promise<void> {
    return this.#persist((timeout) => this.#handoffs.moveActor(id, worker, timeout), limits);
  }

  /** Rejects with the first fault; what can be moved has moved by then. */
  async move(units: readonly Unit[], worker: number, limits: MoveLimits): Promise<void> {
    const moves: Promise<void>[] = [];
    for (let at = 0; at < units.length; at += UNITS_PER_MOVE) {
      moves.push(this.#moveTogether(units.slice(at, at + UNITS_PER_MOVE), worker, limits));
    }
    await allOf(moves);
  }

  async #moveTogether(units: Unit[], worker: number, limits: MoveLimits): Promise<void> {
    if (units.length === 1) {
      return this.#persist((timeout) => this.#handoffs.move(units, worker, timeout), limits);
    }
    try {
      await this.#handoffs.move(units, worker, { quiesceMs: QUIESCE_MS_MIN, isLast: false });
    } catch {
      // One of them holds up the others, or cannot move at all.
      await allOf(units.map((unit) => this.#moveTogether([unit], worker, limits)));
    }
  }

  async #persist(attempt: (timeout: QuiesceTimeout) => Promise<void>, limits: MoveLimits): Promise<void> {
    const { untilMs, isForced } = limits;
    for (let quiesceMs = QUIESCE_MS_MIN; ; quiesceMs = Math.min(quiesceMs * 2, QUIESCE_MS_MAX)) {
      const isLast = this.#clock.now() + quiesceMs >= untilMs;
      try {
        return await attempt({ quiesceMs, isLast: isLast && isForced });
      } catch (error) {
        if (isLast || !(error instanceof ActorBusy)) throw error;
      }
      await new Promise<void>((resolve) => this.#clock.setTimer(RETRY_MS, resolve));
    }
  }
}

async function allOf(moves: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(moves)) if (end.status === 'rejected') throw end.reason;
}
