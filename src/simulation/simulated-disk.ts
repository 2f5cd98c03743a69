/**
 * The disk of a simulated machine: what is committed outlives every process. Each process sees it through a store of its
 * own, whose operations take time, may fail, hang, or fail although they wrote, and end with the process at any step.
 */
import { storeFailed } from '../store/commit-rules.ts';
import { MemoryJournals } from '../journal/memory-journal.ts';
import { type MemoryDisk, MemoryStore } from '../store/memory-store.ts';
import type { OwnedStore, RawRecord, RecordHead, StoreChange, StoredRecord, Wake } from '../store/store.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { ProcessClock } from './process-clock.ts';

export interface DiskFaults {
  /** Share of commits that fail and write nothing. */
  fail: number;
  /** Share of commits that fail although they wrote. */
  lie: number;
  /** Share of commits that take `hangMs`. */
  hang: number;
  hangMs: number;
}

/** Milliseconds that an operation takes, at most. */
const OPERATION_MS = 0.4;

export class SimulatedDisk {
  readonly records: MemoryDisk;
  readonly journals: MemoryJournals = new MemoryJournals();
  /** As of a store on the other side of a network: several commits at once, and whole values. */
  gathersCommits = false;
  faults: DiskFaults = { fail: 0, lie: 0, hang: 0, hangMs: 0 };
  commits = 0;
  /** Told of each commit as it is written. */
  onCommit: (changes: readonly StoreChange[]) => void = () => {};

  /** `records`: those of a store that several machines share. */
  constructor(records: MemoryDisk = new Map()) {
    this.records = records;
  }

  open(clock: ProcessClock, random: () => number): OwnedStore {
    return new SimulatedStore(this, clock, random);
  }
}

class SimulatedStore implements OwnedStore {
  readonly #disk: SimulatedDisk;
  readonly #store: MemoryStore;
  readonly #clock: ProcessClock;
  readonly #random: () => number;

  constructor(disk: SimulatedDisk, clock: ProcessClock, random: () => number) {
    this.#disk = disk;
    this.#store = new MemoryStore(disk.records);
    this.#clock = clock;
    this.#random = random;
  }

  async load(id: ActorId): Promise<StoredRecord | undefined> {
    await this.#wait(OPERATION_MS);
    return this.#store.load(id);
  }

  async raw(id: ActorId): Promise<RawRecord | undefined> {
    await this.#wait(OPERATION_MS);
    return this.#store.raw(id);
  }

  async head(id: ActorId): Promise<RecordHead | undefined> {
    await this.#wait(OPERATION_MS);
    return this.#store.head(id);
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    const { fail, lie, hang, hangMs } = this.#disk.faults;
    const chance = this.#random();
    // Each wait is a step at which the process may die.
    await this.#wait(chance < hang ? hangMs : OPERATION_MS);
    if (this.#random() < fail) throw storeFailed('the commit failed: the disk fails');
    await this.#store.commit(changes);
    this.#disk.commits++;
    this.#disk.onCommit(changes);
    await this.#wait(OPERATION_MS);
    if (this.#random() < lie) throw storeFailed('the commit failed: no word of how it went');
  }

  async *due(from: number, until: number, after?: Wake): AsyncGenerator<Wake, void, undefined> {
    await this.#wait(OPERATION_MS);
    yield* this.#store.due(from, until, after);
  }

  ids(kind: string, after?: ActorId): AsyncIterable<ActorId> {
    return this.#store.ids(kind, after);
  }

  forget(id: ActorId, expectedVersion: number): Promise<void> {
    return this.#store.forget(id, expectedVersion);
  }

  async highestEpoch(partitions: readonly number[]): Promise<number> {
    await this.#wait(OPERATION_MS);
    return this.#store.highestEpoch(partitions);
  }

  serve(partitions: readonly number[] | undefined): Promise<void> {
    return this.#store.serve(partitions);
  }

  enter(writer: string, epoch?: number): Promise<void> {
    return this.#store.enter(writer, epoch);
  }

  async revoke(writer: string): Promise<void> {
    await this.#wait(OPERATION_MS);
    return this.#store.revoke(writer);
  }

  backup(path: string): Promise<void> {
    return this.#store.backup(path);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Never over where the process dies meanwhile. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(this.#random() * ms, resolve));
  }
}
