/** A store that lasts as long as its `MemoryDisk`; stores on one disk see each other's commits, as processes would. */
import { Buffer } from 'node:buffer';
import { type ActorId, kindOf, parseActorId } from '../vocabulary/address.ts';
import {
  checkChanges,
  checkMadeSince,
  checkStanding,
  checkVersion,
  storeClosed,
  storeFailed,
  writerRevoked,
} from './commit-rules.ts';
import { highestEpochOf, isIn, type Partitions } from './store-partitions.ts';
import { inlineParts, RecordWriter, readHead } from './record-bytes.ts';
import type { CommitOptions, OwnedStore, RawRecord, RecordHead, StoreChange, StoredRecord, Wake } from './store.ts';

/** Records of the durable actors of a test, by id; `createTestSystem` makes one, and takes one for a restart. */
export type MemoryDisk = Map<ActorId, StoredRecord>;

/** Writers that may write to a disk no more. */
const revokedOn = new WeakMap<MemoryDisk, Set<string>>();

/** Of records that were last written as a whole. */
const wholeOf = new WeakMap<StoredRecord, Uint8Array>();
const composer = new RecordWriter();

export class MemoryStore implements OwnedStore {
  readonly #disk: MemoryDisk;
  readonly #inFlight = new Set<Promise<void>>();
  #partitions: Partitions;
  #writer = '';
  #epoch = 0;
  #closed = false;

  constructor(disk: MemoryDisk = new Map()) {
    this.#disk = disk;
  }

  async load(id: ActorId): Promise<StoredRecord | undefined> {
    this.#checkOpen();
    parseActorId(id);
    const record = this.#disk.get(id);
    return record && { ...record, parts: copyOf(record.parts) };
  }

  async raw(id: ActorId): Promise<RawRecord | undefined> {
    this.#checkOpen();
    parseActorId(id);
    const record = this.#disk.get(id);
    return record && rawOf(record);
  }

  async head(id: ActorId): Promise<RecordHead | undefined> {
    this.#checkOpen();
    parseActorId(id);
    const record = this.#disk.get(id);
    return record && { version: record.version, fence: record.fence, wakeAt: record.wakeAt };
  }

  async commit(changes: readonly StoreChange[], _options?: CommitOptions): Promise<void> {
    this.#checkOpen();
    checkChanges(changes);
    checkMadeSince(changes, this.#epoch);
    const copies = changes.map((change) => ({ ...change, put: copyOf(change.put), remove: [...change.remove] }));
    await this.#write(
      () => this.#checkStanding(copies),
      () => {
        for (const change of copies) this.#apply(change);
      },
    );
  }

  async forget(id: ActorId, expectedVersion: number): Promise<void> {
    this.#checkOpen();
    parseActorId(id);
    await this.#write(
      () => checkVersion(id, expectedVersion, this.#disk.get(id)),
      () => this.#disk.delete(id),
    );
  }

  async *due(from: number, until: number, after?: Wake): AsyncGenerator<Wake, void, undefined> {
    this.#checkOpen();
    const due: Wake[] = [];
    for (const [id, { wakeAt: at }] of this.#disk) {
      const isDue = at !== undefined && at >= from && at <= until;
      if (isDue && isIn(this.#partitions, id)) due.push({ id, at });
    }
    due.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
    yield* after ? due.filter(({ id, at }) => at > after.at || (at === after.at && id > after.id)) : due;
  }

  async *ids(kind: string, after = ''): AsyncGenerator<ActorId, void, undefined> {
    this.#checkOpen();
    yield* [...this.#disk.keys()].filter((id) => kindOf(id) === kind && id > after).sort();
  }

  async highestEpoch(partitions: readonly number[]): Promise<number> {
    this.#checkOpen();
    return highestEpochOf(this.#disk, partitions);
  }

  async serve(partitions: readonly number[] | undefined): Promise<void> {
    this.#checkOpen();
    this.#partitions = partitions && new Set(partitions);
  }

  async enter(writer: string, epoch = 0): Promise<void> {
    this.#checkOpen();
    checkWriter(writer, this.#revoked);
    this.#writer = writer;
    this.#epoch = epoch;
  }

  async revoke(writer: string): Promise<void> {
    this.#checkOpen();
    this.#revoked.add(writer);
  }

  async backup(path: string): Promise<void> {
    throw storeFailed(`a store in memory has no files to back up into ${path}`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#inFlight);
  }

  #apply({ id, expectedVersion, fence, wakeAt, put, remove, isGone, value }: StoreChange): void {
    if (isGone) return void this.#disk.delete(id);
    const before = this.#disk.get(id);
    const parts = new Map(value && before ? rawOf(before).outside : before?.parts);
    for (const name of remove) parts.delete(name);
    for (const [name, bytes] of put) parts.set(name, bytes);
    if (value) for (const [name, bytes] of inlineParts(readHead(value)).parts) parts.set(name, bytes);
    const record = { version: expectedVersion + 1, fence, wakeAt, parts };
    if (value) wholeOf.set(record, new Uint8Array(value));
    this.#disk.set(id, record);
  }

  /**
   * Checked twice, with a pause between, as in a store whose writes take time: a commit that does not wait for the one
   * before it is refused here too, and not only on a real disk.
   */
  async #write(check: () => void, apply: () => void): Promise<void> {
    const writer = this.#writer;
    check();
    const written = Promise.resolve().then(() => {
      checkWriter(writer, this.#revoked);
      check();
      apply();
    });
    this.#inFlight.add(written);
    try {
      await written;
    } finally {
      this.#inFlight.delete(written);
    }
  }

  #checkStanding(changes: readonly StoreChange[]): void {
    for (const change of changes) checkStanding(change, this.#disk.get(change.id));
  }

  /** Of all stores on the disk. */
  get #revoked(): Set<string> {
    const known = revokedOn.get(this.#disk) ?? new Set();
    revokedOn.set(this.#disk, known);
    return known;
  }

  #checkOpen(): void {
    if (this.#closed) throw storeClosed();
  }
}

function checkWriter(writer: string, revoked: ReadonlySet<string>): void {
  if (revoked.has(writer)) throw writerRevoked(writer);
}

/** As a store on disk would keep it. */
function rawOf(record: StoredRecord): RawRecord {
  const { version, fence, wakeAt, parts } = record;
  const known = wholeOf.get(record);
  if (known) {
    const { parts: inline } = inlineParts(readHead(Buffer.from(known)));
    return { value: known, outside: new Map([...parts].filter(([name]) => !inline.has(name))) };
  }
  const whole = { id: '', expectedVersion: version - 1, fence, wakeAt, put: parts, remove: [] };
  composer.reset();
  const { value, putOutside } = composer.write(whole, undefined);
  return { value: new Uint8Array(value), outside: new Map(putOutside) };
}

function copyOf(parts: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map([...parts].map(([name, bytes]) => [name, bytes.slice()]));
}
