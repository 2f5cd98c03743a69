import { expect, test } from 'vitest';
import { MessagesInFlight } from '../../../src/rabbitmq/messages-in-flight.ts';

const message = (): { slot: number } => ({ slot: -1 });

test('messages are found by their ids until they are over, and their slots are used again', () => {
  const table = new MessagesInFlight<{ slot: number }>();
  const [one, two, unnamed] = [message(), message(), message()];
  table.add(one, 'one');
  table.add(two, 'two');
  table.add(unnamed, undefined);
  expect([table.size, table.withId('two'), table.all().length]).toEqual([3, two, 3]);
  table.remove(one, 'one');
  table.remove(one, 'one');
  expect([table.size, table.withId('one')]).toEqual([2, undefined]);
  const next = message();
  table.add(next, 'next');
  expect([next.slot, table.withId('next'), table.withId('one'), table.size]).toEqual([one.slot, next, undefined, 3]);
  // Its slot is another one's now.
  table.remove(one, 'next');
  expect([table.size, table.withId('next')]).toEqual([3, next]);
});
