/** How many messages of a pattern that was resumed at a rate may go, and when. */
import { expect, test } from 'vitest';
import { PauseRates } from '../../../src/placement/pause-rates.ts';
import type { Pause } from '../../../src/vocabulary/pause.ts';

const at = (perSecond: number | undefined): Pause[] => [{ pattern: 'order/*', reason: undefined, since: 0, perSecond }];

test('portions of a tenth of a second, one behind the other, and none that was missed is made up for', () => {
  const rates = new PauseRates();
  const take = (wanted: number, now: number) => rates.take(at(50), 'order/*', wanted, now);
  expect(take(100, 1_000)).toEqual({ count: 5, waitMs: 0 });
  expect(take(100, 1_000)).toEqual({ count: 5, waitMs: 100 });
  expect(take(2, 1_000)).toEqual({ count: 2, waitMs: 200 });
  expect(take(100, 9_000)).toEqual({ count: 5, waitMs: 0 });
  expect(take(100, 9_000)).toEqual({ count: 5, waitMs: 100 });
});

test('none go of a pattern that is paused altogether, or not at all', () => {
  const rates = new PauseRates();
  expect(rates.take(at(undefined), 'order/*', 10, 0)).toEqual({ count: 0, waitMs: 0 });
  expect(rates.take(at(50), 'other/*', 10, 0)).toEqual({ count: 0, waitMs: 0 });
});

test('another rate begins anew, and so does the same one after a resume without any', () => {
  const rates = new PauseRates();
  expect(rates.take(at(1), 'order/*', 1, 0).waitMs).toBe(0);
  expect(rates.take(at(1), 'order/*', 1, 0).waitMs).toBe(1_000);
  expect(rates.take(at(100), 'order/*', 100, 0)).toEqual({ count: 10, waitMs: 0 });
  expect(rates.take(at(100), 'order/*', 100, 0)).toEqual({ count: 10, waitMs: 100 });
  rates.keep(at(100));
  expect(rates.take(at(100), 'order/*', 100, 0).waitMs).toBe(200);
  rates.keep([]);
  expect(rates.take(at(100), 'order/*', 100, 0).waitMs).toBe(0);
});
