/** Programs that hunts found, each with the fault that it showed before it was mended. */
import { describe, expect, test, vi } from 'vitest';
import { HeldMail } from '../../../src/routing/held-mail.ts';
import { direct } from './directed.ts';
import type { Step } from './program.ts';
import { run } from './search.ts';

test.each([
  ['all', 50256, 'addWorker waits for a worker that is removed between two processes'],
  ['all', 60139, 'a drained worker goes although nobody else can host what lives there'],
  ['all', 60240, 'nothing can be moved to a worker that was restarted while it started'],
  ['moves', 60267, 'mail waits at the host of an actor placed on demand, and comes after newer mail'],
  ['pairs', 61042, 'transfer that a broken link has lost is not sent again'],
  ['fate', 332, 'a shard moves before an id in it has got its own place, and that actor stands still for good'],
  ['moves', 800089, 'a family cannot move while a child waits for its backoff; the mail of who is killed then is lost'],
  ['moves', 7100556, 'a worker that is reloaded goes while a link has not accepted its last frames'],
  ['all', 7200880, 'mail that comes back brings a spawned actor to life as one that nobody has spawned'],
  ['all', 7202110, 'an ask is said not to be executed while its mail is under way to a new host'],
  ['all', 7301401, 'a link breaks twice while its reader stands still, and what was on the first one is not read'],
  ['places', 245, 'a claim for an actor that lives holds its mail, and a publish passes that'],
  ['fate', 7900350, 'the answer to a watch of an incarnation that is over reaches the watch of the next one'],
  ['all', 11000127, 'the news of an end, held for a watcher that moves, dies with its old host'],
  ['fate', 13000564, 'a watch on an actor that has moved from a dead worker is still under way when it is asked again'],
  ['fate', 14000011, 'an ask moves to a worker that answers on a link which is broken, and not seen to be'],
  ['all', 16000298, 'what asks again about the watched one overtakes the watch, which waits for its new host'],
])('%s %i: %s', { timeout: 600_000 }, async (mix, seed) => {
  expect((await run({ mix, seed, steps: 100 })).breaches.list).toEqual([]);
});

test('an ask that has moved to a worker without a link fails when that worker dies', { timeout: 600_000 }, async () => {
  const program: Step[] = [
    { do: 'freeze', worker: 2, ms: 208 },
    { do: 'addWorker' },
    { do: 'removeWorker', worker: 1 },
    { do: 'reset', a: 4, b: 0 },
    { do: 'ask', by: 0, to: 'child/b', ms: 193 },
    { do: 'announce', from: 'player/2', topic: 'news' },
    { do: 'crash', worker: 2 },
    { do: 'moveBoth', from: 'player/1', to: 'player/3', count: 1, ms: 1, workers: [3, 4] },
    { do: 'spawn', by: 2, to: 'player/1' },
    { do: 'crashSender', from: 'player/0', to: 'player/0', count: 8, ms: 18 },
  ];
  expect((await run({ mix: 'all', seed: 1, steps: 0 }, program)).breaches.list).toEqual([]);
});

test('a worker that is drained goes although its main has just spawned an actor there', {
  timeout: 600_000,
}, async () => {
  const program: Step[] = [
    { do: 'restartWorker', worker: 2 },
    { do: 'addWorker' },
    { do: 'wait', ms: 35 },
    { do: 'crash', worker: 1 },
    { do: 'spawn', by: 2, to: 'player/0', worker: 2 },
    { do: 'wait', ms: 38 },
    { do: 'move', to: 'guest/a', worker: 3 },
    { do: 'crashSender', from: 'player/3', to: 'child/c', count: 10, ms: 25 },
    { do: 'freeze', worker: 2, ms: 166 },
  ];
  expect((await run({ mix: 'places', seed: 15, steps: 0 }, program)).breaches.list).toEqual([]);
});

test.each([1, 2, 3])(
  'seed %i: a child whose start a pause holds ends with its parent, and its mail with it',
  async (seed) => {
    const program: Step[] = [
      { do: 'pause', pattern: 'child/*' },
      { do: 'wait', ms: 4 },
      { do: 'adopt', from: 'player/3', key: 'a' },
      { do: 'wait', ms: 40 },
      { do: 'tell', by: 3, to: 'child/a', count: 6 },
      { do: 'wait', ms: 15 },
      { do: 'killActor', by: 1, to: 'player/3' },
    ];
    const { breaches, deadLetters } = await run({ mix: 'pauses', seed, steps: 0 }, program);
    expect([breaches.list, deadLetters.count]).toEqual([[], 6]);
  },
);

test.each([1, 2, 3])(
  'seed %i: the watch of one that sleeps ends with the worker that it has just moved to',
  async (seed) => {
    const scenario = 'a watcher that sleeps moves to a worker that dies before it hears of it';
    expect((await direct(scenario, seed)).breaches.list).toEqual([]);
  },
);

test.each([1, 2, 3])(
  'seed %i: the watch of one that waits for its backoff ends with the worker that it has just moved to',
  async (seed) => {
    const scenario = 'a watcher that waits for its backoff moves to a worker that dies before it hears of it';
    expect((await direct(scenario, seed)).breaches.list).toEqual([]);
  },
);

test.each([1, 2, 3])(
  'seed %i: the watch of one that a pause keeps from starting stays where its new worker has died',
  async (seed) => {
    const scenario = 'a watcher that sleeps, and a pause keeps from starting, is moving to a worker that dies';
    expect((await direct(scenario, seed)).breaches.list).toEqual([]);
  },
);

describe('a publish that waits for a subscriber on the move', () => {
  const scenario = 'a worker dies with what one that has moved there had published for a subscriber on the move';

  test.each([1, 2, 3])('seed %i: is lost with the worker that its publisher has taken it to', async (seed) => {
    expect((await direct(scenario, seed)).breaches.list).toEqual([]);
  });

  test.each([1, 2, 3])('seed %i: is missed where its publisher leaves it behind', async (seed) => {
    const { takeFrom } = HeldMail.prototype;
    const taken = vi.spyOn(HeldMail.prototype, 'takeFrom').mockImplementation(function (this: HeldMail, ...args) {
      takeFrom.apply(this, args);
      return [];
    });
    const { breaches } = await direct(scenario, seed).finally(() => taken.mockRestore());
    expect(breaches.list).toContainEqual(expect.stringMatching(/^\[promise 4\] .* player\/2 never got publish/));
  });
});
