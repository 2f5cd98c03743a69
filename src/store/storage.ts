/** What a system has of its dataDir: the lock on it, and the store. Only systems with durable actors have it. */
import { join } from 'node:path';
import { DataDirLock, SIGN_MS } from './data-dir-lock.ts';
import { LmdbStore, STORE_FOLDER } from './lmdb-store.ts';

export class Storage {
  readonly store: LmdbStore;
  readonly folder: string;
  readonly #lock: DataDirLock;
  readonly #signs: NodeJS.Timeout;
  #closed: Promise<void> | undefined;

  private constructor(lock: DataDirLock, store: LmdbStore, folder: string) {
    this.#lock = lock;
    this.store = store;
    this.folder = folder;
    this.#signs = setInterval(() => lock.sign(Date.now()), SIGN_MS).unref();
  }

  /** Throws STORE_LOCKED and STORE_FAILED. */
  static async open(dataDir: string, system: string, now: number): Promise<Storage> {
    const lock = await DataDirLock.acquire(dataDir, system, now);
    const folder = join(dataDir, STORE_FOLDER);
    try {
      return new Storage(lock, LmdbStore.open(folder), folder);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Later than any start before it on this dataDir. */
  get startedAt(): number {
    return this.#lock.startedAt;
  }

  addWorker(pid: number): void {
    this.#lock.addWorker(pid);
  }

  removeWorker(pid: number): void {
    if (this.#closed === undefined) this.#lock.removeWorker(pid);
  }

  close(): Promise<void> {
    clearInterval(this.#signs);
    this.#closed ??= this.store.close().then(() => this.#lock.release());
    return this.#closed;
  }
}
