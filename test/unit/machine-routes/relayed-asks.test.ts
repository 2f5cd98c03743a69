/** Asks that pass through a process: it waits in the place of the asker, no longer than that makes sense, and keeps nothing then. */
import { expect, test } from 'vitest';
import { PendingReplies } from '../../../src/actor/pending-replies.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { GRACE_MS, RelayedAsks } from '../../../src/machine-routes/relayed-asks.ts';
import { DeliveryId, Envelope } from '../../../src/vocabulary/envelope.ts';
import { KeptReply } from '../peer/link-fixture.ts';

class Asker extends KeptReply {
  override address(): { process: string; correlation: number } {
    return { process: '~2.1', correlation: 7 };
  }
}

function begin(withinMs: number): {
  clock: VirtualClock;
  relayed: RelayedAsks;
  /** The correlations that the host was told of as given up. */
  told: number[];
  ask(number?: number): Envelope;
} {
  const clock = new VirtualClock();
  const pending = new PendingReplies(clock, '~1.1');
  const relayed = new RelayedAsks(pending);
  const told: number[] = [];
  pending.onGivenUp = ({ correlation }) => told.push(correlation);
  const deadline = withinMs === 0 ? 0 : clock.now() + withinMs;
  const ask = (number = 0): Envelope => {
    const asker = new Asker();
    const envelope = new Envelope('message', 'counter/a', { type: 'get' }, 'counter/b', asker, deadline);
    if (number > 0) envelope.deliveryId = new DeliveryId('counter/b', number, 0, 0, undefined);
    relayed.relay(envelope, asker);
    envelope.replyTo?.address();
    envelope.replyTo?.written('~3.1');
    return envelope;
  };
  return { clock, relayed, told, ask };
}

test(`one that nobody answers is forgotten ${GRACE_MS} ms after its deadline, which the asker itself keeps`, async () => {
  const { clock, relayed, ask } = begin(500);
  const first = ask();
  // Sent again, it is the same ask.
  expect([ask().replyTo === first.replyTo, relayed.size]).toEqual([true, 1]);
  await clock.advance(500 + GRACE_MS - 1);
  expect([relayed.size, first.replyTo?.settled]).toEqual([1, false]);
  await clock.advance(1);
  expect([relayed.size, first.replyTo?.settled]).toEqual([0, true]);
});

test('one without a deadline is waited for until it is answered, or its asker has given up', async () => {
  const { clock, relayed, ask } = begin(0);
  ask();
  await clock.advance(1_000_000);
  relayed.givenUp({ type: 'ask-given-up', process: '~2.1', correlation: 8 });
  expect(relayed.size).toBe(1);
  relayed.givenUp({ type: 'ask-given-up', process: '~2.1', correlation: 7 });
  expect(relayed.size).toBe(0);
  ask().replyTo?.resolve(5);
  expect(relayed.size).toBe(0);
});

test('one that its asker sends again past this process is forgotten here, and not given up for that', () => {
  const { relayed, told, ask } = begin(0);
  const { replyTo } = ask(1);
  relayed.moved((target) => target === 'counter/b');
  expect([relayed.size, told]).toEqual([1, []]);
  relayed.moved((target) => target === 'counter/a');
  expect([relayed.size, replyTo?.settled, told]).toEqual([0, true, []]);
});

test('of one that its asker has given up the host is told', () => {
  const { relayed, told, ask } = begin(0);
  const { replyTo } = ask(1);
  relayed.givenUp({ type: 'ask-given-up', process: '~2.1', correlation: 7 });
  expect([relayed.size, told]).toEqual([0, [replyTo?.address().correlation]]);
});
