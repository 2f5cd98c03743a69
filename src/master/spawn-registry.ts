/** The spawned actors of all workers, so that a crash can start them again: id → where it runs and with what. */
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import type { SpawnRecord } from '../wire/control.ts';

/** Spawned actors that are remembered; those beyond live, but are not started again after a crash. */
export const SPAWNED_MAX = 1_000_000;

export class SpawnRegistry {
  readonly #byWorker = new Map<number, Map<ActorId, SpawnRecord>>();
  readonly #homes = new Map<ActorId, number>();

  get size(): number {
    return this.#homes.size;
  }

  homeOf(id: ActorId): number | undefined {
    return this.#homes.get(id);
  }

  /** False where the bound is reached. */
  add(worker: number, record: SpawnRecord): boolean {
    this.remove(record.id);
    if (this.#homes.size >= SPAWNED_MAX) return false;
    let records = this.#byWorker.get(worker);
    if (!records) this.#byWorker.set(worker, (records = new Map()));
    records.set(record.id, record);
    this.#homes.set(record.id, worker);
    return true;
  }

  /** `worker`: only where it is registered there; by the time an end is told it may live elsewhere again. */
  remove(id: ActorId, worker?: number): void {
    const home = this.#homes.get(id);
    if (home === undefined || (worker !== undefined && home !== worker)) return;
    this.#homes.delete(id);
    this.#byWorker.get(home)?.delete(id);
  }

  /** What was on a worker and has moved. Its new home says so as well, but may be dead before that is read. */
  rehome(from: number, homeOf: (id: ActorId) => number | undefined): void {
    for (const record of [...(this.#byWorker.get(from)?.values() ?? [])]) {
      const home = homeOf(record.id);
      if (home !== undefined && home !== from) this.add(home, record);
    }
  }

  /** The kind is gone: nobody starts its actors again. */
  removeKind(kind: string): void {
    for (const id of [...this.#homes.keys()]) if (kindOf(id) === kind) this.remove(id);
  }

  /** What ran on a worker that is gone; it is no longer registered there. */
  take(worker: number): SpawnRecord[] {
    const records = [...(this.#byWorker.get(worker)?.values() ?? [])];
    this.#byWorker.delete(worker);
    for (const { id } of records) this.#homes.delete(id);
    return records;
  }
}
