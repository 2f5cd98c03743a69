/** Order between real processes: what one sender sends to one receiver is handled in the order sent, once. */
import type { System } from 'troupe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOn, inMain, listenToMains, MAIN, numbers, startSystem, stopSystems, until } from './harness.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ workers: 3, main: MAIN });
  await listenToMains(system);
});

afterAll(stopSystems);

type Seen = Record<string, number[]>;
const TALK_MS = 30_000;

function seenBy(id: string): Promise<Seen> {
  return system.ask<Seen>(id, { type: 'seen' }, { timeoutMs: TALK_MS });
}

async function tellAll(to: string, count: number, from: string): Promise<void> {
  for (let n = 0; n < count; n++) if (!system.tell(to, { type: 'note', n, from })) await system.drained();
}

test('100 000 messages from the master to one actor: all, once, in order', async () => {
  const id = await idOn(system, 'recorder', 2, 'many');
  await tellAll(id, 100_000, 'master');
  const { master } = await seenBy(id);
  expect(master?.length).toBe(100_000);
  expect(master).toEqual(numbers(100_000));
});

test('100 000 messages from an actor to one on another worker: all, once, in order', async () => {
  const to = await idOn(system, 'recorder', 3, 'many');
  const talker = await idOn(system, 'talker', 1, 'many');
  await system.ask(talker, { type: 'talk', to, count: 100_000 }, { timeoutMs: TALK_MS });
  // The talker's reply passes what it still has on the way.
  await until('all is handled', async () => (await seenBy(to))[talker]?.length === 100_000);
  expect((await seenBy(to))[talker]).toEqual(numbers(100_000));
});

test('several senders at once: actors on all workers, all mains and the master, each in its order', async () => {
  const to = await idOn(system, 'recorder', 1, 'crowd');
  const count = 5_000;
  const talkers: string[] = [];
  for (const n of numbers(6)) talkers.push(await idOn(system, 'talker', 1 + (n % 3), `crowd${n}-`));
  await Promise.all([
    tellAll(to, count, 'master'),
    ...[1, 2, 3].map((worker) => inMain(system, worker, 'talk', to, count, `main-${worker}`)),
    ...talkers.map((id) => system.ask(id, { type: 'talk', to, count }, { timeoutMs: TALK_MS })),
  ]);
  await until('all is handled', async () => {
    const soFar = await seenBy(to);
    return ['master', 'main-1', 'main-2', 'main-3', ...talkers].every((from) => soFar[from]?.length === count);
  });
  const seen = await seenBy(to);
  for (const from of ['master', 'main-1', 'main-2', 'main-3', ...talkers])
    expect(seen[from], from).toEqual(numbers(count));
  expect(Object.keys(seen)).toHaveLength(4 + talkers.length);
});

test.each([1, 2, 3])('tells, asks and publishes of one actor on worker %i share one order', async (worker) => {
  const to = await idOn(system, 'recorder', 2, `mixed${worker}-`);
  const topic = `mixed-${worker}`;
  await system.ask(to, { type: 'join', topic });
  const talker = await idOn(system, 'talker', worker, 'mixed');
  await system.ask(talker, { type: 'mix', to, topic, count: 3_000 }, { timeoutMs: TALK_MS });
  expect((await seenBy(to))[talker]).toEqual(numbers(3_000));
});

test('tells, asks and publishes of a main share one order', async () => {
  const to = await idOn(system, 'recorder', 3, 'mixed-main');
  await system.ask(to, { type: 'join', topic: 'mixed-main' });
  await inMain(system, 1, 'mix', to, 'mixed-main', 3_000, 'main-1');
  expect((await seenBy(to))['main-1']).toEqual(numbers(3_000));
});

test('tells, asks and publishes of the master share one order', async () => {
  const to = await idOn(system, 'recorder', 1, 'mixed-master');
  await system.ask(to, { type: 'join', topic: 'mixed-master' });
  const asks: Promise<unknown>[] = [];
  for (const n of numbers(3_000)) {
    const message = { type: 'note', n, from: 'master' };
    if (n % 3 === 0) system.tell(to, message);
    else if (n % 3 === 1) asks.push(system.ask(to, message));
    else system.publish('mixed-master', message);
  }
  await Promise.all(asks);
  expect((await seenBy(to)).master).toEqual(numbers(3_000));
});

test('large and small messages do not pass each other', async () => {
  const to = await idOn(system, 'recorder', 2, 'large');
  for (const n of numbers(300)) {
    const message = { type: 'note', n, from: 'master', ballast: n % 7 === 0 ? 'x'.repeat(200_000) : new Set([n]) };
    if (!system.tell(to, message)) await system.drained();
  }
  expect((await seenBy(to)).master).toEqual(numbers(300));
});

test('a publish reaches the subscribers of every worker once, in order, and none that has left', async () => {
  const ids: string[] = [];
  for (const n of numbers(9)) ids.push(await idOn(system, 'recorder', 1 + (n % 3), `public${n}-`));
  const leaves = await Promise.all(ids.map((id) => system.subscribe('public', id)));
  const heard: number[] = [];
  await system.subscribe('public', (message) => heard.push((message as { n: number }).n));
  for (const n of numbers(500)) system.publish('public', { type: 'note', n, from: 'master' } as { type: string });
  for (const id of ids) expect((await seenBy(id)).master).toEqual(numbers(500));
  expect(heard).toEqual(numbers(500));
  await Promise.all(leaves.slice(0, 5).map((leave) => leave()));
  for (const n of numbers(10))
    system.publish('public', { type: 'note', n: 500 + n, from: 'master' } as { type: string });
  for (const [at, id] of ids.entries()) expect((await seenBy(id)).master).toEqual(numbers(at < 5 ? 500 : 510));
});
