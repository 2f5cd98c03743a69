import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock, TIMEOUT_MS_MAX } from '../../../src/vocabulary/system-clock.ts';

function useTimeOfTheTest(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  vi.spyOn(performance, 'now').mockImplementation(() => Date.now());
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('a timer of the system clock', () => {
  it('waits for any time, also for longer than Node.js can', async () => {
    useTimeOfTheTest();
    const run = vi.fn();
    const ms = TIMEOUT_MS_MAX * 2 + 5_000;
    systemClock().setTimer(ms, run);
    await vi.advanceTimersByTimeAsync(ms - 10);
    expect(run).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('that is for never does not run', async () => {
    useTimeOfTheTest();
    const run = vi.fn();
    systemClock().setTimer(Number.POSITIVE_INFINITY, run);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS_MAX * 3);
    expect(run).not.toHaveBeenCalled();
  });

  it('is cancelled, however often it has waited by then', async () => {
    useTimeOfTheTest();
    const run = vi.fn();
    const timer = systemClock().setTimer(TIMEOUT_MS_MAX * 2, run);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS_MAX + 1_000);
    timer.cancel();
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS_MAX * 2);
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
