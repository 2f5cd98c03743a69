/**
 * The journal of a process, beside the store, without a commit, so that others know whom it was busy with as it died: suspect
 * turns, from just before their handlers start. A note survives the death of the process, not that of the machine.
 *
 *   begun ─► over ─► gone          the handler runs · it has ended, and its commit is still to come · committed, or given up
 */
import type { ActorId } from '../vocabulary/address.ts';

/** Milliseconds after which a note of a dead process counts for nothing; as long as a repeat of a message is recognised. */
export const NOTE_KEPT_MS: number = 7 * 24 * 3_600_000;

/** Of processes, in one turn. */
export interface Deaths {
  /** While its handler ran, or by code of the process itself before the commit. */
  readonly inTurn: number;
  /** Before the commit, from outside as far as anybody knows. */
  readonly beforeCommit: number;
  /** Milliseconds since the Unix epoch: when the last of these turns began. */
  readonly at: number;
}

export interface TurnJournal {
  /** `at`: now, in milliseconds since the Unix epoch. */
  begun(id: ActorId, trial: string, at: number): void;
  over(id: ActorId, trial: string): void;
  /** No death counts for it from now on. */
  gone(id: ActorId, trial: string): void;
  /** It has been committed, and comes again under the same name: earlier deaths do not count. */
  forgive(id: ActorId, trial: string): void;
  /** A process has died, or this one begins: reads what the dead have left. */
  look(): void;
  /** Of an actor that no living process has in memory, as of the last look. By trial. */
  deathsOf(id: ActorId, now: number): Map<string, Deaths>;
  /** The process ends in order: no turn that it had begun counts. */
  close(): void;
}
