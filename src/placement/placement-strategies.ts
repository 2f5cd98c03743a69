/** Where a unit goes, among the workers that may host it. Pure; ties are broken by the lower index. */

/**
 * Highest random weight (Thaler and Ravishankar 1998): each shard ranks the workers by a hash of its own, so a worker
 * that comes takes only what it now ranks first for, and one that goes leaves only what it had.
 */
export function rendezvous(shard: number, workers: readonly number[]): number | undefined {
  let best: number | undefined;
  let bestWeight = -1;
  for (const worker of workers) {
    const weight = weightOf(shard, worker);
    if (weight > bestWeight || (weight === bestWeight && worker < (best as number))) {
      best = worker;
      bestWeight = weight;
    }
  }
  return best;
}

/** The worker with the fewest actors. */
export function leastLoaded(workers: readonly number[], actorsOn: (worker: number) => number): number | undefined {
  let best: number | undefined;
  for (const worker of workers) {
    if (
      best === undefined ||
      actorsOn(worker) < actorsOn(best) ||
      (actorsOn(worker) === actorsOn(best) && worker < best)
    )
      best = worker;
  }
  return best;
}

/** Where it is first used, if that is a worker that may host it. */
export function local(origin: number, workers: readonly number[]): number | undefined {
  return workers.includes(origin) ? origin : undefined;
}

/** The finishing mix of MurmurHash3 over both numbers. */
function weightOf(shard: number, worker: number): number {
  let hash = Math.imul(shard + 1, 0x9e3779b1) ^ Math.imul(worker + 1, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
