/** From a publish on, mail for a machine goes by its way in; how long after the last one. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { PUBLISHED_MS, PublishedRoutes } from '../../../src/machine-routes/published-routes.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { MACHINE_INDEX_MIN } from '../../../src/vocabulary/host-index.ts';

test('mail goes to the workers of a machine again once nothing was published to it for so long', async () => {
  const clock = new VirtualClock();
  const said: string[] = [];
  const routes = new PublishedRoutes({
    ...{ clock, flushes: { flush: async () => {} } as never, workers: () => [] },
    began: () => void said.push('began'),
    over: () => void said.push('over'),
  });
  const master = { index: MACHINE_INDEX_MIN } as OutboundQueue;
  routes.publishing(master);
  await clock.advance(PUBLISHED_MS - 1);
  // Once more, just in time: it counts from here.
  routes.publishing(master);
  await clock.advance(PUBLISHED_MS - 1);
  expect([routes.isByMaster(master.index), said]).toEqual([true, ['began']]);
  await clock.advance(2);
  expect([routes.isByMaster(master.index), said]).toEqual([false, ['began', 'over']]);
});
