/** A cluster as one of its machines sees it, for the doctor. */

export interface ClusterCheckup {
  /** The machine that was asked. */
  readonly machine: string;
  readonly machines: readonly MachineCheckup[];
  /** Partitions that no machine has. */
  readonly unowned: number;
  /** Pairs of machines that were looked at, each direction for itself. */
  readonly pairs: number;
  readonly unreached: readonly UnreachedPair[];
  /** Connections that the machine that was asked did not let in since its start, by cause. */
  readonly refused: Readonly<Record<string, number>>;
  /** Undefined: it gave no answer. */
  readonly database: DatabaseCheckup | undefined;
}

export interface MachineCheckup {
  readonly machine: string;
  readonly address: string;
  readonly state: 'live' | 'leaving' | 'lost';
  readonly leaseMs: number;
  readonly workers: number;
  readonly partitions: number;
  /** How fast its monotonic clock runs by that of the machine that was asked; 1: the same. Undefined: not measured. */
  readonly clockRate: number | undefined;
}

export interface UnreachedPair {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** The settings of the database that matter, as a session of the cluster has them. */
export interface DatabaseCheckup {
  readonly version: string;
  /** A pooler in between takes no settings of a session. */
  readonly hasPooler: boolean;
  readonly synchronousCommit: string;
  readonly fsync: string;
  /** Milliseconds; 0: none. */
  readonly statementTimeoutMs: number;
  readonly idleSessionTimeoutMs: number;
  /** Milliseconds of one statement, there and back: the slowest of some. */
  readonly roundTripMs: number;
}
