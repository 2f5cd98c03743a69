/** Simulated time takes no real time, and no turn of the event loop, but now and then: a test that waits in it for what never comes has to fail. */
import { expect, test } from 'vitest';
import { SimulatedTime } from '../../../src/simulation/simulated-time.ts';
import { simulatedUntil } from './simulated-until.ts';

/** Of a loop that has no turn of the event loop it is the only end. */
const RUNS_MAX = 300_000;

test.each([
  ['runs in which nothing is due', () => {}],
  ['runs of an event each', (time: SimulatedTime) => void time.at(0, () => {})],
])('a loop of %s leaves turns to the timers of others', async (_what, prepare) => {
  const time = new SimulatedTime(() => 0.5);
  let hasRung = false;
  const timer = setTimeout(() => (hasRung = true), 5);
  for (let runs = 0; runs < RUNS_MAX && !hasRung; runs++) {
    prepare(time);
    await time.runUntil(time.now);
  }
  clearTimeout(timer);
  expect(hasRung).toBe(true);
});

test('a wait for what does not come ends, and says for what it was', async () => {
  const time = new SimulatedTime(() => 0.5);
  const world = { run: (ms: number): Promise<void> => time.runUntil(time.now + ms) };
  let looks = 0;
  await simulatedUntil(world, 'the third look', () => ++looks === 3, 10);
  expect(time.now).toBe(1_020);
  await expect(simulatedUntil(world, 'the end of the world', () => false, 10, 500)).rejects.toThrow(
    'not within 500 simulated ms: the end of the world',
  );
});
