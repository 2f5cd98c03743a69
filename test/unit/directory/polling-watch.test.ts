/** A watch that looks again and again: how often, and that no second look begins while one is under way. */
import { expect, test } from 'vitest';
import { POLL_MS, PollingWatch } from '../../../src/directory/polling-watch.ts';
import type { WatchListener } from '../../../src/directory/directory.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';

const ignored: WatchListener = { changed: () => {}, removed: () => {}, synced: () => {}, gap: () => {} };

test('a look comes so long after the end of the one before, however long that took', async () => {
  const clock = new VirtualClock();
  const beganAt: number[] = [];
  const answerMs = 300;
  const list = async (): Promise<[]> => {
    beganAt.push(clock.now());
    await new Promise<void>((resolve) => clock.setTimer(answerMs, resolve));
    return [];
  };
  const first = clock.now();
  const watch = new PollingWatch(list, ignored, clock);
  await clock.advance(3 * (POLL_MS + answerMs) - 1);
  expect(beganAt).toEqual([0, 1, 2].map((n) => first + n * (POLL_MS + answerMs)));
  watch.close();
  await clock.advance(10 * POLL_MS);
  expect(beganAt).toHaveLength(3);
});
