/**
 * Spawned actors that are started again after a crash, and whether that ends their next worker. Pure. At first they start
 * together: whoever has not started as the worker dies may have been the cause, and from then on starts alone, behind all
 * others, one after the other; so the next death is that of the first who has not started.
 */
import { PROCESS_DEATHS_MAX } from '../supervision/process-deaths.ts';
import type { ActorId } from '../vocabulary/address.ts';

interface Trial {
  worker: number;
  /** Workers that died as it started. */
  deaths: number;
  /** It was asked to start, and has not said that it did. */
  isStarting: boolean;
}

export class RestartTrials {
  /** In the order in which they start. */
  readonly #trials = new Map<ActorId, Trial>();

  /** It is going to start there. Returns how many workers have died of that so far. */
  begin(worker: number, id: ActorId): number {
    const deaths = this.#trials.get(id)?.deaths ?? 0;
    this.#trials.delete(id);
    this.#trials.set(id, { worker, deaths, isStarting: true });
    return deaths;
  }

  /** It has started, or ended. */
  over(id: ActorId): void {
    this.#trials.delete(id);
  }

  /** Returns those that are not to be started again. */
  died(worker: number): Set<ActorId> {
    let isOneAlone = false;
    const condemned = new Set<ActorId>();
    for (const [id, trial] of this.#trials) {
      if (trial.worker !== worker || !trial.isStarting) continue;
      trial.isStarting = false;
      if (trial.deaths > 0 && isOneAlone) continue;
      if (trial.deaths > 0) isOneAlone = true;
      if (++trial.deaths < PROCESS_DEATHS_MAX) continue;
      this.#trials.delete(id);
      condemned.add(id);
    }
    return condemned;
  }
}
