/**
 * Loaded by `node --import` in the master and in workers: what a look has begun to measure ends after `LOOKS_LAST_MS` without another one, and not after a
 * minute. So a program can be looked at and unseen by turns. It sets the timers of one duration; of those that a bench has, no other one is as long.
 */
import { isMainThread } from 'node:worker_threads';

/** Milliseconds; screens are looked at each second. */
export const LOOKS_LAST_MS = 2_000;
/** `WATCHED_MS` in src/observe/loop-watch.ts. */
const WATCHED_MS = 60_000;

if (isMainThread && process.execArgv.some((each) => each.endsWith('/short-looks.mjs'))) {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = Object.assign(
    (run, ms, ...rest) => setTimeout(run, ms === WATCHED_MS ? LOOKS_LAST_MS : ms, ...rest),
    setTimeout,
  );
}
