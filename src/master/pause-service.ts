/**
 * Pauses and resumes, as the master carries them out: kept on disk, then in the table, then taken up by every process. The page
 * docs/decisions/0074 says who may die at which step, and what then holds.
 */
import { withPause, withResume } from '../placement/pause-list.ts';
import { PauseRates } from '../placement/pause-rates.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Pause } from '../vocabulary/pause.ts';
import type { Membership, Participant } from '../worker-pool/membership.ts';
import type { HandoffService } from './handoff-service.ts';
import type { PlacementService } from '../placement-service/placement-service.ts';
import type { Queries } from './queries.ts';

/** Milliseconds for every process to take a pause up. */
export const PAUSE_MS_MAX = 30_000;

/** Keeps them beyond this system. Rejects STORE_FAILED. */
export type KeepPauses = (pauses: readonly Pause[]) => Promise<void>;

export interface PauseParts {
  readonly clock: Clock;
  readonly membership: Membership;
  readonly placement: PlacementService;
  readonly handoffs: HandoffService;
  readonly queries: Queries;
  readonly keep: KeepPauses | undefined;
}

export class PauseService {
  readonly #parts: PauseParts;
  readonly #rates = new PauseRates();
  /** One change after the other: each begins with what the one before has made of them. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(parts: PauseParts) {
    this.#parts = parts;
  }

  /** Resolves once no turn begins any more. Rejects OVERLOADED, STORE_FAILED, ACTOR_UNAVAILABLE. */
  async pause(pattern: string, reason: string | undefined): Promise<void> {
    const { clock, placement } = this.#parts;
    await this.#inLine(() => this.#change(withPause(placement.table.pauses, pattern, reason, clock.wall())));
    await this.#takenUp(pattern);
  }

  /** False: nothing is paused under this pattern. Rejects STORE_FAILED. */
  resume(pattern: string, perSecond: number | undefined): Promise<boolean> {
    return this.#inLine(async () => {
      const next = withResume(this.#parts.placement.table.pauses, pattern, perSecond);
      if (next === undefined) return false;
      await this.#change(next);
      return true;
    });
  }

  /** How many of so many may go now: it is answered when they may. */
  letThrough(pattern: string, wanted: number): Promise<number> {
    const { clock, placement } = this.#parts;
    const { count, waitMs } = this.#rates.take(placement.table.pauses, pattern, wanted, clock.now());
    return new Promise((resolve) => clock.setTimer(waitMs, () => resolve(count)));
  }

  async #change(pauses: readonly Pause[]): Promise<void> {
    const { placement, handoffs, keep } = this.#parts;
    await keep?.(pauses);
    this.#rates.keep(pauses);
    handoffs.commitNow();
    placement.publish({ columns: {}, pins: [], endedMoves: [], pauses });
  }

  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#line.then(work);
    this.#line = done.catch(() => {});
    return done;
  }

  /** Each process answers behind the table; one that dies begins no turn, and the next one is told before it hosts anything. */
  async #takenUp(pattern: string): Promise<void> {
    const { membership, queries } = this.#parts;
    const asked = [...membership];
    const answers = await queries.askAll(asked, 'taken-up', PAUSE_MS_MAX);
    const silent = asked.filter((one, at) => answers[at] === undefined && membership.isPresent(one));
    if (silent.length > 0) throw notTakenUp(pattern, silent);
  }
}

function notTakenUp(pattern: string, silent: readonly Participant[]): TroupeError {
  const workers = silent.map(({ index }) => index).join(', ');
  const text = `${pattern} is paused, but worker ${workers} has not said so within ${PAUSE_MS_MAX} ms: a turn there blocks the event loop`;
  return new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'unknown' });
}
