/** Partitions that have come to this machine with all that lived in them: on hold until that is with the workers that host it, one hand-over after the other. */
import type { MachineId } from '../machines/machine-row.ts';
import type { ProcessQuery } from '../wire/control.ts';

export class ArrivingPartitions {
  /** Those that are on hold. */
  readonly partitions: Set<number> = new Set();
  /** Arrivals up to this number are complete. */
  arrived = 0;
  readonly #ask: (what: ProcessQuery) => Promise<unknown>;
  readonly #changed: () => void;
  #last = 0;
  #before: Promise<void> = Promise.resolve();

  /** `changed`: the table is to say so. */
  constructor(ask: (what: ProcessQuery) => Promise<unknown>, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** The table that names this machine their owner is about to be published, with them on hold. */
  begin(partitions: readonly number[], from: MachineId): void {
    for (const partition of partitions) this.partitions.add(partition);
    const arrival = ++this.#last;
    this.#before = this.#before.then(() => this.#deliver(arrival, partitions, from));
  }

  /** Resolves once all that is on its way now is with the workers. */
  settled(): Promise<void> {
    return this.#before;
  }

  /** Actors that have not come by then are lost, as with a worker that dies. */
  async #deliver(arrival: number, partitions: readonly number[], from: MachineId): Promise<void> {
    await this.#ask({ arrival, from, partitions: [...partitions] });
    for (const partition of partitions) this.partitions.delete(partition);
    this.arrived = arrival;
    this.#changed();
  }
}
