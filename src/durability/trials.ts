/**
 * The turns of an actor that are on probation: what is suspect is noted in the journal before its handler starts, and what has
 * ended too many processes does not start (probation.ts says how many, probation-gate.ts who may begin beside whom).
 */
import type { Cell } from '../actor/cell.ts';
import type { TrialPort } from '../actor/durable-side.ts';
import type { Deaths, TurnJournal } from '../journal/turn-journal.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { DurableParts } from './durable-parts.ts';
import {
  CONDEMNED_PAUSE_MS,
  isCondemned,
  isDeadly,
  OWN,
  OWN_SUSPECT_MS,
  runsAlone,
  START,
  trialOf,
} from './probation.ts';
import type { Guest, Pass, ProbationGate } from './probation-gate.ts';
import { PROBATION } from '../commit/record.ts';
import type { Turn, TurnBatch } from '../commit/turn-batch.ts';

/** A turn, or a start, that is noted as begun. */
interface Trial {
  readonly name: string;
  /** Undefined: a start. */
  readonly envelope: Envelope | undefined;
}

export class Trials implements TrialPort, Guest {
  readonly #cell: Cell;
  readonly #gate: ProbationGate;
  readonly #journal: TurnJournal;
  /** Of processes that are gone, by trial. */
  #deaths: Map<string, Deaths> = new Map();
  #trial: Trial | undefined;
  /** Trials whose handlers have ended, and which are not committed; few actors ever have one. */
  #over: Set<string> | undefined;
  /** Of what has begun, or waits for that, and is not committed. */
  readonly #passes = new Set<Pass>();
  #pass: Pass | undefined;
  /** The incarnation before this one may have died with its process. */
  #isAfterCrash = false;
  /** On `Clock.now()`: until then its own turns are suspect. */
  #ownSuspectUntil = 0;
  /** The record has a part of the time when deaths were counted there; it goes with the next write. */
  #hasOldPart = false;

  constructor(cell: Cell, { journal, gate }: Pick<DurableParts, 'journal' | 'gate'>) {
    this.#cell = cell;
    this.#gate = gate;
    this.#journal = journal;
  }

  reset(hasOldPart: boolean, isAfterCrash: boolean): void {
    const { id, kernel } = this.#cell;
    this.#hasOldPart = hasOldPart;
    this.#deaths = this.#journal.deathsOf(id, kernel.clock.wall());
    this.#isAfterCrash = isAfterCrash;
    this.#ownSuspectUntil = isAfterCrash ? kernel.clock.now() + OWN_SUSPECT_MS : 0;
  }

  begin(envelope: Envelope): Promise<void> | false | undefined {
    const isSuspect = envelope.deliveryId?.isSuspect === true || (envelope.verb === 'run' && this.#isOwnSuspect());
    if (!isSuspect && this.#deaths.size === 0) return undefined;
    const name = trialOf(envelope);
    if (name === undefined) return undefined;
    const deaths = this.#deaths.get(name);
    if (!isSuspect && deaths === undefined) return undefined;
    // A turn that no message has brought is judged as the record is loaded.
    if (deaths && isDeadly(deaths) && envelope.verb === 'message') return false;
    return this.#try({ name, envelope }, deaths);
  }

  beginStart(isKnown: boolean): Promise<void> | undefined {
    const { behaviour, mailbox } = this.#cell;
    const runsCode = !isKnown || behaviour.onStart !== undefined || behaviour.end !== undefined;
    if (!runsCode || !(this.#isAfterCrash || hasSuspect(mailbox.mail()))) return undefined;
    return this.#try({ name: START, envelope: undefined }, this.#deaths.get(START));
  }

  /** Throws PROCESS_DIED: a start, and what comes with it by itself, must not end one process after another. */
  checkStart(): void {
    const { kernel, id } = this.#cell;
    for (const trial of [START, OWN]) {
      const deaths = this.#deaths.get(trial);
      if (!deaths || !isCondemned(deaths, kernel.clock.wall())) continue;
      const what = trial === START ? 'as it started' : 'in its own turns';
      const count = deaths.inTurn + deaths.beforeCommit;
      const text = `the process of ${id} died ${count} times ${what}; it is tried again ${CONDEMNED_PAUSE_MS} ms after the last time`;
      throw new TroupeError('PROCESS_DIED', text, { fate: 'not-executed' });
    }
  }

  /** A handler has ended; what it did is to be committed. */
  ended({ envelope }: Turn, batch: TurnBatch): void {
    if (this.#hasOldPart && !batch.isEmpty) {
      this.#hasOldPart = false;
      batch.erase(PROBATION);
    }
    const trial = this.#trial;
    if (trial === undefined || trial.envelope !== envelope) return;
    const pass = this.#pass;
    this.#trial = undefined;
    this.#pass = undefined;
    this.#journal.over(this.#cell.id, trial.name);
    (this.#over ??= new Set()).add(trial.name);
    batch.after(() => {
      this.#committed(trial.name);
      if (pass) this.#leave(pass);
    });
  }

  /** Its turn waits for the reply of another actor. */
  get isWaiting(): boolean {
    return (this.#cell.extras.waits?.size ?? 0) > 0;
  }

  /** Somebody else begins meanwhile, whose death it would be. */
  pause(): void {
    if (this.#trial) this.#journal.gone(this.#cell.id, this.#trial.name);
  }

  goOn(): void {
    if (this.#trial) this.#note(this.#trial.name);
  }

  /** The turn is given up, and the process goes on. */
  abandon(): void {
    this.#leaveGate();
    this.pause();
    this.#trial = undefined;
  }

  /** The turns since the last commit are discarded, and their messages are handled again here. */
  commitFailed(): void {
    for (const name of this.#over ?? []) this.#journal.gone(this.#cell.id, name);
    this.#over?.clear();
    this.abandon();
  }

  /** The wait ends with its incarnation, where that ends before the word is there. */
  #try(trial: Trial, deaths: Deaths | undefined): Promise<void> | undefined {
    if (deaths && runsAlone(deaths)) return this.#enter(trial);
    this.#trial = trial;
    this.#note(trial.name);
    return undefined;
  }

  async #enter(trial: Trial): Promise<void> {
    const pass = this.#gate.enter(this);
    this.#pass = pass;
    this.#passes.add(pass);
    await pass.entered;
    if (this.#pass !== pass) return new Promise<never>(() => {});
    this.#trial = trial;
    this.#note(trial.name);
  }

  #note(name: string): void {
    const { id, kernel } = this.#cell;
    this.#journal.begun(id, name, kernel.clock.wall());
  }

  #committed(name: string): void {
    const { id } = this.#cell;
    this.#over?.delete(name);
    // Another turn of that name may have begun since.
    if (this.#trial?.name !== name) this.#journal.gone(id, name);
    if (name !== START && name !== OWN) return;
    if (this.#deaths.delete(name)) this.#journal.forgive(id, name);
  }

  #isOwnSuspect(): boolean {
    if (this.#ownSuspectUntil === 0) return false;
    if (this.#cell.kernel.clock.now() < this.#ownSuspectUntil) return true;
    this.#ownSuspectUntil = 0;
    return false;
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
  for (const { deliveryId } of mail) if (deliveryId?.isSuspect) return true;
  return false;
}
