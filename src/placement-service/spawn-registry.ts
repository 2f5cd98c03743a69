/** The spawned actors of all workers, so that a crash can start them again: id → where it runs and with what. */
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import type { SpawnRecord } from '../wire/control.ts';

/** Spawned actors that are remembered; those beyond live, but are not started again after a crash. */
export const SPAWNED_MAX = 1_000_000;

export class SpawnRegistry {
  readonly #byWorker = new Map<number, Map<ActorId, SpawnRecord>>();
  readonly #hosts = new Map<ActorId, number>();

  get size(): number {
    return this.#hosts.size;
  }

  hostOf(id: ActorId): number | undefined {
    return this.#hosts.get(id);
  }

  /** False where the bound is reached. */
  add(worker: number, record: SpawnRecord): boolean {
    this.remove(record.id);
    if (this.#hosts.size >= SPAWNED_MAX) return false;
    let records = this.#byWorker.get(worker);
    if (!records) this.#byWorker.set(worker, (records = new Map()));
    records.set(record.id, record);
    this.#hosts.set(record.id, worker);
    return true;
  }

  /** `worker`: only where it is registered there; by the time an end is told it may live elsewhere again. */
  remove(id: ActorId, worker?: number): void {
    const host = this.#hosts.get(id);
    if (host === undefined || (worker !== undefined && host !== worker)) return;
    this.#hosts.delete(id);
    this.#byWorker.get(host)?.delete(id);
  }

  /** The records of a worker that have moved. Its new host says so as well, but may be dead before that is read. */
  rehost(from: number, hostOf: (id: ActorId) => number | undefined): void {
    for (const record of [...(this.#byWorker.get(from)?.values() ?? [])]) {
      const host = hostOf(record.id);
      if (host !== undefined && host !== from) this.add(host, record);
    }
  }

  /** The kind is gone: nobody starts its actors again. */
  removeKind(kind: string): void {
    this.removeAll((id) => kindOf(id) === kind);
  }

  removeAll(isMeant: (id: ActorId) => boolean): void {
    for (const id of [...this.#hosts.keys()]) if (isMeant(id)) this.remove(id);
  }

  /** The records of a worker that is gone; they are no longer registered there. */
  take(worker: number): SpawnRecord[] {
    const records = [...(this.#byWorker.get(worker)?.values() ?? [])];
    this.#byWorker.delete(worker);
    for (const { id } of records) this.#hosts.delete(id);
    return records;
  }
}
