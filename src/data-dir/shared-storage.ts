/** The storage of a system with workers: a thread of the master has the store open, and all processes reach it over a socket. */
import { type SocketStoreOptions, socketStore } from '../store-service/socket-store.ts';
import type { StoreSupervisor } from '../store-service/store-supervisor.ts';
import type { Store } from '../store/store.ts';
import { processAddress } from '../vocabulary/address.ts';
import type { PausesFile } from './pauses-file.ts';
import type { Storage } from './storage.ts';

/** The store as this process reaches it; the path comes with the owner. */
export type SharedStorageSeed = Omit<SocketStoreOptions, 'path' | 'gathersCommits'>;

export class SharedStorage {
  /** Of this process. */
  readonly store: Store;
  readonly #storage: Storage;
  readonly #owner: StoreSupervisor;

  private constructor(storage: Storage, owner: StoreSupervisor, store: Store) {
    this.#storage = storage;
    this.#owner = owner;
    this.store = store;
  }

  /** Starts the owner of a storage, which its caller closes where that fails. Throws STORE_FAILED. */
  static async open(storage: Storage, seed: SharedStorageSeed): Promise<SharedStorage> {
    const { socketDir, system, token, pollMicros } = seed;
    const owner = await storage.openOwner({ socketDir, system, token, pollMicros });
    return new SharedStorage(
      storage,
      owner,
      socketStore({ ...seed, path: owner.path, gathersCommits: storage.postgres !== undefined }),
    );
  }

  /** The path of the owner's socket. */
  get path(): string {
    return this.#owner.path;
  }

  /** See `Store`. */
  get gathersCommits(): boolean {
    return this.#storage.postgres !== undefined;
  }

  get pauses(): PausesFile {
    return this.#storage.pauses;
  }

  /** The folder of turn journals. */
  get journals(): string {
    return this.#storage.journals.path;
  }

  get startedAt(): number {
    return this.#storage.startedAt;
  }

  addWorker(pid: number): void {
    this.#storage.addWorker(pid);
  }

  removeWorker(pid: number): void {
    this.#storage.removeWorker(pid);
  }

  /** The death of a process, before anything comes of it. */
  died(worker: { index: number; incarnation: number }): void {
    this.#owner.died(worker);
    this.#storage.died(processAddress(worker.index, worker.incarnation));
  }

  close(): Promise<void> {
    return this.#storage.close();
  }
}
