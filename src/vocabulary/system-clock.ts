/** The real clock. `now()` counts from the machine's boot, so that processes can compare their times. */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from './clock.ts';
import { onGround } from './ground.ts';

const resolved = Promise.resolve();

/** An error in it is an uncaught exception, as in any callback, and no rejection. */
function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Comparisons of the process's time with the machine's. */
const LOOKS = 5;
/** Milliseconds by which a count from boot is ahead of one from the begin of this process, at least: nothing of Node.js runs so soon. */
const OWN_TIME_MS = 100;
/** Milliseconds that Node.js waits at most; asked for more, it does not wait at all. */
export const TIMEOUT_MS_MAX: number = 2 ** 31 - 1;

/** Waits as often as it takes. */
function longTimer(ms: number, run: () => void): Timer {
  const dueAt = performance.now() + ms;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const leftMs = dueAt - performance.now();
    const isLast = leftMs <= TIMEOUT_MS_MAX;
    timer = setTimeout(isLast ? run : wait, isLast ? Math.max(0, Math.ceil(leftMs)) : TIMEOUT_MS_MAX);
    timer.unref();
  };
  onGround(wait);
  return { cancel: () => clearTimeout(timer) };
}

/**
 * Bun and Deno count `process.hrtime` from the begin of the process: no two processes would agree, and each deadline of one that is younger would have
 * passed at an older one. The kernel's own count is exact to 10 ms, which is less than a message takes on a busy machine.
 */
function sinceBootMs(): number {
  const ms = Number(process.hrtime.bigint()) / 1e6;
  return ms - performance.now() > OWN_TIME_MS ? ms : uptimeMs();
}

function uptimeMs(): number {
  try {
    return Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1_000;
  } catch {
    // Another system than Linux; on Bun to a second.
    return uptime() * 1_000;
  }
}

/** On `performance.now()`. The two are read one after the other, and the process may be put aside between: the closest look counts. */
function bootTime(): number {
  let closestMs = Number.POSITIVE_INFINITY;
  let bootedAt = 0;
  for (let look = 0; look < LOOKS; look++) {
    const before = performance.now();
    const sinceBoot = sinceBootMs();
    const withinMs = performance.now() - before;
    if (withinMs >= closestMs) continue;
    closestMs = withinMs;
    bootedAt = sinceBoot - before - withinMs / 2;
  }
  return bootedAt;
}

export function systemClock(): Clock {
  const bootedAt = bootTime();
  return {
    now: () => bootedAt + performance.now(),
    wall: () => Date.now(),
    setTimer: (ms, run) => {
      if (ms > TIMEOUT_MS_MAX) return longTimer(ms, run);
      const timer = onGround(() => setTimeout(run, Math.max(0, Math.ceil(ms))));
      timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
    defer: (run) => {
      setImmediate(run);
    },
    // `queueMicrotask` makes an object of its own for each call, which costs four times as much (S2, S5).
    soon: (run) => void resolved.then(() => guarded(run)),
  };
}
