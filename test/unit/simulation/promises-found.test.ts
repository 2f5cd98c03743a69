/** Programs that hunts found, each with the fault that it showed before it was mended. */
import { expect, test } from 'vitest';
import { run } from './search.ts';

test.each([
  ['all', 50256, 'addWorker waits for a worker that is removed between two processes'],
  ['all', 60139, 'a drained worker goes although nobody else can host what lives there'],
  ['all', 60240, 'nothing can be moved to a worker that was restarted while it started'],
  ['moves', 60267, 'mail waits at the home of an actor placed on demand, and comes after newer mail'],
  ['pairs', 61042, 'luggage that a broken link has lost is not sent again'],
  ['fate', 332, 'a shard moves before an id in it has got its own place, and that actor stands still for good'],
  ['moves', 800089, 'a family cannot move while a child waits for its backoff; the mail of who is killed then is lost'],
])('%s %i: %s', { timeout: 30_000 }, async (mix, seed) => {
  expect((await run({ mix, seed, steps: 100 })).breaches.list).toEqual([]);
});
