/** The places of actors that are not placed by hash, as the master gave them to this process; asking again gives the same answer. */
import { shardOf } from '../placement/shard.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';

/** Called as the answer is read, not a turn later: a table behind it may declare the worker dead. */
export interface LocateAnswer {
  found(worker: number): void;
  failed(error: Error): void;
}

/** Places that are remembered. */
export const LOCATED_KEPT = 100_000;

export class LocatedPlaces {
  readonly #hosts = new Map<ActorId, number>();

  get(id: ActorId): number | undefined {
    return this.#hosts.get(id);
  }

  has(id: ActorId): boolean {
    return this.#hosts.has(id);
  }

  set(id: ActorId, worker: number): void {
    if (this.#hosts.size >= LOCATED_KEPT) this.#hosts.clear();
    this.#hosts.set(id, worker);
  }

  forgetWorker(worker: number): void {
    for (const [id, host] of this.#hosts) if (host === worker) this.#hosts.delete(id);
  }

  forgetKinds(kinds: ReadonlySet<string>): void {
    for (const id of this.#hosts.keys()) if (kinds.has(kindOf(id))) this.#hosts.delete(id);
  }

  forgetPartitions(partitions: ReadonlySet<number>): void {
    for (const id of this.#hosts.keys()) if (partitions.has(shardOf(id))) this.#hosts.delete(id);
  }
}
