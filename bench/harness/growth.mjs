/** Whether what a process keeps grows as time goes on. */
import { median } from './statistics.mjs';

/** Growth below it is none: a collector leaves now more, now less. */
const SMALLEST_BYTES = 16e6;
const SMALLEST_PART = 0.2;

/** `looks` in the order of time. The second fifth against the last one; undefined where there are too few. */
export function growthOf(looks) {
  const fifth = Math.floor(looks.length / 5);
  if (fifth === 0) return undefined;
  const early = median(looks.slice(fifth, 2 * fifth));
  const late = median(looks.slice(-fifth));
  const hasGrown = late - early > SMALLEST_BYTES && late > early * (1 + SMALLEST_PART);
  return { early, late, hasGrown };
}
