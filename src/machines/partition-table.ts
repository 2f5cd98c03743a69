/**
 * Which machine owns which partition. The table is one value of the directory and changes as a whole, by compare-and-set: the
 * take-over of a machine's four hundred partitions is one statement, and nobody ever reads half a change. Pure.
 */
import type { MachineId } from './machine-row.ts';

/** Fixed when a cluster is made. An actor's partition is `hash(id) mod PARTITIONS`. */
export const PARTITIONS = 1_024;

/** The owner of a partition that was given up in order. */
export const NOBODY: MachineId = '';

export interface PartitionTable {
  /** Greater than that of every earlier table. */
  readonly epoch: number;
  readonly owners: readonly MachineId[];
  /** The table's epoch when the owner got the partition: the first half of a fence. */
  readonly epochs: readonly number[];
  /** From whom the owner has its live actors; `NOBODY`: it claimed the partition, and begins from records. */
  readonly handedBy: readonly MachineId[];
  /** Partitions that somebody has put on their owners: as long as it lives, and does not leave, its owner keeps it. */
  readonly pinned: readonly number[];
}

export function foundedTable(size: number, owner: MachineId, epoch: number): PartitionTable {
  const all = <T>(value: T): T[] => Array.from({ length: size }, () => value);
  return { epoch, owners: all(owner), epochs: all(epoch), handedBy: all(NOBODY), pinned: [] };
}

/** New owners keep a partition that was put on another machine no longer than any other, but for `isPinned`: it was put on this one. */
export function reassigned(
  table: PartitionTable,
  partitions: readonly number[],
  to: { owner: MachineId; epoch: number; handedBy: MachineId; isPinned?: boolean },
): PartitionTable {
  const owners = [...table.owners];
  const epochs = [...table.epochs];
  const handedBy = [...table.handedBy];
  for (const partition of partitions) {
    owners[partition] = to.owner;
    epochs[partition] = to.epoch;
    handedBy[partition] = to.handedBy;
  }
  const pinned = table.pinned.filter((partition) => !partitions.includes(partition));
  return { epoch: to.epoch, owners, epochs, handedBy, pinned: to.isPinned ? [...pinned, ...partitions] : pinned };
}

/** The partitions stay with their owner. */
export function pinnedTable(table: PartitionTable, partitions: readonly number[]): PartitionTable {
  return { ...table, pinned: [...new Set([...table.pinned, ...partitions])] };
}

export function partitionsOf(table: PartitionTable, owner: MachineId): number[] {
  return table.owners.flatMap((one, partition) => (one === owner ? [partition] : []));
}

/**
 * The epoch of a claim: beyond the directory's, beyond the highest fence in the partitions' records, and beyond what was ever
 * seen, in tables or frames. A directory that was restored from a backup so gives out no epoch twice.
 */
export function claimEpoch(directory: number, records: number, seen: number): number {
  return Math.max(directory, records, seen) + 1;
}

/** Whether a table that was read, linearizably, after `seen` can only come from a backup of the directory. */
export function isRolledBack(seen: PartitionTable, read: PartitionTable): boolean {
  return (
    read.epoch < seen.epoch ||
    read.epochs.some((epoch, partition) => {
      const before = seen.epochs[partition] ?? 0;
      return epoch < before || (epoch === before && read.owners[partition] !== seen.owners[partition]);
    })
  );
}
