import { describe, expect, it } from 'vitest';
import { EventBus } from '../../../src/observe/event-bus.ts';
import type { EventName, SystemEvents } from '../../../src/vocabulary/events.ts';
import { KeptLog } from '../actor/kernel-fixture.ts';

const started: SystemEvents['actor-started'] = { id: 'a/1', worker: 0 };

describe('the event bus', () => {
  it('tells every listener of an event, and no other', () => {
    const bus = new EventBus(new KeptLog());
    const heard: string[] = [];
    bus.on('actor-started', ({ id }) => void heard.push(`first ${id}`));
    bus.on('actor-started', ({ id }) => void heard.push(`second ${id}`));
    bus.on('actor-stopped', ({ id }) => void heard.push(`stopped ${id}`));
    bus.emit('actor-started', started);
    expect(heard).toEqual(['first a/1', 'second a/1']);
  });

  it('hears a listener as often as it was registered, and takes back one at a time', () => {
    const bus = new EventBus(new KeptLog());
    let count = 0;
    const listener = (): void => void count++;
    const off = bus.on('actor-started', listener);
    bus.on('actor-started', listener);
    bus.emit('actor-started', started);
    off();
    off();
    bus.emit('actor-started', started);
    expect(count).toBe(3);
  });

  it('does not mind listeners that come and go while it tells', () => {
    const bus = new EventBus(new KeptLog());
    const heard: string[] = [];
    const off = bus.on('actor-started', () => {
      off();
      bus.on('actor-started', () => void heard.push('late'));
      heard.push('first');
    });
    bus.on('actor-started', () => void heard.push('second'));
    bus.emit('actor-started', started);
    expect(heard).toEqual(['first', 'second']);
  });

  it('logs a listener that throws, now or later, and goes on', async () => {
    const log = new KeptLog();
    const bus = new EventBus(log);
    let heard = 0;
    bus.on('actor-started', () => {
      throw new Error('mine');
    });
    bus.on('actor-started', async () => {
      throw new Error('mine, later');
    });
    bus.on('actor-started', () => void heard++);
    bus.emit('actor-started', started);
    await Promise.resolve();
    expect([heard, log.lines.map(({ text }) => text)]).toEqual([1, Array(2).fill('an event listener threw')]);
  });

  it('forwards its own events where they are wanted elsewhere, and never those that came from there', () => {
    const bus = new EventBus(new KeptLog());
    const forwarded: EventName[] = [];
    bus.forward = (name) => void forwarded.push(name);
    bus.emit('actor-started', started);
    bus.wantElsewhere(['actor-started']);
    expect([bus.wanted('actor-started'), bus.wanted('actor-stopped')]).toEqual([true, false]);
    bus.emit('actor-started', started);
    bus.relay('actor-started', started);
    expect(forwarded).toEqual(['actor-started']);
  });

  it('says what is listened to here, whenever that changes', () => {
    const bus = new EventBus(new KeptLog());
    const told: EventName[][] = [];
    bus.onInterest = (names) => void told.push(names);
    const offs = [
      bus.on('actor-started', () => {}),
      bus.on('actor-started', () => {}),
      bus.on('dead-letter', () => {}),
    ];
    for (const off of offs) off();
    expect(told).toEqual([['actor-started'], ['actor-started', 'dead-letter'], ['dead-letter'], []]);
  });

  it('tells no event, here or elsewhere, that a listener of the same event brings about', () => {
    const log = new KeptLog();
    const bus = new EventBus(log);
    const heard: string[] = [];
    const forwarded: EventName[] = [];
    bus.forward = (name) => void forwarded.push(name);
    bus.wantElsewhere(['actor-started', 'actor-stopped']);
    bus.on('actor-started', ({ id }) => {
      heard.push(`started ${id}`);
      bus.emit('actor-stopped', { id, worker: 0, reason: 'stopped' });
      throw new Error('is harmless');
    });
    bus.on('actor-stopped', ({ id }) => {
      heard.push(`stopped ${id}`);
      // By way of another event, too.
      for (let n = 0; n < 5; n++) bus.emit('actor-started', started);
    });
    bus.emit('actor-started', started);
    bus.emit('actor-started', { id: 'a/2', worker: 0 });
    expect(heard).toEqual(['started a/1', 'stopped a/1', 'started a/2', 'stopped a/2']);
    expect(forwarded).toEqual(['actor-stopped', 'actor-started', 'actor-stopped', 'actor-started']);
    const counts = log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields);
    expect(counts).toEqual([1, 2, 4, 8].map((count) => ({ event: 'actor-started', count })));
  });
});
