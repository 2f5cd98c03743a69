/**
 * The fence that `ctx.fence` and every record carry. Compared as texts: a later incarnation has a greater one, wherever it lives.
 *
 *   p<partition epoch>-<system start>-<epoch>-<count>     the first part only on a machine of a cluster
 */

/** A letter is greater than every digit: a machine of a cluster is later than a system of its own was. */
const PARTITION = 'p';
const PARTITION_DIGITS = 10;
const PARTITION_EPOCH = new RegExp(`^${PARTITION}(\\d{${PARTITION_DIGITS}})-`);

/** Partition epoch, system start, then epoch, then a count of the process: each move and each death of a worker raises the epoch. */
export function fenceOf(startedAt: number, epoch: number, count: number, partitionEpoch = 0): string {
  return `${fencesFrom(startedAt, epoch, partitionEpoch)}-${padded(count, 12)}`;
}

/** Less than every fence of the epoch and of later ones, greater than those of earlier ones. */
export function fencesFrom(startedAt: number, epoch: number, partitionEpoch = 0): string {
  const own = `${padded(startedAt, 15)}-${padded(epoch, 10)}`;
  return partitionEpoch === 0 ? own : `${PARTITION}${padded(partitionEpoch, PARTITION_DIGITS)}-${own}`;
}

/** 0: it has none. */
export function partitionEpochOf(fence: string): number {
  return Number(PARTITION_EPOCH.exec(fence)?.[1] ?? 0);
}

function padded(value: number, digits: number): string {
  return String(Math.floor(value)).padStart(digits, '0');
}
