import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock, TIMEOUT_MS_MAX } from '../../../src/vocabulary/system-clock.ts';

/** Time goes on within one turn of the loop: timers of other files in this process, which set themselves again, stay out. */
function useTimeOfTheTest(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  vi.spyOn(performance, 'now').mockImplementation(() => Date.now());
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('a timer of the system clock', () => {
  it('waits for any time, also for longer than Node.js can', () => {
    useTimeOfTheTest();
    const run = vi.fn();
    const ms = TIMEOUT_MS_MAX * 2 + 5_000;
    systemClock().setTimer(ms, run);
    vi.advanceTimersByTime(ms - 10);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(20);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('that is for never does not run', () => {
    useTimeOfTheTest();
    const run = vi.fn();
    systemClock().setTimer(Number.POSITIVE_INFINITY, run);
    vi.advanceTimersByTime(TIMEOUT_MS_MAX * 3);
    expect(run).not.toHaveBeenCalled();
  });

  it('is cancelled, however often it has waited by then', () => {
    useTimeOfTheTest();
    const run = vi.fn();
    const timer = systemClock().setTimer(TIMEOUT_MS_MAX * 2, run);
    vi.advanceTimersByTime(TIMEOUT_MS_MAX + 1_000);
    timer.cancel();
    vi.advanceTimersByTime(TIMEOUT_MS_MAX * 2);
    expect(run).not.toHaveBeenCalled();
  });

  it('does not run at once', async () => {
    const run = vi.fn();
    const timer = systemClock().setTimer(30 * 86_400_000, run);
    await new Promise((resolve) => setTimeout(resolve, 30));
    timer.cancel();
    expect(run).not.toHaveBeenCalled();
  });
});
