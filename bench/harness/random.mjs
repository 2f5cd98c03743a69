/** Random choices that are the same in every run. */

/** mulberry32: numbers from 0 to below 1. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws 0 … n-1, the k-th with a weight of 1 / (k + 1). */
export function zipf(n, random) {
  const sums = new Float64Array(n);
  let sum = 0;
  for (let k = 0; k < n; k++) sums[k] = sum += 1 / (k + 1);
  return () => {
    const at = random() * sum;
    let [low, high] = [0, n - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
