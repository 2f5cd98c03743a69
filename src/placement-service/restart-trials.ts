/**
 * Spawned actors that are started again after a crash, and whether that ends their next worker. Pure. At first they start
 * together: whoever has not started as the worker dies may have been the cause. From then on it starts alone, behind all
 * others, one after the other, and its worker says so before: the next death is that of the one that had begun last and had not
 * started. A worker that dies before it has begun with any of them, as one does that hung and is killed, died of none.
 */
import { PROCESS_DEATHS_MAX } from '../supervision/process-deaths.ts';
import type { ActorId } from '../vocabulary/address.ts';

interface Trial {
  readonly worker: number;
  /** Workers that died as it started. */
  deaths: number;
  /** It was asked to start, and has not said that it did. */
  isStarting: boolean;
  /** Its number among the starts that were begun alone; 0: it was not. */
  begun: number;
}

export class RestartTrials {
  readonly #trials = new Map<ActorId, Trial>();
  #begun = 0;

  /** It is going to start there. Returns how many workers have died of that so far. */
  begin(worker: number, id: ActorId): number {
    const deaths = this.#trials.get(id)?.deaths ?? 0;
    this.#trials.set(id, { worker, deaths, isStarting: true, begun: 0 });
    return deaths;
  }

  /** It begins now, alone. */
  starting(id: ActorId, worker: number): void {
    const trial = this.#trials.get(id);
    if (trial?.worker === worker) trial.begun = ++this.#begun;
  }

  /** They have started, or ended; what they did to a worker before is forgotten. */
  over(ids: readonly ActorId[]): void {
    for (const id of ids) this.#trials.delete(id);
  }

  /** Returns those that are not to be started again. */
  died(worker: number): Set<ActorId> {
    const condemned = new Set<ActorId>();
    const asked = [...this.#trials].filter(([, trial]) => trial.worker === worker && trial.isStarting);
    const last = asked.reduce((most, [, { begun }]) => Math.max(most, begun), 0);
    for (const [id, trial] of asked) {
      trial.isStarting = false;
      const isAlone = trial.begun > 0 && trial.begun === last;
      if (trial.deaths > 0 && !isAlone) continue;
      if (++trial.deaths < PROCESS_DEATHS_MAX) continue;
      this.#trials.delete(id);
      condemned.add(id);
    }
    return condemned;
  }
}
