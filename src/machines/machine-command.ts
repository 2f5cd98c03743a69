/** The commands of a machine's agent: what it wants done. The shell carries it out and tells the agent how it went. */
import type { MachineId, MachineRow } from './machine-row.ts';
import type { PartitionTable } from './partition-table.ts';

/** How a write to the directory went. `unknown`: it may have been made, or may be made later. */
export type WriteAnswer =
  | { readonly is: 'done'; readonly revision: string }
  | { readonly is: 'conflict' | 'unknown' | 'unavailable' };

export interface SeenTable {
  readonly table: PartitionTable;
  readonly revision: string;
}

/** The outcome of a hand-over. Without partitions it came to nothing, and they go on at their old owner. */
export interface HandedOver {
  /** Those that may be committed: the rest goes on at its old owner, and is handed over another time. */
  readonly partitions: readonly number[];
  /** The new owner has said that it has the states of this very hand-over; else they begin there from their records. */
  readonly isLive: boolean;
}

export type MachineCommand =
  /** Answered by `rowWritten`. */
  | { readonly do: 'create-row'; readonly row: MachineRow }
  | { readonly do: 'renew'; readonly row: MachineRow; readonly expected: string }
  /** Linearizable; answered by `rowRead`. */
  | { readonly do: 'read-row' }
  /** Answered by `looked`. */
  | { readonly do: 'look' }
  /** Linearizable; answered by `tableRead`, with what it confirms. */
  | { readonly do: 'read-table'; readonly confirms: number | undefined }
  /** All of these are answered by `tableWritten`. */
  | { readonly do: 'found-table'; readonly seenEpoch: number }
  /** The epoch is `claimEpoch` of this table, of the highest fence in the records of the partitions, and of `seenEpoch`. */
  | {
      readonly do: 'claim';
      readonly partitions: readonly number[];
      readonly seenEpoch: number;
      readonly over: SeenTable;
    }
  | { readonly do: 'write-table'; readonly table: PartitionTable; readonly expected: string }
  /**
   * Hold, markers, transferred state: answered by `handedOver`, once the new owner has it, or it cannot be. `isLast`: this machine leaves, and
   * nothing may stay.
   */
  | {
      readonly do: 'hand-over';
      readonly move: number;
      readonly partitions: readonly number[];
      readonly to: MachineId;
      readonly isLast: boolean;
    }
  /** The hand-over came to nothing: here they go on, there what was installed is thrown away. */
  | { readonly do: 'resume'; readonly move: number; readonly partitions: readonly number[]; readonly to: MachineId }
  /** `from`: the partitions go on with what that machine transferred; else they begin from their records. */
  | {
      readonly do: 'start';
      readonly partitions: readonly number[];
      readonly epoch: number;
      readonly from: MachineId | undefined;
    }
  /** Actors that lived there are dropped. */
  | { readonly do: 'stop'; readonly partitions: readonly number[] }
  /** Not answered: what came of them is seen by looking. */
  | { readonly do: 'declare-lost'; readonly machine: MachineId; readonly row: MachineRow; readonly expected: string }
  | { readonly do: 'forget'; readonly machine: MachineId; readonly expected: string }
  /** Removes the machine's own row; answered by `rowWritten`. */
  | { readonly do: 'withdraw'; readonly expected: string }
  /** Once, at the end: it left in order, or others have declared it lost. */
  | { readonly do: 'end'; readonly how: 'left' | 'expelled' };
