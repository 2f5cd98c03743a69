/**
 * Records in an LMDB environment, opened by one process of the machine: a head with its small parts, large parts under
 * keys of their own, and an index of wakes by time. All changes of a commit, their checks included, are one transaction.
 *
 *   [0, id] → head, small parts      [1, id, part] → bytes      [2, wakeAt, id] → nothing
 */
import type { Buffer } from 'node:buffer';
import { chmodSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type ActorId, checkActorId } from '../vocabulary/address.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { checksumOf, writeChecksum } from './checksum.ts';
import { checkData, type DataCheck } from './data-check.ts';
import { checkChanges, checkStanding, checkVersion, storeClosed, storeFailed } from './commit-rules.ts';
import { type Environment, HEAD, type Key, openEnvironment, PART, WAKE } from './lmdb-environment.ts';
import { DATA_FILE } from './lmdb-file.ts';
import {
  hasOutside,
  inlineParts,
  listOf,
  RecordWriter,
  readHead,
  recordOf,
  type StoredHead,
  type WrittenRecord,
} from './record-bytes.ts';
import { highestEpochOf, isIn, type Partitions } from './store-partitions.ts';
import type {
  CommitOptions,
  OwnedStore,
  Parts,
  RawRecord,
  RecordHead,
  StoreChange,
  StoredRecord,
  Wake,
} from './store.ts';

const NOTHING = new Uint8Array(0);
const NO_PARTS: Parts = new Map();
/** Sorts after every string in a key. */
const LAST = '\uffff';
/** Entries of an index that are read before others get their turn. */
const PAGE = 1_000;

/** A change that may be made, and what it comes to. */
interface Planned {
  readonly id: ActorId;
  readonly key: Key;
  readonly before: RecordHead | undefined;
  /** Undefined: it goes. */
  readonly record: WrittenRecord | undefined;
  readonly wakeAt: number | undefined;
}

export class LmdbStore implements OwnedStore {
  readonly takesPacked = true;
  readonly #environment: Environment;
  readonly #writer = new RecordWriter();
  #partitions: Partitions;
  #closed = false;
  /** The error of every request from now on. */
  #failed: TroupeError | undefined;

  private constructor(environment: Environment) {
    this.#environment = environment;
  }

  /**
   * Throws STORE_FAILED where the folder holds something else than a store of this format. The caller holds the lock of
   * the dataDir: a second process that opens the file takes back what the first commits meanwhile.
   */
  static open(folder: string, onMissing?: (pages: number) => void): LmdbStore {
    return new LmdbStore(openEnvironment(folder, onMissing));
  }

  /** From now on everything fails: the file is another system's, or no file of this folder any more. */
  fail(reason: string): void {
    this.#failed ??= storeFailed(reason);
  }

  /** Looks at everything that is in it, page by page, while it is used. */
  check(): Promise<DataCheck> {
    this.#checkOpen();
    return checkData(this.#environment, () => this.#closed);
  }

  async load(id: ActorId): Promise<StoredRecord | undefined> {
    this.#checkOpen();
    checkActorId(id);
    return this.#guard(() => {
      const head = this.#head([HEAD, id]);
      if (head === undefined) return undefined;
      const { version, fence, wakeAt } = head;
      const { parts, hasOutside: isInPieces } = inlineParts(head);
      // Most records are one value: a transaction of its own would cost as much as the look (D3).
      if (!isInPieces) return { version, fence, wakeAt, parts };
      const whole = this.#rawWhole(id);
      return whole && recordOf(whole);
    });
  }

  async raw(id: ActorId): Promise<RawRecord | undefined> {
    this.#checkOpen();
    checkActorId(id);
    return this.#guard(() => {
      const head = this.#head([HEAD, id]);
      if (head === undefined) return undefined;
      if (hasOutside(head)) return this.#rawWhole(id);
      // The memory is that of the next look, too.
      return { value: new Uint8Array(head.bytes.subarray(0, head.size)), outside: NO_PARTS };
    });
  }

  async head(id: ActorId): Promise<RecordHead | undefined> {
    this.#checkOpen();
    checkActorId(id);
    const head = this.#guard(() => this.#head([HEAD, id]));
    return head && { version: head.version, fence: head.fence, wakeAt: head.wakeAt };
  }

  async commit(changes: readonly StoreChange[], { sync = true }: Partial<CommitOptions> = {}): Promise<void> {
    this.#checkOpen();
    checkChanges(changes);
    await this.#transaction(() => {
      this.#writer.reset();
      const planned = changes.map((change) => this.#plan(change));
      for (const one of planned) this.#apply(one);
    }, sync);
  }

  async forget(id: ActorId, expectedVersion: number): Promise<void> {
    this.#checkOpen();
    checkActorId(id);
    await this.#transaction(() => {
      const head = this.#head([HEAD, id]);
      checkVersion(id, expectedVersion, head);
      this.#remove(id, head);
    }, true);
  }

  async *due(from: number, until: number, after?: Wake): AsyncGenerator<Wake, void, undefined> {
    this.#checkOpen();
    const start: Key = after ? [WAKE, after.at, after.id] : [WAKE, from];
    for await (const key of this.#keys(start, [WAKE, until, LAST])) {
      if (after && same(key, start)) continue;
      if (isIn(this.#partitions, key[2] as ActorId)) yield { id: key[2] as ActorId, at: key[1] as number };
    }
  }

  /** A look at all records: a store of one machine is not asked. */
  async highestEpoch(partitions: readonly number[]): Promise<number> {
    this.#checkOpen();
    let highest = 0;
    for await (const key of this.#keys([HEAD, ''], [HEAD, LAST])) {
      const head = this.#guard(() => this.#head(key));
      if (head) highest = Math.max(highest, highestEpochOf([[key[1] as ActorId, head]], partitions));
    }
    return highest;
  }

  async serve(partitions: readonly number[] | undefined): Promise<void> {
    this.#checkOpen();
    this.#partitions = partitions && new Set(partitions);
  }

  /** Its file has one writer, whatever that is called. */
  async enter(): Promise<void> {
    this.#checkOpen();
  }

  async revoke(): Promise<void> {
    this.#checkOpen();
  }

  async *ids(kind: string, after: ActorId = `${kind}/`): AsyncGenerator<ActorId, void, undefined> {
    this.#checkOpen();
    for await (const key of this.#keys([HEAD, after], [HEAD, `${kind}/${LAST}`])) {
      if (key[1] !== after) yield key[1] as ActorId;
    }
  }

  /** The copy has its name once all of it, and its sum, are on disk: what a death leaves is no backup. */
  async backup(path: string): Promise<void> {
    this.#checkOpen();
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      if (readdirSync(path).length > 0) throw new Error('the folder is not empty');
      const part = join(path, `${DATA_FILE}.part`);
      await this.#environment.backup(part, true);
      chmodSync(part, 0o600);
      await flush(part);
      await writeChecksum(path, DATA_FILE, await checksumOf(part));
      renameSync(part, join(path, DATA_FILE));
      await flush(path);
    } catch (error) {
      throw storeFailed(`the backup into ${path} failed: ${asError(error).message}`, error);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#environment.close();
  }

  /** One snapshot for the head and the parts with keys of their own: a commit may come in between. */
  #rawWhole(id: ActorId): RawRecord | undefined {
    const environment = this.#environment;
    const transaction = environment.useReadTransaction();
    try {
      const bytes = environment.get([HEAD, id], { transaction });
      if (bytes === undefined) return undefined;
      const value = new Uint8Array(bytes);
      const outside = new Map<string, Uint8Array>();
      for (const { key, value: part } of environment.getRange({ ...partsOf(id), transaction })) {
        outside.set(key[2] as string, new Uint8Array(part));
      }
      return { value, outside };
    } finally {
      transaction.done();
    }
  }

  /** Checks a change, and writes its value to memory alone. */
  #plan(change: StoreChange): Planned {
    const { id, fence, wakeAt, isGone } = change;
    const key: Key = [HEAD, id];
    const before = this.#head(key, fence);
    checkStanding(change, before);
    return { id, key, before, record: isGone ? undefined : this.#recordOf(change, before), wakeAt };
  }

  #recordOf(change: StoreChange, before: StoredHead | undefined): WrittenRecord {
    const { value, put, remove } = change;
    if (value === undefined) return this.#writer.write(change, before);
    return { value, putOutside: put.size === 0 ? undefined : [...put], removeOutside: listOf(remove) };
  }

  #apply({ id, key, before, record, wakeAt }: Planned): void {
    if (record === undefined) return this.#remove(id, before);
    const environment = this.#environment;
    const { value, putOutside, removeOutside } = record;
    environment.putSync(key, value);
    if (removeOutside) for (const name of removeOutside) environment.removeSync([PART, id, name]);
    if (putOutside) for (const [name, bytes] of putOutside) environment.putSync([PART, id, name], bytes);
    if (before?.wakeAt === wakeAt) return;
    if (before?.wakeAt !== undefined) environment.removeSync([WAKE, before.wakeAt, id]);
    if (wakeAt !== undefined) environment.putSync([WAKE, wakeAt, id], NOTHING);
  }

  #remove(id: ActorId, head: RecordHead | undefined): void {
    const environment = this.#environment;
    for (const key of [...environment.getKeys(partsOf(id))]) environment.removeSync(key);
    if (head?.wakeAt !== undefined) environment.removeSync([WAKE, head.wakeAt, id]);
    environment.removeSync([HEAD, id]);
  }

  #head(key: Key, likelyFence?: string): StoredHead | undefined {
    const bytes = this.#environment.getBinaryFast(key);
    return bytes && readHead(bytes as Buffer, likelyFence);
  }

  /** Everything is checked before anything is written: what throws in `work` leaves nothing half done. */
  async #transaction(work: () => void, sync: boolean): Promise<void> {
    const environment = this.#environment;
    let refused: unknown;
    try {
      const committed = environment.transaction(() => {
        try {
          work();
        } catch (error) {
          refused = error;
        }
      });
      // Taken now: a later batch would put its own in this place.
      const flushed = sync ? new Promise<unknown>((resolve) => environment.flushed.then(resolve, resolve)) : undefined;
      await committed;
      if (refused === undefined) await flushed;
    } catch (error) {
      throw await commitFailed(error);
    }
    if (refused instanceof TroupeError) throw refused;
    if (refused !== undefined) throw storeFailed(`the commit failed: ${asError(refused).message}`, refused);
  }

  /** Page by page, so that no long walk keeps the loop, or an old snapshot, to itself. */
  async *#keys(start: Key, end: Key): AsyncGenerator<Key, void, undefined> {
    let from = start;
    for (;;) {
      const page = this.#guard(() => [...this.#environment.getKeys({ start: from, end, limit: PAGE + 1 })]);
      const isSeen = from !== start;
      const keys = isSeen && same(page[0], from) ? page.slice(1) : page;
      yield* keys;
      if (page.length <= PAGE) return;
      from = page.at(-1) as Key;
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.#checkOpen();
    }
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw error instanceof TroupeError
        ? error
        : storeFailed(`the store could not be read: ${asError(error).message}`, error);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw storeClosed();
    if (this.#failed) throw this.#failed;
  }
}

/** Of a file, or of the names in a folder. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The engine's reason, a full disk say, is in a promise of its own: it is told by the next turn of the loop, or never. */
async function commitFailed(error: unknown): Promise<TroupeError> {
  const { commitError } = error as { commitError?: Promise<unknown> };
  const untold = new Promise<unknown>((resolve) => setImmediate(resolve, error));
  const reason = commitError ? await Promise.race([commitError.catch((told) => told), untold]) : error;
  return storeFailed(`the commit failed: ${asError(reason).message}`, reason);
}

function partsOf(id: ActorId): { start: Key; end: Key } {
  return { start: [PART, id], end: [PART, id, LAST] };
}

function same(one: Key | undefined, other: Key): boolean {
  return one?.every((part, at) => part === other[at]) === true;
}
