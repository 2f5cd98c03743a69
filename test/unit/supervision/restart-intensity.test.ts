import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RestartIntensity } from '../../../src/supervision/restart-intensity.ts';

describe('the restart intensity', () => {
  it('allows as many restarts within the period as it says, and not one more', () => {
    const intensity = new RestartIntensity(3, 1_000);
    expect([0, 1, 2, 3].map((nowMs) => intensity.record(nowMs))).toEqual([true, true, true, false]);
  });

  it('of 0 makes the first restart one too many', () => {
    expect(new RestartIntensity(0, 1_000).record(5)).toBe(false);
  });

  it('counts a restart exactly one period ago, and forgets it just after', () => {
    const atEdge = new RestartIntensity(1, 1_000);
    expect([atEdge.record(0), atEdge.record(1_000)]).toEqual([true, false]);
    const beyond = new RestartIntensity(1, 1_000);
    expect([beyond.record(0), beyond.record(1_000.5)]).toEqual([true, true]);
  });

  it('slides: it is the last period that counts, not a grid of periods', () => {
    const intensity = new RestartIntensity(2, 1_000);
    expect([900, 950, 1_100].map((nowMs) => intensity.record(nowMs))).toEqual([true, true, false]);
  });

  it('allows restarts for ever when they come slowly enough', () => {
    const intensity = new RestartIntensity(1, 1_000);
    for (let i = 0; i < 100; i++) expect(intensity.record(i * 1_001)).toBe(true);
  });

  it('tells how many restarts the period holds, without noting one', () => {
    const intensity = new RestartIntensity(5, 1_000);
    intensity.record(0);
    intensity.record(600);
    expect([intensity.restarts(600), intensity.restarts(1_000), intensity.restarts(1_001)]).toEqual([2, 2, 1]);
    expect(intensity.restarts(5_000)).toBe(0);
  });

  it('holds no more than it needs, however many restarts come beyond it', () => {
    const intensity = new RestartIntensity(3, 1_000);
    for (let i = 0; i < 10_000; i++) intensity.record(500);
    expect(intensity.restarts(500)).toBe(4);
  });

  it('decides as the list of all restarts would', () => {
    const gaps = fc.array(fc.nat(400), { maxLength: 60 });
    return fc.assert(
      fc.property(fc.nat(6), fc.integer({ min: 1, max: 1_000 }), gaps, (most, periodMs, gapsMs) => {
        const intensity = new RestartIntensity(most, periodMs);
        const all: number[] = [];
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          all.push(nowMs);
          const inPeriod = all.filter((atMs) => atMs >= nowMs - periodMs).length;
          expect(intensity.record(nowMs)).toBe(inPeriod <= most);
        }
      }),
    );
  });
});
