import { describe, expect, test } from 'vitest';
// @ts-expect-error: the bench is plain JavaScript
import { compare, noiseOf } from '../../../bench/harness/compare.mjs';
// @ts-expect-error: the bench is plain JavaScript
import { growthOf } from '../../../bench/harness/growth.mjs';
// @ts-expect-error: the bench is plain JavaScript
import { Tally } from '../../../bench/harness/measure.mjs';
// @ts-expect-error: the bench is plain JavaScript
import { seeded, zipf } from '../../../bench/harness/random.mjs';
// @ts-expect-error: the bench is plain JavaScript
import { cpuRatiosOf, median, metricsOf, percentile, ratiosOf, summary } from '../../../bench/harness/statistics.mjs';
// @ts-expect-error: the bench is plain JavaScript
import { aligned, number } from '../../../bench/harness/table.mjs';

const row = (round: number, name: string, value: number, metric = 'tell', unit = 'msg/s'): object => {
  return { round, name, scenario: 'S1', metric, unit, value };
};

describe('statistics', () => {
  test('the median stands in the middle, whatever the order', () => {
    expect([median([5]), median([9, 1, 5]), median([4, 1, 2, 3]), median([])]).toEqual([5, 5, 2.5, Number.NaN]);
  });

  test('a percentile is one of the values', () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect([percentile(values, 0), percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([
      1, 51, 100, 100,
    ]);
  });

  test('a summary names its rounds', () => {
    expect(summary([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, rounds: 3 });
  });

  test('ratios are taken within a round, and only in rounds that have both', () => {
    const metrics = metricsOf([
      row(1, 'troupe', 8),
      row(1, 'nact', 2),
      row(2, 'troupe', 9),
      row(3, 'nact', 3),
      row(3, 'troupe', 6),
    ]);
    expect(ratiosOf(metrics, { of: 'S1 tell', ours: 'troupe', against: 'nact' })).toEqual([4, 2]);
    expect(ratiosOf(metrics, { of: 'S1 tell', ours: 'troupe', against: 'none' })).toEqual([]);
    expect(ratiosOf(metrics, { of: 'S9 tell', ours: 'troupe', against: 'nact' })).toEqual([]);
  });

  test('where less is better a ratio above 1 is better too', () => {
    const metrics = metricsOf([row(1, 'troupe', 10, 'p50', 'us'), row(1, 'other', 30, 'p50', 'us')]);
    expect(ratiosOf(metrics, { of: 'S1 p50', ours: 'troupe', against: 'other', less: true })).toEqual([3]);
  });

  test('by CPU time less is better, where both have told it', () => {
    const cpu = (name: string, cpuMicrosEach?: number): object => ({ ...row(1, name, 1), cpuMicrosEach });
    const metrics = metricsOf([cpu('troupe', 0.5), cpu('other', 2), cpu('silent')]);
    expect(cpuRatiosOf(metrics, { of: 'S1 tell', ours: 'troupe', against: 'other' })).toEqual([4]);
    expect(cpuRatiosOf(metrics, { of: 'S1 tell', ours: 'troupe', against: 'silent' })).toEqual([]);
  });

  test('a ratio may be to another figure of the other system', () => {
    const metrics = metricsOf([row(1, 'troupe', 10), row(1, 'other', 5, 'in arrays')]);
    expect(ratiosOf(metrics, { of: 'S1 tell', theirs: 'S1 in arrays', ours: 'troupe', against: 'other' })).toEqual([2]);
  });
});

describe('comparison with the baseline', () => {
  const fell = (now: number[], before: number[]): boolean | undefined => compare({ a: now }, { a: before })[0]?.fell;

  test('a fall beyond the noise is one', () => {
    expect(fell([0.5, 0.51, 0.49], [0.8, 0.81, 0.79])).toBe(true);
  });

  test('a fall within the noise of either side is none, and neither is a rise', () => {
    expect(fell([0.7, 0.71, 0.69], [0.8, 1.0, 0.6])).toBe(false);
    expect(fell([0.7, 0.9, 0.5], [0.8, 0.81, 0.79])).toBe(false);
    expect(fell([0.75, 0.75, 0.75], [0.8, 0.8, 0.8])).toBe(false);
    expect(fell([2, 2, 2], [0.8, 0.8, 0.8])).toBe(false);
  });

  test('one round alone says nothing that could fall', () => {
    expect(noiseOf([3])).toBe(Number.POSITIVE_INFINITY);
    expect(fell([0.1], [0.8, 0.8, 0.8])).toBe(false);
  });

  test('what stands on one side only is left out', () => {
    expect(compare({ a: [1, 1] }, { b: [1, 1] })).toEqual([]);
    expect(compare({ a: [] }, { a: [1, 1] })).toEqual([]);
  });
});

describe('growth', () => {
  const MB = 1e6;

  test('a flat line with a noisy start has not grown', () => {
    const looks = [10, 60, 100, 98, 103, 99, 101, 97, 105, 100].map((each) => each * MB);
    expect(growthOf(looks)?.hasGrown).toBe(false);
  });

  test('a steady rise has, and a small one has not', () => {
    expect(growthOf(Array.from({ length: 20 }, (_, at) => (100 + 10 * at) * MB))?.hasGrown).toBe(true);
    expect(growthOf(Array.from({ length: 20 }, (_, at) => (100 + at / 2) * MB))?.hasGrown).toBe(false);
    expect(growthOf([1, 2, 3])).toBeUndefined();
  });
});

describe('what a run is accounted by', () => {
  test('a tally takes messages in order, over the end of their numbers', () => {
    const tally = new Tally();
    for (let at = 0; at < 1_000; at++) tally.add(at & 127);
    expect([tally.take(), tally.take()]).toEqual([1_000, 0]);
  });

  test.each<[string, number[]]>([
    ['lost', [0, 1, 3]],
    ['doubled', [0, 1, 1]],
    ['swapped', [0, 2, 1]],
  ])('a message that is %s is no result', (_, numbers) => {
    const tally = new Tally();
    expect(() => numbers.forEach((n) => void tally.add(n))).toThrow('got');
  });
});

test('random choices are the same in every run, and a few get most', () => {
  const [first, second] = [seeded(3), seeded(3)];
  const numbers = Array.from({ length: 1_000 }, () => first());
  expect(numbers).toEqual(Array.from({ length: 1_000 }, () => second()));
  expect(numbers.every((each) => each >= 0 && each < 1)).toBe(true);
  const draw = zipf(100, seeded(1));
  const counts = new Array(100).fill(0);
  for (let at = 0; at < 20_000; at++) counts[draw()]++;
  expect(counts[0]).toBeGreaterThan(5 * counts[9]);
  expect(Math.min(...counts)).toBeGreaterThan(0);
});

test('tables are aligned, and numbers have a unit that people read', () => {
  expect(
    aligned([
      ['a', '1'],
      ['bcd', '100'],
    ]),
  ).toEqual(['a      1', 'bcd  100']);
  expect([number(12_345_678), number(45_678), number(789), number(1.234), number(Number.NaN)]).toEqual([
    '12.3 M',
    '46 k',
    '789',
    '1.23',
    '–',
  ]);
});
