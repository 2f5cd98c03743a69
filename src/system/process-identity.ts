/** Which process of the system this is. */
export interface ProcessIdentity {
  /** Index of the worker, from 1; 0 is the master, and the only process with `workers: 0`. */
  worker: number;
  /** Role of the worker; `master` in the master, `worker` where workers have none. */
  role: string;
  /** Process id of the operating system. */
  pid: number;
  /** Id of this machine, as in `machines()`; absent where the system is one machine. */
  machine?: string;
}
