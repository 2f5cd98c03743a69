// How load is made and timed. A repetition runs `n` operations; n is calibrated to a length and then held.
import { performance } from 'node:perf_hooks';

export const immediate = () => new Promise((resolve) => setImmediate(resolve));

/** n sends in bursts, with one trip round the loop between two; `send` says false where it wants to be waited for. */
export async function bursts(n, send, drained, burst = 10_000) {
  for (let sent = 0; sent < n; ) {
    const end = Math.min(n, sent + burst);
    while (sent < end) {
      sent++;
      if (!send()) await drained();
    }
    if (sent < n) await immediate();
  }
}

/** n calls with so many in flight. */
export async function windowed(n, inFlight, call) {
  let begun = 0;
  const loop = async () => {
    while (begun < n) {
      begun++;
      await call();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

/** Operations a second: the median of `reps` repetitions of about `seconds` each. `run(n)` may give its own seconds. */
export async function rate({ seconds, reps }, run, { per = 1, most = 2e7 } = {}) {
  const once = async (n) => {
    const start = performance.now();
    const own = await run(n);
    return typeof own === 'number' ? own : (performance.now() - start) / 1_000;
  };
  let n = 1_000;
  let took = await once(n);
  while (took < seconds / 3 && n < most) {
    n = Math.min(most, Math.ceil(n * Math.min(8, Math.max(2, seconds / 2 / Math.max(took, 1e-6)))));
    took = await once(n);
  }
  n = Math.max(1, Math.min(most, Math.round((n * seconds) / took)));
  const values = [];
  for (let rep = 0; rep < reps; rep++) {
    globalThis.gc?.();
    values.push((n * per) / (await once(n)));
  }
  return { value: median(values), min: Math.min(...values), max: Math.max(...values), n };
}

export function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
