import { expect, test } from 'vitest';
import { ReplyNote } from '../../../src/frames/outbound.ts';
import { PRIORITY_MAX, PriorityLane } from '../../../src/peer/priority-lane.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';

const reply = (correlation: number): ReplyNote => new ReplyNote(correlation, 1);

test('as many replies as the bound wait for a link; one more is refused, until one of them has left', () => {
  const lane = new PriorityLane(new QueueMemory(), 2);
  let refused = 0;
  for (let n = 0; n < PRIORITY_MAX; n++) {
    if (lane.refusalOf(reply(n))) refused++;
    lane.push(reply(n));
  }
  expect(refused).toBe(0);
  const refusal = lane.refusalOf(reply(PRIORITY_MAX));
  expect(refusal).toMatchObject({ code: 'OVERLOADED', fate: 'executed' });
  expect(refusal?.message).toBe('no room for one message more as replies to worker 2; the limit is 100000 messages');
  lane.shift();
  expect(lane.refusalOf(reply(PRIORITY_MAX))).toBeUndefined();
});
