/** Partitions as a store sees them: those that it wakes, and the highest epoch in their records. */
import { shardOf } from '../placement/shard.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { partitionEpochOf } from '../vocabulary/fence.ts';

/** Undefined: all. */
export type Partitions = ReadonlySet<number> | undefined;

export function isIn(partitions: Partitions, id: ActorId): boolean {
  return partitions === undefined || partitions.has(shardOf(id));
}

/** Of the records that are in them. */
export function highestEpochOf(
  records: Iterable<[id: ActorId, record: { readonly fence: string }]>,
  partitions: readonly number[],
): number {
  const wanted = new Set(partitions);
  let highest = 0;
  for (const [id, { fence }] of records) if (isIn(wanted, id)) highest = Math.max(highest, partitionEpochOf(fence));
  return highest;
}
