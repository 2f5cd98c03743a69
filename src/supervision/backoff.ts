/** How long to wait before a restart: exponential, capped, spread so that what failed together does not return together. */
import type { BackoffOptions } from './supervision-options.ts';

/**
 * Milliseconds before restart number `attempt`, which counts from 1. `random` is from 0 to 1; 0.5 gives the wait
 * without jitter. The jitter applies after the cap, or everything that waits at the cap would come back at once.
 */
export function backoffMs(options: BackoffOptions, attempt: number, random: number): number {
  const { initialMs, maxMs, factor, jitter } = options;
  const exponent = Math.max(0, attempt - 1);
  // A high attempt makes the power infinite; 0 times that is NaN, so 0 is taken out first.
  const waitMs = initialMs === 0 ? 0 : Math.min(maxMs, initialMs * factor ** exponent);
  return Math.max(0, waitMs * (1 + jitter * (2 * random - 1)));
}
