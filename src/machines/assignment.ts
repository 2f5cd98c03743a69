/** Which machine should own which partition: fair to one, and as few as can be change hands. Pure, the same for all who compute it. */
import type { MachineId } from './machine-row.ts';

/**
 * New owners. A living machine keeps what it has up to its share; what is beyond it, and what belongs to machines that are not
 * among the `living`, fills the others up. Without living machines everything stays.
 */
export function assignment(owners: readonly MachineId[], living: readonly MachineId[]): MachineId[] {
  if (living.length === 0) return [...owners];
  const counts = new Map<MachineId, number>([...living].sort().map((id) => [id, 0]));
  for (const owner of owners) if (counts.has(owner)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const shares = sharesOf(owners.length, counts);
  const kept = new Map<MachineId, number>();
  const open: number[] = [];
  const result = owners.map((owner, partition) => {
    const count = kept.get(owner) ?? 0;
    if (count < (shares.get(owner) ?? 0)) {
      kept.set(owner, count + 1);
      return owner;
    }
    open.push(partition);
    return owner;
  });
  for (const [id, share] of shares) {
    for (const partition of open.splice(0, share - (kept.get(id) ?? 0))) result[partition] = id;
  }
  return result;
}

/** The larger shares go to those that have most already. */
function sharesOf(size: number, counts: ReadonlyMap<MachineId, number>): Map<MachineId, number> {
  const share = Math.floor(size / counts.size);
  const larger = size - share * counts.size;
  const byCount = [...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1)).map(([id]) => id);
  const withOneMore = new Set(byCount.slice(0, larger));
  return new Map([...counts.keys()].map((id) => [id, share + (withOneMore.has(id) ? 1 : 0)]));
}
