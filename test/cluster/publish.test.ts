/** What is published between real processes: `false` before a distant subscriber overruns, and `drained()`. */
import { afterAll, expect, test } from 'vitest';
import { collectDeadLetters, idOn, numbers, startSystem, stopSystems } from './harness.ts';

afterAll(stopSystems);

const COUNT = 2_000;

test('a publisher that heeds every false overruns no subscriber in another process, from outside and from an actor', async () => {
  const system = await startSystem({ workers: 2 });
  const letters = collectDeadLetters(system);
  const subscribers = [await idOn(system, 'slow-reader', 1), await idOn(system, 'slow-reader', 2)];
  for (const id of subscribers) await system.ask(id, { type: 'join', topic: 'news' });
  // The first answer says how little mail a subscriber there may have.
  system.publish('news', { type: 'news', n: -1 });
  for (const id of subscribers) await expect.poll(() => system.ask(id, { type: 'seen' })).toEqual([-1]);
  let falses = 0;
  for (let n = 0; n < COUNT; n++) {
    if (system.publish('news', { type: 'news', n })) continue;
    falses++;
    await system.drained();
    // All that was published before has been handled by then.
    if (falses % 5 !== 1) continue;
    for (const id of subscribers) expect((await system.ask(id, { type: 'seen' })).at(-1)).toBe(n);
  }
  expect(falses).toBeGreaterThan(10);
  for (const id of subscribers) expect(await system.ask(id, { type: 'seen' })).toEqual(numbers(COUNT + 1, -1));

  const talker = await idOn(system, 'slow-reader', 1, 'talker');
  const fresh = await idOn(system, 'slow-reader', 2, 'fresh');
  await system.ask(fresh, { type: 'join', topic: 'talk' });
  await system.ask(talker, { type: 'say', topic: 'talk', count: 1 });
  // Asked from where it was said: the reply comes by the same link, behind what that process is told of it.
  const prober = await idOn(system, 'prober', 1);
  const seen = () => system.ask(prober, { type: 'ask', id: fresh, message: { type: 'seen' } });
  await expect.poll(seen).toMatchObject({ value: [0] });
  const said = await system.ask(talker, { type: 'say', topic: 'talk', count: COUNT }, { timeoutMs: 60_000 });
  expect(said).toBeGreaterThan(10);
  await expect
    .poll(async () => (await system.ask(fresh, { type: 'seen' })).length, { timeout: 10_000 })
    .toBe(COUNT + 1);
  expect(letters).toEqual([]);
}, 60_000);
