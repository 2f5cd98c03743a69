/**
 * The turns of an actor that are on probation: what is suspect waits here until the record says that it begins, and what has
 * ended too many processes does not begin (probation.ts has the counts, probation-gate.ts who may begin beside whom).
 */
import type { Cell } from '../actor/cell.ts';
import type { TrialPort } from '../actor/durable-side.ts';
import { NOTED_DEATHS_MAX } from '../supervision/process-deaths.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { DurableDoor } from './durable-door.ts';
import { CONDEMNED_PAUSE_MS, OWN, OWN_SUSPECT_MS, Probation, START, trialOf } from './probation.ts';
import type { Guest, Pass, ProbationGate } from './probation-gate.ts';
import type { ProbationRecord } from '../commit/record.ts';
import type { Turn, TurnBatch } from '../commit/turn-batch.ts';

/** Whose turns they are. */
export interface TrialsCell {
  readonly cell: Cell;
  /** The batch that is open, which is going to be committed. */
  openBatch(): TurnBatch;
  settled(): Promise<void> | undefined;
}

/** What is noted in the record as begun. */
interface Trial {
  readonly name: string;
  /** Undefined: a start. */
  readonly envelope: Envelope | undefined;
}

export class Trials implements TrialPort, Guest {
  readonly #door: TrialsCell;
  readonly #gate: ProbationGate;
  readonly #probation: Probation;
  #trial: Trial | undefined;
  /** Of what has begun, or waits for that, and is not committed. */
  readonly #passes = new Set<Pass>();
  #pass: Pass | undefined;
  /** The incarnation before this one may have died with its process. */
  #isAfterCrash = false;
  /** On `Clock.now()`: until then its own turns are suspect. */
  #ownSuspectUntil = 0;

  constructor(cell: TrialsCell, { process, gate }: Pick<DurableDoor, 'process' | 'gate'>) {
    this.#door = cell;
    this.#gate = gate;
    this.#probation = new Probation(process);
  }

  reset(record: ProbationRecord | undefined, isAfterCrash: boolean): void {
    const { clock } = this.#door.cell.kernel;
    this.#probation.reset(record, clock.wall());
    this.#isAfterCrash = isAfterCrash;
    this.#ownSuspectUntil = isAfterCrash ? clock.now() + OWN_SUSPECT_MS : 0;
  }

  begin(envelope: Envelope): Promise<boolean> | undefined {
    const isSuspect = envelope.stamp?.isSuspect === true || (envelope.verb === 'run' && this.#isOwnSuspect());
    if (!isSuspect && this.#probation.isEmpty) return undefined;
    const trial = trialOf(envelope);
    if (trial === undefined) return undefined;
    const deaths = this.#probation.deathsIn(trial);
    if (!isSuspect && deaths === 0) return undefined;
    // What no message has brought is judged as the record is loaded.
    if (deaths >= NOTED_DEATHS_MAX && envelope.verb === 'message') return Promise.resolve(false);
    // Its incarnation is over where it does not begin: nobody waits for the word.
    return this.#try(trial, envelope).then((isBegun) => isBegun || new Promise<never>(() => {}));
  }

  beginStart(isKnown: boolean): Promise<void> | undefined {
    const { behaviour, mailbox, id } = this.#door.cell;
    const runsCode = !isKnown || behaviour.onStart !== undefined || behaviour.end !== undefined;
    if (!runsCode || !(this.#isAfterCrash || hasSuspect(mailbox.mail()))) return undefined;
    return this.#try(START, undefined).then((isNoted) => {
      if (!isNoted) throw new TroupeError('STORE_FAILED', `the start of ${id} is noted before it; got no commit`);
    });
  }

  /** Throws PROCESS_DIED: a start, and what comes with it by itself, must not end one process after another. */
  checkStart(): void {
    const { kernel, id } = this.#door.cell;
    for (const trial of [START, OWN]) {
      if (!this.#probation.isCondemned(trial, kernel.clock.wall())) continue;
      const what = trial === START ? 'as it started' : 'in its own turns';
      const count = this.#probation.deathsIn(trial);
      const text = `the process of ${id} died ${count} times ${what}; it is tried again ${CONDEMNED_PAUSE_MS} ms after the last time`;
      throw new TroupeError('PROCESS_DIED', text, { fate: 'not-executed' });
    }
  }

  /** A turn is over: with its commit that stands in the record. */
  ended({ envelope, isCondemned }: Turn, batch: TurnBatch): void {
    if (this.#trial && this.#trial.envelope === envelope) {
      const pass = this.#pass;
      this.#probation.end(this.#trial.name, batch);
      this.#trial = undefined;
      this.#pass = undefined;
      if (pass) batch.after(() => this.#leave(pass));
    } else if (isCondemned && envelope) this.#probation.end(trialOf(envelope) as string, batch);
  }

  /** Its turn waits for the reply of another actor. */
  get isWaiting(): boolean {
    return (this.#door.cell.extras.waits?.size ?? 0) > 0;
  }

  /** Somebody else begins meanwhile, whose death it would be. */
  async pause(): Promise<void> {
    if (!this.#trial) return;
    this.#probation.pause(this.#door.openBatch());
    await this.#door.settled();
  }

  goOn(): void {
    if (this.#trial) this.#note(this.#trial);
  }

  /** The turn is given up, and the process goes on. */
  abandon(): void {
    this.#leaveGate();
    if (!this.#trial) return;
    this.#trial = undefined;
    this.#probation.pause(this.#door.openBatch());
  }

  /** What it noted may not be in the record. */
  commitFailed(): void {
    this.#trial = undefined;
    this.#leaveGate();
  }

  #isOwnSuspect(): boolean {
    if (this.#ownSuspectUntil === 0) return false;
    if (this.#door.cell.kernel.clock.now() < this.#ownSuspectUntil) return true;
    this.#ownSuspectUntil = 0;
    return false;
  }

  /** Resolves once it is noted in the record; to false where the incarnation came to its end before. */
  async #try(name: string, envelope: Envelope | undefined): Promise<boolean> {
    if (this.#probation.deathsIn(name) > 0) {
      const pass = this.#gate.enter(this);
      this.#pass = pass;
      this.#passes.add(pass);
      await pass.entered;
      if (this.#pass !== pass) return false;
    }
    const trial: Trial = { name, envelope };
    this.#trial = trial;
    this.#note(trial);
    await this.#door.settled();
    return this.#trial === trial;
  }

  #note({ name }: Trial): void {
    this.#probation.begin(name, this.#door.cell.kernel.clock.wall(), this.#door.openBatch());
  }

  #leaveGate(): void {
    this.#pass = undefined;
    for (const pass of this.#passes) this.#leave(pass);
  }

  #leave(pass: Pass): void {
    this.#passes.delete(pass);
    pass.release();
  }
}

function hasSuspect(mail: Iterable<Envelope>): boolean {
  for (const { stamp } of mail) if (stamp?.isSuspect) return true;
  return false;
}
