/** The fence that `ctx.fence` and every record carry. Compared as texts: a later incarnation has a greater one. */

/** System start, then epoch, then a count of the process: each move and each death of a worker raises the epoch. */
export function fenceOf(startedAt: number, epoch: number, count: number): string {
  return `${fencesFrom(startedAt, epoch)}-${padded(count, 12)}`;
}

/** Less than every fence of the epoch and of later ones, greater than those of earlier ones. */
export function fencesFrom(startedAt: number, epoch: number): string {
  return `${padded(startedAt, 15)}-${padded(epoch, 10)}`;
}

function padded(value: number, digits: number): string {
  return String(Math.floor(value)).padStart(digits, '0');
}
