/** A second wait for events ends the first, and is itself ended by the next event. */
import { expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { EVENT_WAIT_MS, EventTail } from '../../../src/gateway/event-tail.ts';
import type { System } from '../../../src/system/system.ts';

type Listener = (payload: object) => void;

it('wakes the call that waits last', async () => {
  const listeners = new Map<string, Listener>();
  const on = (name: string, listener: Listener) => {
    listeners.set(name, listener);
    return () => {};
  };
  const tail = new EventTail({ on } as unknown as System, new VirtualClock());

  const first = tail.next(10_000);
  const second = tail.next(10_000);
  expect(await first).toEqual({ events: [], missed: 0 });
  listeners.get('worker-exited')?.({ worker: 1, code: 1 });
  // The clock stands still: only the event can end it.
  expect((await second).events).toMatchObject([{ event: 'worker-exited', worker: 1 }]);
});

it('waits no longer than its bound, whatever was asked for', async () => {
  const clock = new VirtualClock();
  const tail = new EventTail({ on: () => () => {} } as unknown as System, clock);
  let isOver = false;
  void tail.next(10 * EVENT_WAIT_MS).then(() => {
    isOver = true;
  });
  await clock.advance(EVENT_WAIT_MS - 1);
  expect(isOver).toBe(false);
  await clock.advance(1);
  expect(isOver).toBe(true);
});
