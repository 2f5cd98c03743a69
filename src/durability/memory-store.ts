/** A store that lasts as long as its `MemoryDisk`; stores on one disk see each other's commits, as processes would. */
import { type ActorId, parseActorId } from '../vocabulary/address.ts';
import { checkChanges, checkFence, checkVersion, storeClosed } from './commit-rules.ts';
import type { DueReminder, Store, StoreChange, StoredRecord } from './store.ts';

export type MemoryDisk = Map<ActorId, StoredRecord>;

export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;

  constructor(disk: MemoryDisk = new Map()) {
    this.#disk = disk;
  }

  async load(id: ActorId): Promise<StoredRecord | undefined> {
    this.#checkOpen();
    parseActorId(id);
    const record = this.#disk.get(id);
    return record && { ...record, bytes: record.bytes.slice() };
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    this.#checkOpen();
    checkChanges(changes);
    const copies = changes.map((change) => ({ ...change, bytes: change.bytes.slice() }));
    await this.#write(
      () => this.#checkStanding(copies),
      () => {
        for (const { id, expectedVersion, ...rest } of copies) {
          this.#disk.set(id, { ...rest, version: expectedVersion + 1 });
        }
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

  async *dueReminders(shards: Iterable<number>, until: number): AsyncGenerator<DueReminder, void, undefined> {
    this.#checkOpen();
    const wanted = new Set(shards);
    const due: DueReminder[] = [];
    for (const [id, { shard, remindAt: at }] of this.#disk) {
      if (at !== undefined && at <= until && wanted.has(shard)) due.push({ id, at });
    }
    yield* due.sort((a, b) => a.at - b.at);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
  }

  /**
   * Checked twice, with a pause between, as in a store whose writes take time: a commit that does not wait for the one
   * before it is refused here too, and not only on a real disk.
   */
  async #write(check: () => void, apply: () => void): Promise<void> {
    check();
    const written = Promise.resolve().then(() => {
      check();
      apply();
    });
    this.#underWay.add(written);
    try {
      await written;
    } finally {
      this.#underWay.delete(written);
    }
  }

  #checkStanding(changes: readonly StoreChange[]): void {
    for (const { id, expectedVersion, fence } of changes) {
      const standing = this.#disk.get(id);
      checkVersion(id, expectedVersion, standing);
      checkFence(id, fence, standing);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw storeClosed();
  }
}
