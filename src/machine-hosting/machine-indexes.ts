/** The indexes by which the table of this machine names the others, and their workers: each given once, for as long as this process lives. */
import type { MachineId } from '../machines/machine-row.ts';
import {
  FOREIGN_WORKERS_MAX,
  foreignWorkerIndex,
  MACHINE_INDEX_MAX,
  MACHINE_INDEX_MIN,
} from '../vocabulary/host-index.ts';

interface Named {
  readonly index: number;
  /** By process and incarnation. */
  readonly workers: Map<string, number>;
}

export class MachineIndexes {
  readonly #byId = new Map<MachineId, Named>();
  #next = MACHINE_INDEX_MIN;

  of(machine: MachineId): number {
    return this.#named(machine).index;
  }

  /** Undefined: so many have begun there that no number is left. */
  ofWorker(machine: MachineId, process: number, incarnation: number): number | undefined {
    const { index, workers } = this.#named(machine);
    const key = `${process}.${incarnation}`;
    const known = workers.get(key);
    if (known !== undefined) return known;
    if (workers.size >= FOREIGN_WORKERS_MAX) return undefined;
    const given = foreignWorkerIndex(index, workers.size + 1);
    workers.set(key, given);
    return given;
  }

  /** Machines that are gone: their indexes are not given again. */
  keep(machines: ReadonlySet<MachineId>): void {
    for (const machine of this.#byId.keys()) if (!machines.has(machine)) this.#byId.delete(machine);
  }

  #named(machine: MachineId): Named {
    let named = this.#byId.get(machine);
    if (named !== undefined) return named;
    if (this.#next > MACHINE_INDEX_MAX) throw new Error(`the numbers of machines end at ${MACHINE_INDEX_MAX}`);
    named = { index: this.#next++, workers: new Map() };
    this.#byId.set(machine, named);
    return named;
  }
}
