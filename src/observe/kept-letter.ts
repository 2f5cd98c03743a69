/** A dead letter in the memory of a process, as those see it who look at a whole system: plain data of a bounded size, whatever its message holds. */
import type { ActorId } from '../vocabulary/address.ts';

/** Letters that a process tells of in one look, the newest. */
export const LETTERS_TOLD_MAX = 100;
/** Characters of their messages as JSON, all together, before the one that ends the look. */
export const LETTERS_TOLD_LENGTH_MAX: number = 256 * 1024;

export interface KeptLetter {
  readonly worker: number;
  readonly to: ActorId;
  readonly sender: ActorId | undefined;
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** The message as JSON data. */
  readonly message: unknown;
  /** The message in some words. */
  readonly preview: string;
}

/** The letters of one process, the oldest first. */
export interface LettersOfProcess {
  readonly worker: number;
  readonly letters: readonly KeptLetter[];
}
