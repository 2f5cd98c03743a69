/** Asks of a client in flight are bounded by their number. */
import { expect, test } from 'vitest';
import { CLIENT_PENDING_ASKS_MAX, clientKernel } from '../../../src/client/client-kernel.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import { silent } from '../peer/link-fixture.ts';

test('one ask more than may be in flight fails at once, and the others go on', async () => {
  const { pending } = clientKernel({
    ...{ clock: new VirtualClock(), log: silent, memory: new QueueMemory(), spans: undefined },
    router: () => ({ deliver: () => true }) as never,
    topics: () => ({}) as never,
  });
  const ends: string[] = [];
  const open = (n: number): void => {
    pending.open(`counter/${n}`, 0, undefined, undefined).promise.catch((error) => ends.push(`${n}: ${error.code}`));
  };
  for (let n = 1; n <= CLIENT_PENDING_ASKS_MAX; n++) open(n);
  await Promise.resolve();
  expect(ends).toEqual([]);
  open(CLIENT_PENDING_ASKS_MAX + 1);
  await new Promise(setImmediate);
  expect(ends).toEqual([`${CLIENT_PENDING_ASKS_MAX + 1}: OVERLOADED`]);
});
