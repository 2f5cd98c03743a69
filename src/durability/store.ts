/**
 * Where durable actors are kept: one record per actor, changed by compare-and-set on its version and guarded by its
 * fence. What the bytes of a record mean is its owner's business. Every failure is a `STORE_FAILED`; one with a `cause`
 * is the engine's.
 */
import type { ActorId } from '../vocabulary/address.ts';

export interface StoredRecord {
  /** 1 after the first commit, one more with each; 0 stands for a record that is not there. */
  readonly version: number;
  /** Of the incarnation that committed last; fences are compared as strings. */
  readonly fence: string;
  readonly shard: number;
  /** The earliest reminder, in milliseconds since the epoch. */
  readonly remindAt: number | undefined;
  readonly bytes: Uint8Array;
}

/** A record's next content, all of it; its version becomes `expectedVersion + 1`. */
export interface StoreChange extends Omit<StoredRecord, 'version'> {
  readonly id: ActorId;
  readonly expectedVersion: number;
}

export interface DueReminder {
  readonly id: ActorId;
  readonly at: number;
}

export interface Store {
  load(id: ActorId): Promise<StoredRecord | undefined>;

  /**
   * Does all changes or none. Rejects if a record has another version than expected or a higher fence than the change.
   * Versions count what has been committed: wait for one commit of an id before the next.
   */
  commit(changes: readonly StoreChange[]): Promise<void>;

  /**
   * The actors of these shards whose `remindAt` is not after `until`, earliest first. Not a snapshot: what is
   * committed during the walk may be seen or not.
   */
  dueReminders(shards: Iterable<number>, until: number): AsyncIterable<DueReminder>;

  /** Removes a record and its reminder; the id begins again at version 0, without a fence. */
  forget(id: ActorId, expectedVersion: number): Promise<void>;

  /** Waits for commits under way; whatever is asked afterwards fails. */
  close(): Promise<void>;
}
