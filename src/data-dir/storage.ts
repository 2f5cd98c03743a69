/**
 * The storage of a system in its dataDir: the lock on it, and the store, opened by this process alone. Only systems with durable
 * actors have it. With workers the store is opened in a thread of the master, and all processes reach it over a socket.
 */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Log } from '../observe/log.ts';
import { asError } from '../vocabulary/errors.ts';
import type { DataCheck } from '../store/data-check.ts';
import { FileJournal } from '../journal/file-journal.ts';
import { JournalFolder, processName } from '../journal/journal-folder.ts';
import type { TurnJournal } from '../journal/turn-journal.ts';
import { DataDirLock, identityOf, SIGN_MS } from './data-dir-lock.ts';
import { PausesFile } from './pauses-file.ts';
import type { PostgresPlace } from '../store-postgres/postgres-store.ts';
import type { Store } from '../store/store.ts';
import { CHECKSUM_FILE } from '../store/checksum.ts';
import { DATA_FILE } from '../store/lmdb-file.ts';
import { STORE_FOLDER } from '../store/store.ts';
import type { OwnerSeed } from '../store-service/owner-messages.ts';
import { StoreSupervisor } from '../store-service/store-supervisor.ts';

/** Where a system has what it keeps. */
export interface StoragePlace {
  readonly dataDir: string;
  /** Of the system. */
  readonly name: string;
  readonly postgres: PostgresPlace | undefined;
}

/** The parts between the folder and its user. */
interface Opened {
  fail(reason: string): void;
  close(): Promise<void>;
}

export class Storage {
  /** Absolute. */
  readonly dataDir: string;
  /** The database with the store, which is not in the folder then. */
  readonly postgres: PostgresPlace | undefined;
  /** There was a store in the folder, when this began. */
  readonly wasFound: boolean;
  /** Of all processes. */
  readonly journals: JournalFolder;
  /** Of this system, and of the one before it. */
  readonly pauses: PausesFile;
  readonly #system: string;
  readonly #log: Log;
  #lock: DataDirLock;
  /** Of the file of the store; '' until it is opened. */
  #file = '';
  #opened: Opened | undefined;
  #hasFailed = false;
  readonly #signs: NodeJS.Timeout;
  readonly #workers = new Set<number>();
  /** Workers whose entry could not be written, or removed: it is tried again with each sign of life. */
  readonly #unnoted = new Set<number>();
  #closed: Promise<void> | undefined;
  /** As the database counts starts. */
  #startedAt: number | undefined;

  private constructor(lock: DataDirLock, { dataDir, name, postgres }: StoragePlace, log: Log) {
    this.#lock = lock;
    this.postgres = postgres;
    this.dataDir = resolve(dataDir);
    this.wasFound = existsSync(join(this.#folder, DATA_FILE));
    this.#system = name;
    this.#log = log;
    this.#forgetChecksum();
    this.journals = new JournalFolder(this.dataDir, log);
    this.journals.takeOver();
    this.pauses = new PausesFile(this.dataDir);
    this.#signs = setInterval(() => this.#sign(), SIGN_MS).unref();
  }

  /** Takes the lock before anything is opened. Throws STORE_LOCKED and STORE_FAILED. */
  static async acquire(place: StoragePlace, log: Log): Promise<Storage> {
    return new Storage(await DataDirLock.acquire(place.dataDir, place.name, Date.now()), place, log);
  }

  /** Of a backup that is the dataDir from now on: its store goes on, and the sum would not. Where it cannot go, the store is served all the same. */
  #forgetChecksum(): void {
    try {
      rmSync(join(this.#folder, CHECKSUM_FILE), { force: true });
    } catch (error) {
      this.#log.warn(
        { err: asError(error) },
        'the sum of an earlier backup cannot be removed: a copy made by hand will not fit it',
      );
    }
  }

  /** The store in this thread; its engine is loaded here, and where another thread has it, only there. Rejects STORE_FAILED. */
  async openHere(): Promise<Store> {
    if (this.postgres) {
      const { PostgresStore } = await import('../store-postgres/postgres-store.ts');
      const startsAfter = this.#lock.startedAt;
      const opened = await PostgresStore.open({
        ...this.postgres,
        startsAfter,
        isAlone: this.postgres.writer === undefined,
      });
      this.#startedAt = opened.startedAt;
      this.#opened = opened;
      return opened;
    }
    const { LmdbStore } = await import('../store/lmdb-store.ts');
    const store = LmdbStore.open(this.#folder, (pages) => this.#missing(pages));
    this.#use(store);
    void store.check().then(
      (check) => this.#checked(check),
      (error) => this.#log.warn({ err: error }, 'the data could not be checked'),
    );
    return store;
  }

  /** Of this process. */
  openJournal(address: string): TurnJournal {
    return new FileJournal({ folder: this.journals.path, process: this.#processOf(address), log: this.#log });
  }

  /** A process with a journal has died. Call it before anybody acts on that death. */
  died(address: string): void {
    this.journals.died(this.#processOf(address));
  }

  /** The store in a thread of its own. Throws STORE_FAILED. */
  async openOwner(seed: Omit<OwnerSeed, 'folder' | 'postgres' | 'startsAfter'>): Promise<StoreSupervisor> {
    const place = { folder: this.#folder, postgres: this.postgres, startsAfter: this.#lock.startedAt };
    const owner = await StoreSupervisor.start({ ...seed, ...place }, this.#log, {
      missing: (pages) => this.#missing(pages),
      checked: (check) => this.#checked(check),
    });
    this.#startedAt = owner.startedAt;
    this.#use(owner);
    return owner;
  }

  /** Later than any start before it on this dataDir, or in this database. */
  get startedAt(): number {
    return this.#startedAt ?? this.#lock.startedAt;
  }

  addWorker(pid: number): void {
    this.#workers.add(pid);
    this.#unnoted.add(pid);
    this.#noteWorkers();
  }

  removeWorker(pid: number): void {
    this.#workers.delete(pid);
    this.#unnoted.add(pid);
    this.#noteWorkers();
  }

  close(): Promise<void> {
    clearInterval(this.#signs);
    this.#closed ??= (this.#opened?.close() ?? Promise.resolve()).finally(() => this.#lock.release());
    return this.#closed;
  }

  #processOf(address: string): string {
    return processName(address, this.startedAt);
  }

  get #folder(): string {
    return join(this.dataDir, STORE_FOLDER);
  }

  #use(opened: Opened): void {
    this.#opened = opened;
    if (!this.postgres) this.#file = identityOf(join(this.#folder, DATA_FILE));
  }

  /** Nothing of this ends the process: what cannot be written now is written with the next sign. */
  #sign(): void {
    try {
      const lost = this.#lock.sign(Date.now()) ?? this.#lostFile();
      if (lost !== undefined) this.#lost(lost);
    } catch (error) {
      this.#log.error({ err: error, dataDir: this.dataDir }, 'no sign of life could be given in the dataDir');
    }
    this.#noteWorkers();
  }

  #lostFile(): string | undefined {
    const path = join(this.#folder, DATA_FILE);
    return this.#file === '' || identityOf(path) === this.#file ? undefined : `${path} was removed or replaced`;
  }

  /** Commits from now on would be lost, so there are none. The data dir stays locked: no other system begins in it unseen. */
  #lost(reason: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const text = `the store is gone while the system runs: ${reason}`;
    this.#log.error({ dataDir: this.dataDir }, text);
    this.#opened?.fail(text);
    const lost = this.#lock;
    DataDirLock.acquire(this.dataDir, this.#system, Date.now()).then(
      (lock) => {
        lost.release();
        if (this.#closed) lock.release();
        else this.#lock = lock;
      },
      (error) => this.#log.error({ err: error }, 'the dataDir is not held any more'),
    );
  }

  #noteWorkers(): void {
    if (this.#closed !== undefined) return;
    for (const pid of this.#unnoted) {
      try {
        if (this.#workers.has(pid)) this.#lock.addWorker(pid);
        else this.#lock.removeWorker(pid);
        this.#unnoted.delete(pid);
      } catch (error) {
        this.#log.error({ pid, reason: asError(error).message }, 'a worker could not be noted in the dataDir');
      }
    }
  }

  #missing(pages: number): void {
    const text = `the file of the store had lost ${pages} pages at its end; they are there again, empty`;
    this.#log.warn({ dataDir: this.dataDir, pages }, text);
  }

  #checked({ records, wakes, faults, told }: DataCheck): void {
    const counts = { dataDir: this.dataDir, records, wakes };
    if (faults === 0) this.#log.debug(counts, 'the data is whole');
    else this.#log.error({ ...counts, faults, told }, `the data has ${faults} faults`);
  }
}
