/** News of the workers, for all processes: once for all changes of a moment, and their loads from time to time. */
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { WorkerInfo } from '../wire/control.ts';
import type { Membership } from '../worker-pool/process-membership.ts';

/** Milliseconds between two broadcasts of the workers' loads. */
const LOADS_MS = 1_000;

export class WorkerNews {
  readonly #clock: Clock;
  readonly #membership: Membership;
  readonly #infos: () => WorkerInfo[];
  #isDue = false;
  #timer: Timer | undefined;

  constructor(clock: Clock, membership: Membership, infos: () => WorkerInfo[]) {
    this.#clock = clock;
    this.#membership = membership;
    this.#infos = infos;
  }

  changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.soon(() => {
      this.#isDue = false;
      this.#membership.tell({ type: 'workers', workers: this.#infos() });
    });
  }

  tellLoads(): void {
    this.#timer = this.#clock.setTimer(LOADS_MS, () => {
      this.changed();
      this.tellLoads();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }
}
