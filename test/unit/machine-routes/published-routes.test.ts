/** From a publish on, mail for a machine goes by its way in; how long after the last one. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { PASSING_MS_MAX } from '../../../src/machine-routes/passed-mail.ts';
import { PUBLISHED_MS, PUBLISHED_MS_MAX, PublishedRoutes } from '../../../src/machine-routes/published-routes.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { foreignWorkerIndex, MACHINE_INDEX_MIN } from '../../../src/vocabulary/host-index.ts';

function published() {
  const clock = new VirtualClock();
  const said: string[] = [];
  const routes = new PublishedRoutes({
    ...{ clock, flushes: { flush: async () => {} } as never, workers: () => [] },
    began: () => void said.push('began'),
    over: () => void said.push('over'),
  });
  return { clock, said, routes, master: { index: MACHINE_INDEX_MIN } as OutboundQueue };
}

test('mail goes to the workers of a machine again once nothing was published to it for so long', async () => {
  const { clock, said, routes, master } = published();
  routes.publishing(master);
  await clock.advance(PUBLISHED_MS - 1);
  // Once more, just in time: it counts from here.
  routes.publishing(master);
  await clock.advance(PUBLISHED_MS - 1);
  expect([routes.isByMaster(master.index), said]).toEqual([true, ['began']]);
  await clock.advance(2);
  expect([routes.isByMaster(master.index), said]).toEqual([false, ['began', 'over']]);
});

test('where it went back too early the next time is twice as long, up to the longest; after that without a publish it is short again', async () => {
  const { clock, routes, master } = published();
  const stay = async (): Promise<number> => {
    routes.publishing(master);
    const from = clock.now();
    while (routes.isByMaster(master.index) && clock.now() - from < 2 * PUBLISHED_MS_MAX) await clock.advance(500);
    return clock.now() - from;
  };
  const stays: number[] = [];
  for (let n = 0; n < 7; n++) stays.push(await stay());
  expect(stays).toEqual([1, 2, 4, 8, 16, 30, 30].map((seconds) => seconds * 1_000));
  expect([PUBLISHED_MS, PUBLISHED_MS_MAX]).toEqual([1_000, 30_000]);
  await clock.advance(PUBLISHED_MS_MAX - 1);
  expect(await stay()).toBe(PUBLISHED_MS_MAX);
  await clock.advance(PUBLISHED_MS_MAX);
  expect(await stay()).toBe(PUBLISHED_MS);
  // Of a machine that is gone nothing is remembered.
  routes.keep(new Set());
  expect(await stay()).toBe(PUBLISHED_MS);
});

test('no timer is set for a part of a millisecond that is left, which may be no time at all to the clock', async () => {
  const { clock, routes, master, said } = published();
  routes.publishing(master);
  const { now } = clock;
  clock.now = () => now.call(clock) - 1e-9;
  const timers: number[] = [];
  const { setTimer } = clock;
  clock.setTimer = (ms, run) => {
    timers.push(ms);
    return setTimer.call(clock, ms, run);
  };
  await clock.advance(PUBLISHED_MS);
  expect([said, timers]).toEqual([['began', 'over'], []]);
});

test('a publish waits for what the workers were sent, for as long as a link to one of them lives, and no longer than that', async () => {
  const clock = new VirtualClock();
  const passed = new Map<OutboundQueue, () => void>();
  const workers = [1, 2].map(
    (worker) =>
      ({ index: foreignWorkerIndex(MACHINE_INDEX_MIN, worker), ended: false, ends: 0 }) as unknown as OutboundQueue,
  );
  const [slow, quick] = workers as [OutboundQueue, OutboundQueue];
  const routes = new PublishedRoutes({
    clock,
    flushes: {
      flush: ([one]: [OutboundQueue]) => new Promise<void>((resolve) => passed.set(one, resolve)),
    } as never,
    workers: () => workers,
    began: () => {},
    over: () => {},
  });
  let opened = 0;
  const master = { index: MACHINE_INDEX_MIN, dam: () => () => void opened++ } as unknown as OutboundQueue;
  routes.publishing(master);
  passed.get(quick)?.();
  await clock.advance(PASSING_MS_MAX * 5);
  expect(opened).toBe(0);
  // Its link ends, and is not there again by the next look: what was on it is lost.
  Object.assign(slow, { ended: true, ends: 1 });
  await clock.advance(PASSING_MS_MAX);
  expect(opened).toBe(0);
  await clock.advance(PASSING_MS_MAX);
  expect(opened).toBe(1);
  // Too late, and once is enough.
  passed.get(slow)?.();
  await clock.advance(1);
  expect(opened).toBe(1);
  routes.close();
});
