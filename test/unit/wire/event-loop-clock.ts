/** A Clock on the real event loop. */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../../src/vocabulary/clock.ts';

export const eventLoopClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  defer: (run) => void setImmediate(run),
  soon: (run) => queueMicrotask(run),
};

/** Waits until `condition` holds, at most five seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited five seconds for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lets sockets, timers and deferred work have some turns. */
export async function someTurns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}
