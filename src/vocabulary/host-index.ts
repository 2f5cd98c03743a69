/**
 * The numbers by which a placement table names hosts: workers of this machine from 0, other machines from `MACHINE_INDEX_MIN`, and workers of
 * those machines from `FOREIGN_WORKER_MIN`, each of which says whose it is.
 */

/** Indexes from here on in a column are those of other machines, each given once in the life of this one. */
export const MACHINE_INDEX_MIN = 16_384;
/** One more than so many starts of other machines ends this process, which would take hundreds of years of restarts. */
export const MACHINE_INDEX_MAX = 32_767;
/** Starts of workers of one machine that get an index; the mail for later ones goes by their master. */
export const FOREIGN_WORKERS_MAX = 8_191;
/** The number of a machine's worker is beside the one of its machine. */
const WORKER_NUMBERS: number = FOREIGN_WORKERS_MAX + 1;
export const FOREIGN_WORKER_MIN: number = MACHINE_INDEX_MIN * WORKER_NUMBERS;
/** Beyond all that a table names. */
export const GUEST_INDEX_MIN: number = (MACHINE_INDEX_MAX + 1) * WORKER_NUMBERS;

/** `number`: from 1 to `FOREIGN_WORKERS_MAX`. */
export function foreignWorkerIndex(machine: number, number: number): number {
  return machine * WORKER_NUMBERS + number;
}

export function isForeignWorker(index: number): boolean {
  return index >= FOREIGN_WORKER_MIN && index < GUEST_INDEX_MIN;
}

/** Of the machine of another machine's worker; any other index is its own. */
export function machineIndexOf(index: number): number {
  return isForeignWorker(index) ? Math.floor(index / WORKER_NUMBERS) : index;
}

/** A worker of another machine that is linked to directly. */
export interface ForeignWorker {
  /** By which the table of this machine names it. */
  readonly index: number;
  /** Of the process on its machine. */
  readonly process: number;
  readonly incarnation: number;
}

/** The workers that host the shards of a machine, as its way in tells others. */
export interface MachinePlaces {
  /** Grows with each change. */
  readonly version: number;
  readonly workers: readonly (readonly [process: number, incarnation: number])[];
  /** Per column the worker of each shard; 0: it is elsewhere, or on the master. */
  readonly columns: Readonly<Record<string, readonly number[]>>;
}
