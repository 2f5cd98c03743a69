/** The places of actors that are not placed by hash: given once, the same for everybody, until the worker dies. */
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';

/** Places given at most; one more is refused with OVERLOADED. */
export const ON_DEMAND_MAX = 1_000_000;

export class OnDemandPlacements {
  readonly #hosts = new Map<ActorId, number>();

  get(id: ActorId): number | undefined {
    return this.#hosts.get(id);
  }

  set(id: ActorId, worker: number): void {
    if (this.#hosts.size >= ON_DEMAND_MAX && !this.#hosts.has(id)) {
      throw new TroupeError(
        'OVERLOADED',
        `${ON_DEMAND_MAX} actors have places that are not given by hash, which is the limit; ${id} gets none`,
      );
    }
    this.#hosts.set(id, worker);
  }

  /** It has a pin now, or none. */
  forget(id: ActorId): void {
    this.#hosts.delete(id);
  }

  *on(worker: number): Iterable<ActorId> {
    for (const [id, host] of this.#hosts) if (host === worker) yield id;
  }

  /** The places of one kind. */
  *of(kind: string): Iterable<[ActorId, number]> {
    for (const entry of this.#hosts) if (kindOf(entry[0]) === kind) yield entry;
  }

  forgetAll(isMeant: (id: ActorId) => boolean): void {
    for (const id of this.#hosts.keys()) if (isMeant(id)) this.#hosts.delete(id);
  }

  forgetWorker(worker: number): void {
    for (const [id, host] of this.#hosts) if (host === worker) this.#hosts.delete(id);
  }
}
