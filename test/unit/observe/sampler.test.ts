/** Which messages are measured: all of few, few of many, and each with the same chance. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import {
  KIND_SAMPLES_PER_SECOND_MIN,
  ONE_OF_MAX,
  Sampler,
  samplesOfKind,
  SAMPLES_PER_SECOND,
} from '../../../src/observe/sampler.ts';

const PER_SECOND = 1_000;

/** Weights of `count` messages that come `perMs` in a millisecond; ticks of half a millisecond. */
function weights(sampler: Sampler, count: number, perMs: number, from = 0): number[] {
  return Array.from({ length: count }, (_, n) => sampler.weigh(from + Math.floor((n / perMs) * 2) / 2));
}

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
  // No look at the clock in between.
  expect(taken(Array.from({ length: 100_000 }, () => sampler.weigh(5)))).toBeLessThan(PER_SECOND / 2);
  expect(taken(weights(sampler, 10, 0.1, 2_000))).toBeGreaterThan(8);
  expect(weights(sampler, 10, 0.1, 4_000)).toEqual(new Array(10).fill(1));
});

test('however many come, one of so many is measured at the least', () => {
  const sampler = new Sampler(1, seededRandom(5));
  const all = Array.from({ length: ONE_OF_MAX * 40 }, () => sampler.weigh(5));
  expect(all.reduce((most, one) => Math.max(most, one))).toBe(ONE_OF_MAX);
  expect(taken(all.slice(-ONE_OF_MAX * 10))).toBeGreaterThan(3);
});

test('kinds share the samples of a process, down to a least part', () => {
  expect(samplesOfKind(0)).toBe(SAMPLES_PER_SECOND);
  expect(samplesOfKind(4)).toBe(SAMPLES_PER_SECOND / 4);
  expect(samplesOfKind(100_000)).toBe(KIND_SAMPLES_PER_SECOND_MIN);
});
