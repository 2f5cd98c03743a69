import { afterEach, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { LOOP_WINDOW_MS, LoopWatch, WATCHED_MS } from '../../../src/observe/loop-watch.ts';

const clock = new VirtualClock();
const watch = new LoopWatch(clock);
afterEach(() => watch.close());

/** By more than a busy machine makes a loop late. */
const LATE_MS = 800;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

test('a loop that was blocked is late and busy, and the figures of an old window go', async () => {
  expect(watch.isMeasuring).toBe(false);
  expect(watch.look().delayMs).toBeUndefined();
  await sleep(100);
  block(LATE_MS + 50);
  await sleep(50);
  const { delayMs, utilization } = watch.look();
  expect(delayMs?.max).toBeGreaterThan(LATE_MS);
  expect(delayMs?.p50).toBeLessThan(LATE_MS);
  expect(utilization).toBeGreaterThan(0.4);
  expect(utilization).toBeLessThanOrEqual(1);
  await clock.advance(LOOP_WINDOW_MS);
  expect(watch.look().delayMs?.max).toBeGreaterThan(LATE_MS);
  await sleep(150);
  expect(watch.look().delayMs?.max).toBeLessThan(LATE_MS);
});

test('nothing is measured a minute after the last look, nor once it is closed', async () => {
  watch.look();
  await clock.advance(WATCHED_MS - 1);
  watch.look();
  await clock.advance(WATCHED_MS - 1);
  expect(watch.isMeasuring).toBe(true);
  await clock.advance(1);
  expect(watch.isMeasuring).toBe(false);
  watch.look();
  watch.close();
  expect(watch.isMeasuring).toBe(false);
});
