import { expect, test } from 'vitest';
import { OutgoingHandoff } from '../../../src/handoff/outgoing.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import { KeptReply, message } from '../peer/link-fixture.ts';

test('asks that an actor had under way go along as well: whether they ran is then known elsewhere only', () => {
  const order = { id: 1, purpose: 'move', units: ['counter/a'], subscriptions: [] } as const;
  const ends = { from: { index: 1, incarnation: 1 }, to: { index: 2, incarnation: 1 } };
  const outgoing = new OutgoingHandoff({ actors: { kernel: { memory: new QueueMemory() } } } as never, {
    ...order,
    ...ends,
    units: [...order.units],
    subscriptions: [],
  });
  const [sent, late] = [message('counter/b', 1, new KeptReply()), message('counter/a', 2, new KeptReply())];
  outgoing.outbound.push(sent);
  outgoing.buffered.push(late);
  expect([...outgoing.allMail()]).toEqual([sent, late]);
});
