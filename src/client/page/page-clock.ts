/** The clock of a page. `now()` is on no other clock: the greeting tells the system how far the two are apart. */
import type { Clock } from '../../vocabulary/clock.ts';

export function pageClock(): Clock {
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    setTimer: (ms, run) => {
      const timer = setTimeout(run, Math.max(0, Math.ceil(ms)));
      return { cancel: () => clearTimeout(timer) };
    },
    defer: (run) => void setTimeout(run, 0),
    soon: (run) => queueMicrotask(run),
  };
}
