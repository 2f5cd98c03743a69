/** How long actors have the event loop is counted for so many of them, and only while somebody looks. */
import { expect, test } from 'vitest';
import { RUNS_KEPT_MAX, RUNS_WATCHED_MS, RunWatch } from '../../../src/actor/run-watch.ts';
import { Scheduler } from '../../../src/actor/scheduler.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';

function start(): {
  clock: VirtualClock;
  watch: RunWatch;
  scheduler: Scheduler;
  run(id: string, ms: number): Promise<void>;
} {
  const clock = new VirtualClock();
  const scheduler = new Scheduler(clock);
  const run = async (id: string, ms: number): Promise<void> => {
    scheduler.enqueue({
      id,
      run: () => {
        clock.stall(ms);
        return 1;
      },
    });
    await clock.settle();
  };
  return { clock, scheduler, watch: new RunWatch(clock, scheduler), run };
}

test(`${RUNS_KEPT_MAX} actors are counted: beyond them the half goes that had the least`, async () => {
  const { watch, run } = start();
  watch.look(1);
  await run('counter/longest', 50);
  for (let n = 1; n < RUNS_KEPT_MAX; n++) await run(`counter/${n}`, n % 2 === 0 ? 2 : 0);
  await run('counter/one-more', 1);
  const { busy } = watch.look(Number.POSITIVE_INFINITY);
  expect(busy).toHaveLength(RUNS_KEPT_MAX / 2);
  expect(busy[0]).toMatchObject({ id: 'counter/longest', turns: 1, ms: 50 });
  expect(busy.at(-1)?.ms).toBeGreaterThan(0);
}, 60_000);

test(`nothing is counted ${RUNS_WATCHED_MS} ms after the last look`, async () => {
  const { clock, scheduler, watch, run } = start();
  watch.look(1);
  await clock.advance(RUNS_WATCHED_MS - 1);
  expect(scheduler.watcher).toBe(watch);
  await run('counter/a', 0);
  expect(watch.look(5).busy).toHaveLength(1);
  await clock.advance(RUNS_WATCHED_MS - 1);
  await run('counter/b', 0);
  await clock.advance(1);
  expect(scheduler.watcher).toBeUndefined();
  expect(watch.look(5)).toEqual({ watchedMs: 0, busy: [] });
});
