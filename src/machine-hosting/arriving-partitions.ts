/** Partitions that have come to this machine with all that lived in them: on hold until that is with the workers that host it, one hand-over after the other. */
import type { MachineId } from '../machines/machine-row.ts';
import type { ProcessQuery } from '../wire/process-query.ts';

interface Arrival {
  readonly number: number;
  readonly from: MachineId;
  /** Without those that this machine has lost since. */
  readonly partitions: Set<number>;
  readonly lost: number[];
}

export class ArrivingPartitions {
  /** Arrivals up to this number are complete. */
  arrived = 0;
  /** Partitions that were lost while the last of them was on its way: another machine has had them since. */
  lostArriving: number[] = [];
  readonly #ask: (what: ProcessQuery) => Promise<unknown>;
  readonly #changed: () => void;
  readonly #arrivals = new Set<Arrival>();
  #last = 0;
  #before: Promise<void> = Promise.resolve();

  /** `changed`: the table is to say so. */
  constructor(ask: (what: ProcessQuery) => Promise<unknown>, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Those that are on hold. */
  get partitions(): Set<number> {
    return new Set([...this.#arrivals].flatMap(({ partitions }) => [...partitions]));
  }

  /** The table that names this machine their owner is about to be published, with them on hold. */
  begin(partitions: readonly number[], from: MachineId): void {
    // Of an earlier arrival they were lost meanwhile.
    const again = new Set(partitions);
    this.lose((partition) => again.has(partition));
    const arrival: Arrival = { number: ++this.#last, from, partitions: new Set(partitions), lost: [] };
    this.#arrivals.add(arrival);
    this.#before = this.#before.then(() => this.#deliver(arrival));
  }

  /** Those that are not this machine's any more. Should they come again, it is by another arrival. */
  lose(isLost: (partition: number) => boolean): void {
    for (const { partitions, lost } of this.#arrivals) {
      for (const partition of partitions) if (isLost(partition)) lost.push(partition);
      for (const partition of lost) partitions.delete(partition);
    }
  }

  /** Resolves once all that is on its way now is with the workers. */
  settled(): Promise<void> {
    return this.#before;
  }

  /** Actors that have not come by then are lost, as with a worker that dies. */
  async #deliver(arrival: Arrival): Promise<void> {
    const { number, from, partitions } = arrival;
    await this.#ask({ arrival: number, from, partitions: [...partitions] });
    this.#arrivals.delete(arrival);
    this.arrived = number;
    this.lostArriving = arrival.lost;
    this.#changed();
  }
}
