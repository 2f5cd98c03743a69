import { expect, test, vi } from 'vitest';
import { endInOrder, LAST_COMMITS_MS_MAX } from '../../../src/store-service/end-in-order.ts';

test('a thread that has failed ends once its commits have, at the latest after the bound', async () => {
  vi.useFakeTimers();
  try {
    const exits: string[] = [];
    let done = (): void => {};
    endInOrder(
      () => new Promise<void>((resolve) => (done = resolve)),
      () => exits.push('done'),
    );
    endInOrder(
      () => Promise.reject(new Error('the disk is gone')),
      () => exits.push('failed'),
    );
    endInOrder(
      () => new Promise(() => {}),
      () => exits.push('hangs'),
    );
    await vi.advanceTimersByTimeAsync(LAST_COMMITS_MS_MAX - 1);
    expect(exits).toEqual(['failed']);
    done();
    await vi.advanceTimersByTimeAsync(0);
    expect(exits).toEqual(['failed', 'done']);
    await vi.advanceTimersByTimeAsync(LAST_COMMITS_MS_MAX);
    expect(exits).toEqual(['failed', 'done', 'hangs']);
  } finally {
    vi.useRealTimers();
  }
});
