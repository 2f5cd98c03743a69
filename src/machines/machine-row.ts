/** The directory's word on a machine: one row for each incarnation. */

/** Names one start of one machine; never used again. */
export type MachineId = string;

/** `leaving`: it hands over what it has. `lost`: it was silent for longer than its lease, for good. */
export type MachineState = 'live' | 'leaving' | 'lost';

export interface MachineRow {
  readonly state: MachineState;
  readonly leaseMs: number;
  /** Where its links are taken, `host:port`. */
  readonly address: string;
  readonly workers: number;
  /** It takes the states of actors in the form of this build; one of an earlier build does not. */
  readonly takesState?: boolean;
}

/** But for its revision. */
export function isSameRow(one: MachineRow, other: MachineRow): boolean {
  const { state, leaseMs, address, workers } = one;
  const isSame = state === other.state && address === other.address;
  return isSame && leaseMs === other.leaseMs && workers === other.workers;
}
