/**
 * Pauses and resumes, as the master carries them out: kept on disk, then in the table, then taken up by every process. The page
 * docs/decisions/0074 says who may die at which step, and what then holds.
 */
import { withPause, withResume } from '../placement/pause-list.ts';
import { PauseRates } from '../placement/pause-rates.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Pause } from '../vocabulary/pause.ts';
import type { Membership, Participant } from '../worker-pool/process-membership.ts';
import type { HandoffService } from './handoff-service.ts';
import type { PlacementService } from '../placement-service/placement-service.ts';
import type { Queries } from './queries.ts';

/** Milliseconds for every process to take a pause up. */
export const PAUSE_MS_MAX = 30_000;
/** Milliseconds in which the other machines are told of a resume; later they read it. */
export const RESUME_MS_MAX = 2_000;

/** Keeps them beyond this system. Rejects STORE_FAILED. */
export type KeepPauses = (pauses: readonly Pause[]) => Promise<void>;

/** Those of a system of several machines, which its directory keeps (`membership/shared-pauses`). */
export interface PausesOfAll {
  /** So many machines share a rate. */
  readonly machines: number;
  /** Rejects STORE_FAILED. */
  read(): Promise<readonly Pause[]>;
  /** Resolves to what holds now; undefined: nothing is to be changed. Rejects STORE_FAILED. */
  change(make: (pauses: readonly Pause[]) => readonly Pause[] | undefined): Promise<readonly Pause[] | undefined>;
  /** The other machines that may begin turns without heeding what was changed before. */
  silent(withinMs: number): Promise<string[]>;
}

export interface PauseParts {
  readonly clock: Clock;
  readonly membership: Membership;
  readonly placement: PlacementService;
  readonly handoffs: HandoffService;
  readonly queries: Queries;
  readonly keep: KeepPauses | undefined;
  /** Undefined: the system is one machine. */
  readonly ofAll: PausesOfAll | undefined;
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
    const { clock, ofAll } = this.#parts;
    await this.#change((pauses) => withPause(pauses, pattern, reason, clock.wall()));
    const [, silent = []] = await Promise.all([this.#takenUp(pattern), ofAll?.silent(PAUSE_MS_MAX)]);
    if (silent.length > 0) throw notHeard(pattern, silent);
  }

  /** False: nothing is paused under this pattern. Rejects STORE_FAILED. */
  async resume(pattern: string, perSecond: number | undefined): Promise<boolean> {
    const isChanged = await this.#change((pauses) => withResume(pauses, pattern, perSecond));
    // The others hear of it; one that does not now reads it later.
    if (isChanged) void this.#parts.ofAll?.silent(RESUME_MS_MAX).catch(() => {});
    return isChanged;
  }

  /** As the directory has them. */
  async takeUp(): Promise<boolean> {
    const { ofAll } = this.#parts;
    if (ofAll) await this.#inLine(async () => this.#publish(await ofAll.read()));
    await this.#takenUp('the system');
    return true;
  }

  /** How many of so many may go now: it is answered when they may. */
  letThrough(pattern: string, wanted: number): Promise<number> {
    const { clock, placement } = this.#parts;
    const { count, waitMs } = this.#rates.take(this.#shared(placement.table.pauses), pattern, wanted, clock.now());
    return new Promise((resolve) => clock.setTimer(waitMs, () => resolve(count)));
  }

  #change(make: (pauses: readonly Pause[]) => readonly Pause[] | undefined): Promise<boolean> {
    const { placement, keep, ofAll } = this.#parts;
    return this.#inLine(async () => {
      const next = ofAll ? await ofAll.change(make) : make(placement.table.pauses);
      if (next === undefined) return false;
      if (!ofAll) await keep?.(next);
      this.#publish(next);
      return true;
    });
  }

  #publish(pauses: readonly Pause[]): void {
    const { placement, handoffs } = this.#parts;
    if (JSON.stringify(pauses) === JSON.stringify(placement.table.pauses)) return;
    this.#rates.keep(this.#shared(pauses));
    handoffs.commitNow();
    placement.publish({ columns: {}, pins: [], endedMoves: [], pauses });
  }

  /** The part of this machine in each rate: what another one does not need it does not get. */
  #shared(pauses: readonly Pause[]): readonly Pause[] {
    const { ofAll } = this.#parts;
    if (!ofAll) return pauses;
    return pauses.map((pause) =>
      pause.perSecond === undefined ? pause : { ...pause, perSecond: pause.perSecond / ofAll.machines },
    );
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

function notHeard(pattern: string, machines: readonly string[]): TroupeError {
  const text = `${pattern} is paused, but of the machine ${machines.join(', ')} no word has come within ${PAUSE_MS_MAX} ms that it has taken it up`;
  return new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'unknown' });
}
