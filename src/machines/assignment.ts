/** Which machine should own which partition: fair to one, and as few as can be change hands. Pure, the same for all who compute it. */
import type { MachineId } from './machine-row.ts';

const NONE: ReadonlySet<number> = new Set();

/**
 * New owners. A living machine keeps what it has up to its share, and all that is `pinned` to it; what is beyond, and what belongs to machines that
 * are not among the `living`, fills the others up. Without living machines everything stays.
 */
export function assignment(
  owners: readonly MachineId[],
  living: readonly MachineId[],
  pinned: ReadonlySet<number> = NONE,
): MachineId[] {
  if (living.length === 0) return [...owners];
  const counts = counted(living, owners);
  const kept = counted(
    living,
    owners.filter((_, partition) => pinned.has(partition)),
  );
  const shares = sharesOf(owners.length, counts, kept);
  const open: number[] = [];
  const result = owners.map((owner, partition) => {
    if (pinned.has(partition) && kept.has(owner)) return owner;
    const count = kept.get(owner) ?? 0;
    if (count < (shares.get(owner) ?? 0)) {
      kept.set(owner, count + 1);
      return owner;
    }
    open.push(partition);
    return owner;
  });
  for (const [id, share] of shares) {
    for (const partition of open.splice(0, Math.max(0, share - (kept.get(id) ?? 0)))) result[partition] = id;
  }
  return result;
}

/** Of each living machine the partitions that it owns. */
function counted(living: readonly MachineId[], owners: readonly MachineId[]): Map<MachineId, number> {
  const counts = new Map<MachineId, number>([...living].sort().map((id) => [id, 0]));
  for (const owner of owners) if (counts.has(owner)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}

/** The larger shares go to those that have most already. A machine with more pins than its share has these, and the others share the rest. */
function sharesOf(
  size: number,
  counts: ReadonlyMap<MachineId, number>,
  pins: ReadonlyMap<MachineId, number>,
): Map<MachineId, number> {
  const shares = new Map<MachineId, number>(pins);
  let open = [...counts];
  let rest = size;
  const share = (): number => Math.floor(rest / open.length);
  const isBeyond = ([id]: [MachineId, number]): boolean => (pins.get(id) ?? 0) > share();
  for (let beyond = open.find(isBeyond); beyond !== undefined; beyond = open.find(isBeyond)) {
    const [gone] = beyond;
    open = open.filter(([id]) => id !== gone);
    rest -= pins.get(gone) ?? 0;
  }
  if (open.length === 0) return shares;
  const larger = rest - share() * open.length;
  const byCount = open.sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1)).map(([id]) => id);
  for (const [at, id] of byCount.entries()) shares.set(id, share() + (at < larger ? 1 : 0));
  return shares;
}
