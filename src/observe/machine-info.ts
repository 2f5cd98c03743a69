/** Machines of a cluster, as users see them. */

/** One row of `system.machines()`. */
export interface MachineInfo {
  /** Id of this start of the machine; never given again. */
  id: string;
  /** Where other machines link to it, `host:port`. */
  address: string;
  /** `leaving`: it hands over what it has. `lost`: it was silent for longer than its lease. */
  state: 'live' | 'leaving' | 'lost';
  /** Workers that it began with. */
  workers: number;
  /** Milliseconds of silence after which others take over. */
  leaseMs: number;
  /** Links that the process which says so has open to it: one to its master, and one to each worker there that it sends to directly. */
  links?: number;
}

/** Whether what somebody wants on a machine is there by now. `elsewhere`: the machine that was asked does not own it. */
export type WantAnswer = 'there' | 'not-yet' | 'elsewhere' | 'overtaken';
