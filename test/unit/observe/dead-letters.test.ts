import { expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { DeliveryId, Envelope } from '../../../src/vocabulary/envelope.ts';
import type { ErrorCode } from '../../../src/vocabulary/errors.ts';
import { DEAD_LETTERS_BYTES } from '../../../src/observe/dead-letters.ts';
import { KeptReply, newDeadLetters } from '../peer/link-fixture.ts';

const TRACKED = new DeliveryId('~1.1@1', 7, 0, 0, undefined);

function mail(id: DeliveryId | undefined, reply?: KeptReply): Envelope {
  const envelope = new Envelope('message', 'order/1', { type: 'pay' }, undefined, reply, 0);
  envelope.deliveryId = id;
  return envelope;
}

/** How a tell and an ask end that are refused with a code, where their sender keeps them or not. */
function ends(code: ErrorCode, id: DeliveryId | undefined): [tell: string, ask: string] {
  const { deadLetters, reasons } = newDeadLetters(new VirtualClock());
  const reply = new KeptReply();
  deadLetters.refuseUnlessResent(mail(id), code, 'a text');
  deadLetters.refuseUnlessResent(mail(id, reply), code, 'a text');
  return [reasons.length > 0 ? 'dead' : 'left', reply.settled ? 'rejected' : 'left'];
}

it.each<[ErrorCode, string, string]>([
  ['MAILBOX_FULL', 'left', 'left'],
  ['OVERLOADED', 'left', 'left'],
  ['NO_WORKER', 'left', 'left'],
  ['ACTOR_FAILED', 'left', 'rejected'],
  ['ACTOR_STOPPED', 'left', 'rejected'],
  ['SHUTTING_DOWN', 'left', 'rejected'],
  ['STORE_FAILED', 'left', 'rejected'],
  ['UNKNOWN_KIND', 'dead', 'rejected'],
])('what its sender sends again is left to it where %s may pass: a tell is %s, an ask %s', (code, tell, ask) => {
  expect(ends(code, TRACKED)).toEqual([tell, ask]);
  expect(ends(code, undefined)).toEqual(['dead', 'rejected']);
});

it('what is refused for good ends, whoever keeps it', () => {
  const { deadLetters, reasons } = newDeadLetters(new VirtualClock());
  deadLetters.refuse(mail(TRACKED), 'UNKNOWN_MESSAGE', 'a text');
  expect(reasons).toEqual(['order/1:UNKNOWN_MESSAGE']);
});

it('keeps so many bytes of the newest, and the newest one however large that is', () => {
  const { deadLetters } = newDeadLetters(new VirtualClock());
  const text = 'x'.repeat(DEAD_LETTERS_BYTES / 8);
  for (let n = 0; n < 20; n++) deadLetters.add(`order/${n}`, { type: 'pay', text }, undefined, 'MAILBOX_FULL');
  // Each weighs a little more than its text.
  expect(deadLetters.kept().map(({ to }) => to)).toEqual(Array.from({ length: 7 }, (_, n) => `order/${n + 13}`));
  deadLetters.add('order/large', { type: 'pay', text: text.repeat(9) }, undefined, 'MAILBOX_FULL');
  expect(deadLetters.kept().map(({ to }) => to)).toEqual(['order/large']);
});
