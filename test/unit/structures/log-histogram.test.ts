import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUCKETS_MAX, LogHistogram, mergeBuckets, quantile } from '../../../src/structures/log-histogram.ts';

const values = fc.array(fc.double({ min: 0.002, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });

test('a percentile is the value that so many are not above, less than a fifth too high', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(0.5, 0.95, 0.99, 1), (all, share) => {
      const histogram = new LogHistogram();
      for (const value of all) histogram.add(value);
      const sorted = [...all].sort((one, other) => one - other);
      const exact = sorted[Math.ceil(share * all.length) - 1] as number;
      const found = quantile(histogram.buckets(), share, histogram.max) as number;
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact * 1.2);
      expect(histogram.count).toBe(all.length);
    }),
  );
});

test('two of them together are one of all values, and a weight counts as so many', () => {
  fc.assert(
    fc.property(values, values, (some, others) => {
      const [one, other, all] = [new LogHistogram(), new LogHistogram(), new LogHistogram()];
      for (const value of some) one.add(value, 3);
      for (const value of others) other.add(value);
      for (const value of [...some, ...some, ...some, ...others]) all.add(value);
      expect(mergeBuckets([one.buckets(), other.buckets()])).toEqual(all.buckets());
      expect(one.count + other.count).toBe(all.count);
    }),
  );
});

test('what is below the first bucket or beyond the last one is counted there; nothing grows', () => {
  const histogram = new LogHistogram();
  for (const value of [-5, 0, 0.0001]) histogram.add(value);
  expect(histogram.buckets()).toEqual([[0.001, 3]]);
  for (let n = 0; n < 10_000; n++) histogram.add(1.01 ** n);
  expect(histogram.buckets().length).toBeLessThanOrEqual(BUCKETS_MAX);
  expect(histogram.buckets().reduce((sum, [, count]) => sum + count, 0)).toBe(10_003);
  expect(quantile([], 0.5, 0)).toBeUndefined();
});
