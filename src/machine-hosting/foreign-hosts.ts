/** The workers of other machines that host their shards, as their ways in have told last: mail goes to them directly. */
import type { MachineId } from '../machines/machine-row.ts';
import type { ForeignWorker, MachinePlaces } from '../vocabulary/host-index.ts';
import type { MachineIndexes } from './machine-indexes.ts';

/** Workers of other machines that processes of this one link to directly, at most; mail for further machines goes by their masters. */
export const FOREIGN_WORKERS_LINKED_MAX = 256;

interface Known {
  readonly version: number;
  readonly columns: MachinePlaces['columns'];
  readonly workers: readonly ForeignWorker[];
  readonly byProcess: ReadonlyMap<number, number>;
}

export class ForeignHosts {
  readonly #indexes: MachineIndexes;
  readonly #byMachine = new Map<MachineId, Known>();
  /** Grows with each change. */
  changes = 0;

  constructor(indexes: MachineIndexes) {
    this.#indexes = indexes;
  }

  /** False: that is nothing new. */
  take(machine: MachineId, { version, workers, columns }: MachinePlaces): boolean {
    const before = this.#byMachine.get(machine);
    if (before && before.version >= version) return false;
    const named: ForeignWorker[] = [];
    for (const [process, incarnation] of workers) {
      const index = this.#indexes.ofWorker(machine, process, incarnation);
      if (index !== undefined) named.push({ index, process, incarnation });
    }
    const wasLinked = new Set(before?.workers.map(({ index }) => index));
    // Those that are linked to stay so: what is on its way to them would be lost.
    named.sort((one, other) => Number(wasLinked.has(other.index)) - Number(wasLinked.has(one.index)));
    const linked = named.slice(0, Math.max(0, FOREIGN_WORKERS_LINKED_MAX - this.#countBut(machine)));
    const byProcess = new Map(linked.map(({ process, index }) => [process, index]));
    this.#byMachine.set(machine, { version, columns, workers: linked, byProcess });
    this.changes++;
    return true;
  }

  /** The index of the worker there; undefined: it is not known, or its master's. */
  hostOf(machine: MachineId, column: string, shard: number): number | undefined {
    const known = this.#byMachine.get(machine);
    return known?.byProcess.get(known.columns[column]?.[shard] ?? 0);
  }

  workersOf(machine: MachineId): readonly ForeignWorker[] {
    return this.#byMachine.get(machine)?.workers ?? [];
  }

  keep(machines: ReadonlySet<MachineId>): void {
    for (const machine of this.#byMachine.keys()) if (!machines.has(machine)) this.#byMachine.delete(machine);
  }

  #countBut(machine: MachineId): number {
    let count = 0;
    for (const [name, { workers }] of this.#byMachine) if (name !== machine) count += workers.length;
    return count;
  }
}
