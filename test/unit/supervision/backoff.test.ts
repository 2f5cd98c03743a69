import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/supervision/backoff.ts';
import { SUPERVISION_DEFAULTS } from '../../../src/supervision/supervision-options.ts';

const DEFAULTS = SUPERVISION_DEFAULTS.backoff;
const NO_JITTER = 0.5;

describe('the backoff', () => {
  it('doubles from its first wait up to its longest', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((attempt) => backoffMs(DEFAULTS, attempt, NO_JITTER));
    expect(waits).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  it('is spread by the jitter, to both sides', () => {
    expect(backoffMs(DEFAULTS, 1, 0)).toBeCloseTo(40);
    expect(backoffMs(DEFAULTS, 1, 1)).toBeCloseTo(60);
    expect(backoffMs({ ...DEFAULTS, jitter: 0 }, 1, 1)).toBe(50);
  });

  it('is spread at its longest too, so that those who wait there do not return together', () => {
    expect(backoffMs(DEFAULTS, 20, 0)).toBeCloseTo(4_000);
    expect(backoffMs(DEFAULTS, 20, 1)).toBeCloseTo(6_000);
  });

  it('stays at its longest for attempt 10 000', () => {
    expect(backoffMs(DEFAULTS, 10_000, NO_JITTER)).toBe(5_000);
  });

  it('stays at none when the first wait is none', () => {
    expect(backoffMs({ ...DEFAULTS, initialMs: 0 }, 10_000, 1)).toBe(0);
  });

  it('takes an attempt below 1 for the first', () => {
    expect(backoffMs(DEFAULTS, 0, NO_JITTER)).toBe(50);
  });

  it('is a number from 0 to the longest wait and its jitter, whatever is asked', () => {
    const options = fc.record({
      initialMs: fc.nat(100_000),
      maxMs: fc.nat(100_000),
      factor: fc.double({ min: 1, max: 1_000, noNaN: true }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const random = fc.double({ min: 0, max: 1, noNaN: true });
    return fc.assert(
      fc.property(options, fc.nat(100_000), random, (given, attempt, chance) => {
        const waitMs = backoffMs(given, attempt, chance);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(given.maxMs * (1 + given.jitter));
      }),
    );
  });
});
