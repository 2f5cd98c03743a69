/**
 * Where durable actors are kept: one record per actor, made of named parts, changed by compare-and-set on its version and
 * guarded by its fence. A change writes only the parts that it names, so a large state is not written again for a small
 * mark. The meaning of parts is their owner's business. Every failure is a `STORE_FAILED`; one with a `cause` is the engine's.
 */
import type { Buffer } from 'node:buffer';
import type { ActorId } from '../vocabulary/address.ts';
import type { LastValue } from './last-value.ts';

/** The folder of the store, in the dataDir. */
export const STORE_FOLDER = 'store';

/** The head of a durable actor's record, beside its parts. */
export interface RecordHead {
  /** 1 after the first commit, one more with each; 0 stands for a record that is not there. */
  readonly version: number;
  /** Of the incarnation that committed last; fences are compared as strings. */
  readonly fence: string;
  /** When the actor must be in memory, in milliseconds since the Unix epoch: its earliest reminder; 0: it has unfinished mail. */
  readonly wakeAt: number | undefined;
}

/** The parts of a record, by name. */
export type Parts = ReadonlyMap<string, Uint8Array>;

/** A durable actor as it is kept. */
export interface StoredRecord extends RecordHead {
  /** State, mail, reminders and so on, encoded. */
  readonly parts: Parts;
}

/** The next version of a record; parts that are neither put nor removed stay as they are. */
export interface StoreChange extends Omit<RecordHead, 'version'> {
  readonly id: ActorId;
  readonly expectedVersion: number;
  readonly put: Parts;
  readonly remove: Iterable<string>;
  /** The record goes, with all its parts and whatever its version; it need not be there. An empty fence is lower than none. */
  readonly isGone?: true;
  /** The parts that are put, where `put` is empty: small ones, in the form of `packed-parts`. Only for a store that says so. */
  readonly packed?: Buffer | undefined;
  /** Its value as it was last read or written here, where somebody keeps that from change to change. */
  readonly last?: LastValue;
  /**
   * The next value as a whole, its head and the parts that lie with it: `put` and `remove` then are the parts that lie outside. These bytes
   * stay as they are. It rests on the value before, which whoever made it knew.
   */
  readonly value?: Buffer;
}

/** A record as it lies in a store. */
export interface RawRecord {
  /** See `record-bytes`. */
  readonly value: Uint8Array;
  /** The parts that do not lie in it. */
  readonly outside: Parts;
}

export interface Wake {
  readonly id: ActorId;
  readonly at: number;
}

export interface CommitOptions {
  /** Resolve only once it is on disk; else as soon as a crash of the process, though not of the machine, cannot undo it. */
  readonly sync: boolean;
}

/**
 * The part for machines of a cluster, which share a store. A store of one machine has one writer, whose name says nothing, and the
 * partition epoch 0.
 */
export interface SharedStore {
  /** The highest partition epoch in the fences of records in these partitions; 0: there is none. */
  highestEpoch(partitions: readonly number[]): Promise<number>;

  /** `due` tells of these partitions only, from now on; undefined: of all. */
  serve(partitions: readonly number[] | undefined): Promise<void>;

  /**
   * From now on it writes under this name: commits under the one before fail where they are not done, and so do those of incarnations that began by
   * placement tables of before that epoch, by default by none. Rejects for a name that was revoked.
   */
  enter(writer: string, epoch?: number): Promise<void>;

  /** Resolves once nothing under this name can be written any more, nor ever will: its machine was declared lost. */
  revoke(writer: string): Promise<void>;
}

export interface Store extends SharedStore {
  /** It writes several commits together that are asked for at once; else one is asked for after the other. */
  readonly gathersCommits?: boolean;

  /** `last` is told of the value, where that is how the store keeps it. */
  load(id: ActorId, last?: LastValue): Promise<StoredRecord | undefined>;

  /** Without its parts. */
  head(id: ActorId): Promise<RecordHead | undefined>;

  /**
   * Does all changes or none. Rejects if a record has another version than expected or a higher fence than the change.
   * Versions count what has been committed: wait for one commit of an id before the next.
   */
  commit(changes: readonly StoreChange[], options?: CommitOptions): Promise<void>;

  /**
   * Actors that must be in memory between two times, both counted, earliest first, behind `after` only. Not a snapshot: what is
   * committed during the walk may be seen or not.
   */
  due(from: number, until: number, after?: Wake): AsyncIterable<Wake>;

  /** The ids of a kind, in order, those after `after` only. Not a snapshot. */
  ids(kind: string, after?: ActorId): AsyncIterable<ActorId>;

  /** Removes a record with all its parts; the id begins again at version 0, without a fence. */
  forget(id: ActorId, expectedVersion: number): Promise<void>;

  /** A consistent copy, while the store is used, that a system can be started from. */
  backup(path: string): Promise<void>;

  /** Waits for commits that have begun; whatever is asked afterwards fails. */
  close(): Promise<void>;
}

/** A store that serves other processes: what they say and hear of records is in its own form. */
export interface OwnedStore extends Store {
  /** Parts may come to it packed. */
  readonly takesPacked?: boolean;

  raw(id: ActorId): Promise<RawRecord | undefined>;
}
