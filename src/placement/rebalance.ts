/** The changes of a column when the workers of its role have changed: as little as possible. Pure. */
import { NOWHERE } from '../wire/control.ts';
import { rendezvous } from './placement-strategies.ts';

export interface Rebalance {
  /** Entries whose worker is gone or never was: they change at once. */
  forced: [shard: number, worker: number][];
  /** Entries that belong to another living worker now: they move by hand-off. */
  moves: { shard: number; from: number; to: number }[];
}

/**
 * Of a shard that no worker here hosts: the index of its machine, or NOWHERE; in a column also that of the worker there. Undefined: it is for the
 * workers here.
 */
export type Elsewhere = (shard: number, column?: string) => number | undefined;

/**
 * `living`: the workers that may host the role. A living worker keeps what rendezvous hashing gives it. `leaving`: those
 * that host nothing new, and hand over what they have by themselves. `alive`: those of whatever role: what lives there since
 * a kind had another role moves by hand-off, once there is a worker for it. `elsewhere`: shards of other machines, which nobody here decides on.
 */
export function rebalance(
  column: readonly number[],
  living: readonly number[],
  leaving: ReadonlySet<number> = new Set(),
  alive: readonly number[] = living,
  elsewhere: (shard: number) => number | undefined = () => undefined,
): Rebalance {
  const forced: [number, number][] = [];
  const moves: Rebalance['moves'] = [];
  for (const [shard, worker] of column.entries()) {
    const foreign = elsewhere(shard);
    if (foreign !== undefined) {
      if (worker !== foreign) forced.push([shard, foreign]);
      continue;
    }
    const ideal = rendezvous(shard, living) ?? NOWHERE;
    if (worker === ideal || leaving.has(worker)) continue;
    if (!alive.includes(worker)) forced.push([shard, ideal]);
    else if (ideal !== NOWHERE) moves.push({ shard, from: worker, to: ideal });
  }
  return { forced, moves };
}
