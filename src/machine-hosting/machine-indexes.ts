/** The indexes by which the table of this machine names the others: each given once, for as long as this process lives. */
import type { MachineId } from '../machines/machine-row.ts';
import { MACHINE_INDEX_MIN } from '../wire/control.ts';

/** One more than so many starts of other machines ends this process, which would take hundreds of years of restarts. */
const INDEX_MAX = 32_767;

export class MachineIndexes {
  readonly #byId = new Map<MachineId, number>();
  #next = MACHINE_INDEX_MIN;

  of(machine: MachineId): number {
    let index = this.#byId.get(machine);
    if (index !== undefined) return index;
    if (this.#next > INDEX_MAX) throw new Error(`the numbers of machines end at ${INDEX_MAX}`);
    index = this.#next++;
    this.#byId.set(machine, index);
    return index;
  }

  /** Machines that are gone: their indexes are not given again. */
  keep(machines: ReadonlySet<MachineId>): void {
    for (const machine of this.#byId.keys()) if (!machines.has(machine)) this.#byId.delete(machine);
  }
}
