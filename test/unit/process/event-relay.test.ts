import { expect, test } from 'vitest';
import type { Kernel } from '../../../src/actor/kernel.ts';
import { EventBus } from '../../../src/observe/event-bus.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { ToMaster } from '../../../src/wire/control.ts';
import { EventRelay, EVENTS_PER_SECOND_MAX } from '../../../src/process/event-relay.ts';
import { silent } from '../peer/link-fixture.ts';

function newRelay(): { clock: VirtualClock; events: EventBus; told: ToMaster[]; start(n: number): void } {
  const clock = new VirtualClock();
  const events = new EventBus(silent);
  const told: ToMaster[] = [];
  const kernel = { clock, events, worker: 3 } as unknown as Kernel;
  new EventRelay(kernel, { send: (message) => void told.push(message), onMessage: () => {} });
  return { clock, events, told, start: (n) => events.emit('actor-started', { id: `counter/${n}`, worker: 3 }) };
}

test('events go to the master where somebody elsewhere wants them, and only then', () => {
  const { events, told, start } = newRelay();
  start(1);
  events.wantElsewhere(['actor-started']);
  start(2);
  events.emit('placement-changed', { epoch: 1 });
  events.relay('actor-started', { id: 'counter/of-another', worker: 1 });
  expect(told).toEqual([{ type: 'event', name: 'actor-started', payload: { id: 'counter/2', worker: 3 } }]);
});

test('the master is told what is listened to here, each time it changes', () => {
  const { events, told } = newRelay();
  const off = events.on('actor-started', () => {});
  const offToo = events.on('actor-started', () => {});
  off();
  offToo();
  expect(told).toEqual([
    { type: 'listen', names: ['actor-started'] },
    { type: 'listen', names: [] },
  ]);
});

test('above the rate of a second the rest is counted and told as one, each type by itself; then all begins anew', async () => {
  const { clock, events, told, start } = newRelay();
  events.wantElsewhere(['actor-started', 'placement-changed']);
  for (let n = 0; n < EVENTS_PER_SECOND_MAX + 7; n++) start(n);
  events.emit('placement-changed', { epoch: 1 });
  expect(told.length).toBe(EVENTS_PER_SECOND_MAX + 1);
  await clock.advance(1_000);
  expect(told.slice(EVENTS_PER_SECOND_MAX + 1)).toEqual([
    { type: 'event', name: 'events-suppressed', payload: { event: 'actor-started', count: 7, worker: 3 } },
  ]);
  start(0);
  await clock.advance(5_000);
  expect([told.length, clock.timers]).toEqual([EVENTS_PER_SECOND_MAX + 3, 0]);
});
