/** What is known of the clock of another machine: never later than it can be, and anew where one of the two has slept. */
import { describe, expect, it } from 'vitest';
import { ClockDifference, DRIFT_MS, MachineClocks } from '../../../src/machine-routes/machine-clocks.ts';

/** The other clock showed 0 as this one showed 1 000. */
function known(): ClockDifference {
  const difference = new ClockDifference();
  difference.heard(0, 999, 1_001);
  return difference;
}
const bounds = ({ least, most }: ClockDifference): number[] => [least, most];

describe('the difference of two clocks', () => {
  it('is at least what it was as the other end could first have spoken, however late its word comes', () => {
    const difference = new ClockDifference();
    difference.heard(10, 1_005, 3_410);
    expect(bounds(difference)).toEqual([995, 3_400]);
  });

  it('becomes closer with each word, and is spoiled by none that was long on its way', () => {
    const difference = known();
    difference.heard(500, 1_000, 4_000);
    expect(bounds(difference)).toEqual([999, 1_001]);
    difference.heard(600, 1_599.5, 1_603);
    expect(bounds(difference)).toEqual([999.5, 1_001]);
  });

  it('follows clocks that drift, without a stalled word making it worse than that', () => {
    const difference = known();
    difference.heard(1_000, 2_004, 2_006);
    expect(bounds(difference)).toEqual([1_004, 1_006]);
    difference.heard(2_000, 500, 3_003);
    expect(bounds(difference)).toEqual([1_004 - DRIFT_MS, 1_003]);
  });

  it('is found anew where the host of one of them has slept', () => {
    for (const [theirs, now] of [
      [1_000, 7_000],
      [6_000, 2_000],
    ] as const) {
      const difference = known();
      difference.heard(theirs, now - 2, now);
      expect(bounds(difference)).toEqual([now - 2 - theirs, now - theirs]);
    }
  });
});

describe('the clocks of machines', () => {
  it('are kept as long as their machines are there', () => {
    const clocks = new MachineClocks();
    for (let at = 0; at < 1_000; at++) clocks.of(`m${at}`).heard(0, at, at);
    expect(clocks.of('m7').least).toBe(7);
    clocks.keep((machine) => machine === 'm7');
    expect(clocks.size).toBe(1);
    expect(clocks.of('m7').least).toBe(7);
  });
});
