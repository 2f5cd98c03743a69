import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { WATCHED_MS } from '../../../src/observe/loop-watch.ts';
import { mergeTimings, TIMING_WINDOW_MS } from '../../../src/observe/timing.ts';
import { SAMPLES_PER_SECOND, SAMPLING_PERIOD_MS } from '../../../src/structures/sampler.ts';
import { KindTimings, TurnWatch } from '../../../src/observe/turn-timings.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { startKit as start } from '../actor/kernel-fixture.ts';

const job = defineActor({
  receive: {
    wait: (_ctx, { ms }: { type: string; ms: number }) => new Promise<void>((done) => void setTimer(ms, done)),
    fail: () => Promise.reject(new Error('no')),
  },
});
let clock: VirtualClock;
const setTimer = (ms: number, done: () => void): void => void clock.setTimer(ms, done);

const within = (ms: number | undefined, expected: number): void => {
  expect(ms).toBeGreaterThanOrEqual(expected);
  expect(ms).toBeLessThanOrEqual(expected * 1.2);
};

test('handling and waiting times of a kind are told, of those since the first look', async () => {
  const kit = start({ job, other: defineActor({ receive: { hi: () => {} } }) });
  clock = kit.clock;
  kit.system.tell('job/before', { type: 'wait', ms: 1_000 });
  await clock.advance(1_000);
  const first = (await kit.system.metrics()).kinds.job;
  expect(first).toMatchObject({ messages: 1, handlingMs: undefined, waitMs: undefined });
  for (const ms of [40, 100, 300]) {
    kit.system.tell('job/a', { type: 'wait', ms });
    // The scheduler looks at its clock as another actor runs.
    await kit.system.ask('other/a', { type: 'hi' });
    await clock.advance(1);
  }
  await clock.advance(500);
  const { handlingMs, waitMs } = (await kit.system.metrics()).kinds.job ?? {};
  expect([handlingMs?.count, waitMs?.count]).toEqual([3, 3]);
  within(handlingMs?.p50, 100);
  within(handlingMs?.p99, 300);
  expect([handlingMs?.max, handlingMs?.sum]).toEqual([300, 440]);
  within(waitMs?.p99, 138);
  expect(waitMs?.sum).toBe(39 + 138);
});

test('a handler that fails is measured as one that does not', async () => {
  const kit = start({ job });
  clock = kit.clock;
  await kit.system.metrics();
  kit.system.tell('job/a', { type: 'fail' });
  await clock.settle();
  expect((await kit.system.metrics()).kinds.job).toMatchObject({ failures: 1, handlingMs: { count: 1 } });
});

test('percentiles are of the last while, and counts of all', async () => {
  const kit = start({ job });
  clock = kit.clock;
  await kit.system.metrics();
  kit.system.tell('job/a', { type: 'wait', ms: 500 });
  await clock.advance(TIMING_WINDOW_MS);
  await kit.system.metrics();
  kit.system.tell('job/a', { type: 'wait', ms: 10 });
  await clock.advance(TIMING_WINDOW_MS);
  within((await kit.system.metrics()).kinds.job?.handlingMs?.p50, 10);
  await clock.advance(TIMING_WINDOW_MS);
  const { handlingMs } = (await kit.system.metrics()).kinds.job ?? {};
  expect(handlingMs).toMatchObject({ p50: undefined, max: 0, count: 2, sum: 510, recent: [] });
});

test('nothing is measured before the first look, nor a minute after the last one', async () => {
  const kit = start({ job });
  clock = kit.clock;
  const timings = (): unknown => kit.process.kernel.behaviours.get('job')?.timings;
  expect(timings()).toBeUndefined();
  await kit.system.metrics();
  expect(timings()).toBeInstanceOf(KindTimings);
  await clock.advance(WATCHED_MS - 1);
  await kit.system.metrics();
  await clock.advance(WATCHED_MS - 1);
  expect(timings()).toBeInstanceOf(KindTimings);
  await clock.advance(1);
  expect(timings()).toBeUndefined();
  expect((await kit.system.metrics()).kinds.job?.handlingMs).toBeUndefined();
  await kit.system.shutdown();
  expect(timings()).toBeUndefined();
});

test('a while after a burst, of which few are measured, each message is again, without a look in between', async () => {
  const clock = new VirtualClock();
  const kinds = new Map([['job', { timings: undefined as KindTimings | undefined }]]);
  const watch = new TurnWatch(clock, kinds, seededRandom(1));
  watch.look();
  const turn = (): boolean => {
    const timings = kinds.get('job')?.timings as KindTimings;
    const envelope = new Envelope('message', 'job/a', { type: 'wait' }, undefined, undefined, 0);
    const sample = timings.isTurnDue(envelope) ? timings.begins({}, envelope) : undefined;
    if (sample !== undefined) timings.ends(sample);
    return sample !== undefined;
  };
  const ofBurst = Array.from({ length: 100_000 }, turn);
  expect(ofBurst.filter(Boolean).length).toBeLessThan(SAMPLES_PER_SECOND / 2);
  await clock.advance(10 * SAMPLING_PERIOD_MS);
  expect(Array.from({ length: 5 }, turn)).toEqual(new Array(5).fill(true));
  const { handlingMs } = watch.of('job');
  expect(Math.abs((handlingMs?.count ?? 0) / 100_005 - 1)).toBeLessThan(0.2);
  // While nothing comes the process is not woken: the timer that ends the measuring is left.
  await clock.advance(2 * SAMPLING_PERIOD_MS);
  expect(clock.timers).toBe(1);
  turn();
  expect(clock.timers).toBe(2);
  watch.close();
  expect(clock.timers).toBe(0);
});

test('turns of single actors are counted no longer than a minute after somebody looked at those, though metrics are scraped on', async () => {
  const kit = start({ job });
  clock = kit.clock;
  const list = kit.system.list({ sort: 'rate' });
  await clock.advance(1_000);
  await list;
  const timings = () => kit.process.kernel.behaviours.get('job')?.timings;
  expect(timings()?.rates).toBeDefined();
  for (let ms = 0; ms < WATCHED_MS; ms += 10_000) {
    await clock.advance(10_000);
    await kit.system.metrics();
  }
  expect(timings()).toBeInstanceOf(KindTimings);
  expect(timings()?.rates).toBeUndefined();
});

test('those of several processes add up', () => {
  const one = { p50: 1, p95: 1, p99: 1, max: 1, count: 2, sum: 2, buckets: [[1.02, 2]], recent: [[1.02, 2]] };
  const other = { p50: 8, p95: 8, p99: 8, max: 8, count: 2, sum: 16, buckets: [[8.19, 2]], recent: [[8.19, 2]] };
  expect(mergeTimings([undefined, undefined])).toBeUndefined();
  expect(mergeTimings([undefined, one as never])).toBe(one);
  expect(mergeTimings([one as never, other as never])).toEqual({
    ...{ p50: 1.02, p95: 8, p99: 8, max: 8, count: 4, sum: 18 },
    buckets: [
      [1.02, 2],
      [8.19, 2],
    ],
    recent: [
      [1.02, 2],
      [8.19, 2],
    ],
  });
});
