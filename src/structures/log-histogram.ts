/**
 * Counts of values by buckets that grow with the value, four to a doubling: what is read from it is off by less than a fifth. Its size does
 * not depend on how many values there are, and those of several processes add up.
 */

/** The upper bound of a bucket, and how many values are in it. */
export type Bucket = [upTo: number, count: number];

/** The upper bound of the first bucket. */
const SMALLEST = 0.001;
const PER_DOUBLING = 4;
/** The last one is for all beyond: of milliseconds, about 50 days. */
export const BUCKETS_MAX = 170;

const BOUNDS: readonly number[] = Array.from({ length: BUCKETS_MAX }, (_, at) =>
  Number((SMALLEST * 2 ** (at / PER_DOUBLING)).toPrecision(3)),
);

export class LogHistogram {
  readonly #counts = new Float64Array(BUCKETS_MAX);
  count = 0;
  sum = 0;
  max = 0;

  /** `weight`: of how many values it is the sample. Below 0 counts as 0. */
  add(value: number, weight = 1): void {
    const at = value <= SMALLEST ? 0 : Math.min(BUCKETS_MAX - 1, indexOf(value));
    (this.#counts[at] as number) += weight;
    this.count += weight;
    this.sum += Math.max(0, value) * weight;
    if (value > this.max) this.max = value;
  }

  /** Those that hold something, the smallest first. */
  buckets(): Bucket[] {
    const found: Bucket[] = [];
    for (const [at, count] of this.#counts.entries()) if (count > 0) found.push([BOUNDS[at] as number, count]);
    return found;
  }
}

/** The bounds are rounded: the logarithm is right but for a neighbour. */
function indexOf(value: number): number {
  let at = Math.max(0, Math.floor(Math.log2(value / SMALLEST) * PER_DOUBLING));
  while (at < BUCKETS_MAX - 1 && (BOUNDS[at] as number) < value) at++;
  return at;
}

/** Several histograms in one, the smallest bucket first. */
export function mergeBuckets(all: readonly (readonly Bucket[])[]): Bucket[] {
  const counts = new Map<number, number>();
  for (const buckets of all) for (const [upTo, count] of buckets) counts.set(upTo, (counts.get(upTo) ?? 0) + count);
  return [...counts].sort(([one], [other]) => one - other);
}

/** The value that the given share of all (0 to 1) is not above, no more than `max`; undefined where there are none. */
export function quantile(buckets: readonly Bucket[], share: number, max: number): number | undefined {
  const wanted = buckets.reduce((sum, [, count]) => sum + count, 0) * share;
  let below = 0;
  for (const [upTo, count] of buckets) {
    below += count;
    if (below >= wanted) return Math.min(upTo, max);
  }
  return undefined;
}
