/** Which messages are measured: all of few, few of many, and each with the same chance. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import {
  KIND_SAMPLES_PER_SECOND_MIN,
  ONE_OF_MAX,
  Sampler,
  samplesOfKind,
  SAMPLES_PER_SECOND,
  SAMPLING_PERIOD_MS,
} from '../../../src/structures/sampler.ts';

const PER_SECOND = 1_000;

/** Weights of `count` messages that come `perMs` in a millisecond. */
function weights(sampler: Sampler, count: number, perMs: number): number[] {
  const ofPeriod = perMs * SAMPLING_PERIOD_MS;
  return Array.from({ length: count }, (_, n) => {
    if (n > 0 && Math.floor(n / ofPeriod) > Math.floor((n - 1) / ofPeriod)) sampler.adapt(SAMPLING_PERIOD_MS);
    return weigh(sampler);
  });
}

/** Of how many messages the next one is the sample; 0: it is none. */
const weigh = (sampler: Sampler): number => (sampler.isDue() ? sampler.take() : 0);
const taken = (all: readonly number[]): number => all.filter((weight) => weight > 0).length;
const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);

test('of few messages each one is a sample of itself', () => {
  const all = weights(new Sampler(PER_SECOND, seededRandom(1)), 3_000, 0.9);
  expect(all.every((weight) => weight === 1)).toBe(true);
});

test('of many so few are samples that a second has about as many as asked for, and what they stand for is about right', () => {
  for (const perMs of [10, 400]) {
    const all = weights(new Sampler(PER_SECOND, seededRandom(perMs)), perMs * 2_000, perMs);
    expect(taken(all)).toBeGreaterThan(PER_SECOND);
    expect(taken(all)).toBeLessThan(PER_SECOND * 3);
    expect(sum(all) / all.length).toBeGreaterThan(0.85);
    expect(sum(all) / all.length).toBeLessThan(1.15);
  }
});

test('what comes in turns is not taken always at the same one of them', () => {
  const all = weights(new Sampler(PER_SECOND, seededRandom(3)), 400_000, 400);
  for (const period of [2, 64, 100]) {
    const ofOne = sum(all.filter((_, n) => n % period === 0));
    expect((ofOne * period) / all.length).toBeGreaterThan(0.5);
    expect((ofOne * period) / all.length).toBeLessThan(1.7);
  }
});

test('a burst is not measured whole before it is seen to be one, and after a quiet while each message is a sample again', () => {
  const sampler = new Sampler(PER_SECOND, seededRandom(4));
  // No period ends in between.
  expect(taken(Array.from({ length: 100_000 }, () => weigh(sampler)))).toBeLessThan(PER_SECOND * 2);
  // Of the burst, and some without a message: that there are bursts is not forgotten at once.
  sampler.adapt(SAMPLING_PERIOD_MS);
  sampler.adapt(SAMPLING_PERIOD_MS);
  expect(weights(sampler, 10, 10)).toEqual(new Array(10).fill(0));
  for (let period = 0; period < 4; period++) sampler.adapt(SAMPLING_PERIOD_MS);
  expect(Array.from({ length: 10 }, () => weigh(sampler))).toEqual(new Array(10).fill(1));
});

test('a second has as many samples as asked for, also where a period has few or none, and what they stand for is right', () => {
  // Two and a half samples in a period, or an eighth of one: the first periods find out how many come.
  for (const [perSecond, least, most] of [
    [50, 800, 1_200],
    [2.5, 25, 90],
  ] as const) {
    const sampler = new Sampler(perSecond, seededRandom(7));
    weights(sampler, 200_000, 1_000);
    const all = weights(sampler, 20_000_000, 1_000);
    expect(taken(all)).toBeGreaterThan(least);
    expect(taken(all)).toBeLessThan(most);
    expect(Math.abs(sum(all) / all.length - 1)).toBeLessThan(3 / Math.sqrt(taken(all)));
  }
});

test('however many come, one of so many is measured at the least', () => {
  const sampler = new Sampler(1, seededRandom(5));
  let most = 0;
  for (let n = 0; n < ONE_OF_MAX * 4; n++) most = Math.max(most, weigh(sampler));
  let count = 0;
  for (let n = 0; n < ONE_OF_MAX * 16; n++) if (weigh(sampler) > 0) count++;
  expect(most).toBe(ONE_OF_MAX);
  expect(count).toBeGreaterThan(5);
});

test('kinds share the samples of a process, down to a least part', () => {
  expect(samplesOfKind(0)).toBe(SAMPLES_PER_SECOND);
  expect(samplesOfKind(4)).toBe(SAMPLES_PER_SECOND / 4);
  expect(samplesOfKind(100_000)).toBe(KIND_SAMPLES_PER_SECOND_MIN);
});
