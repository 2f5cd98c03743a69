/** The events of the page: recorded while somebody looks, in bounds. */
import { afterEach, expect, test } from 'vitest';
import {
  EVENTS_KEPT_MAX,
  EVENTS_SHOWN_MAX,
  EVENTS_WATCHED_MS,
  EventRecord,
} from '../../../src/dashboard/event-record.ts';
import { defineActor } from '../../../src/index.ts';
import { createTestSystem, type TestSystem } from '../../../src/testkit/index.ts';

const worker = defineActor({ receive: { get: () => 1 } });
let running: TestSystem | undefined;

afterEach(() => running?.shutdown());

function start(): TestSystem {
  running = createTestSystem({ actors: { worker } });
  return running;
}

test('events are listened to from the first look on, numbered, and until a minute after the last one', async () => {
  const { system, clock, advance } = start();
  const record = new EventRecord(system, clock);
  await system.ask('worker/before', { type: 'get' });
  expect(record.isListening).toBe(false);
  expect(record.after(0)).toEqual({ events: [], last: 0 });
  await system.ask('worker/a', { type: 'get' });
  await system.ask('worker/b', { type: 'get' });
  expect(record.after(0).events.map(({ number, event, id }) => [number, event, id])).toEqual([
    [1, 'actor-started', 'worker/a'],
    [2, 'actor-started', 'worker/b'],
  ]);
  expect(record.after(1)).toMatchObject({ events: [{ number: 2 }], last: 2 });
  await advance(EVENTS_WATCHED_MS - 1);
  expect(record.isListening).toBe(true);
  await advance(2);
  expect(record.isListening).toBe(false);
  // Nobody is told the same number twice.
  record.after(0);
  await system.ask('worker/c', { type: 'get' });
  expect(record.after(0).events.map(({ number }) => number)).toEqual([3]);
  record.close();
});

test('beyond the bound the oldest events go, and an answer has the newest', async () => {
  const { system, clock } = start();
  const record = new EventRecord(system, clock);
  record.after(0);
  for (let n = 0; n < EVENTS_KEPT_MAX; n++) await system.ask(`worker/${n}`, { type: 'get' });
  system.tell('nobody/a', { type: 'x' });
  const { events, last } = record.after(0);
  expect(last).toBe(EVENTS_KEPT_MAX + 1);
  expect(events).toHaveLength(EVENTS_SHOWN_MAX);
  expect(events.at(-1)).toMatchObject({ event: 'dead-letter', to: 'nobody/a', type: 'x', number: last });
  expect(record.after(EVENTS_KEPT_MAX - 2).events).toHaveLength(3);
  record.close();
});
