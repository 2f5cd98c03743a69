/** The shape of a list of reminders: the actors of a store that will be woken, the next one first. */
import type { ActorId } from '../vocabulary/address.ts';

/** An actor with reminders, as its record has them. Times are milliseconds since the Unix epoch. */
export interface ListedReminder {
  readonly id: ActorId;
  /** When the next one is due. */
  readonly at: number;
  /** Its name. */
  readonly name: string;
  /** Milliseconds between two beats; undefined: once. */
  readonly everyMs: number | undefined;
  /** Type of its message. */
  readonly type: string;
  /** Reminders of this actor. */
  readonly count: number;
}

/** A page of the list. */
export interface ReminderList {
  readonly reminders: readonly ListedReminder[];
  /** For `after`; undefined: there are no more. */
  readonly next: string | undefined;
}
