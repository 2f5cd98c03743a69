import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
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

describe('the time of the system clock', () => {
  const nowIn = (hrtime: () => bigint): number => {
    vi.spyOn(process.hrtime, 'bigint').mockImplementation(hrtime);
    return systemClock().now();
  };

  it('is that of the machine, which all its processes have', () => {
    expect(Math.abs(systemClock().now() - Number(process.hrtime.bigint()) / 1e6)).toBeLessThan(50);
  });

  it('also where process.hrtime begins with the process, as on Bun and Deno', () => {
    const since = uptime() * 1_000;
    const now = nowIn(() => BigInt(Math.round(performance.now() * 1e6)));
    expect(Math.abs(now - since)).toBeLessThan(1_100);
    if (process.platform === 'linux')
      expect(Math.abs(now - Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1_000)).toBeLessThan(50);
  });
});
