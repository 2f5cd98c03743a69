/** What a removed actor had told goes on without its record: until it is acknowledged, or a time is over. */
import { expect, test } from 'vitest';
import { DEPARTED_SEND_MS, Departed } from '../../../src/durability/removal.ts';
import { ResendQueue, RESEND_MS } from '../../../src/resending/resend-queue.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { DeliveryId, Envelope } from '../../../src/vocabulary/envelope.ts';
import { KeptLog } from '../actor/kernel-fixture.ts';

interface Left {
  clock: VirtualClock;
  log: KeptLog;
  departed: Departed;
  posted: Envelope[];
  acknowledge(number: number): void;
}

/** `account/a` is removed, and `account/b` has not acknowledged what it told. */
function leave(count: number): Left {
  const [clock, log, posted] = [new VirtualClock(), new KeptLog(), [] as Envelope[]];
  const queue = new ResendQueue(clock, (envelope) => posted.push(envelope));
  for (let number = 1; number <= count; number++) {
    const envelope = (previous: number, floor: number): Envelope => {
      const made = new Envelope('message', 'account/b', { type: 'x' }, 'account/a', undefined, 0);
      made.deliveryId = new DeliveryId('account/a', number, previous, floor, undefined);
      return made;
    };
    queue.add('account/b', { number, envelope });
  }
  const departed = new Departed(clock, log);
  departed.add('account/a', queue);
  const acknowledge = (number: number): void =>
    departed.acknowledged('account/a', { type: 'acknowledged', by: 'account/b', stream: 'account/a', number } as never);
  return { clock, log, departed, posted, acknowledge };
}

test(`it is sent again for ${DEPARTED_SEND_MS} ms, then given up with a line of log`, async () => {
  const { clock, log, departed, posted } = leave(2);
  await clock.advance(RESEND_MS);
  expect(posted).toHaveLength(4);
  await clock.advance(DEPARTED_SEND_MS - RESEND_MS - 1);
  const sent = posted.length;
  expect([departed.isBusy, sent > 4, log.lines]).toEqual([true, true, []]);
  await clock.advance(1);
  expect(log.lines).toEqual([
    { level: 'error', fields: { actor: 'account/a', messages: 2 }, text: expect.stringContaining('given up') },
  ]);
  expect(departed.isBusy).toBe(false);
  await clock.advance(DEPARTED_SEND_MS * 5);
  expect(posted).toHaveLength(sent);
});

test('once all is acknowledged nothing is sent or said any more', async () => {
  const { clock, log, departed, posted, acknowledge } = leave(2);
  acknowledge(2);
  expect(departed.isBusy).toBe(false);
  await clock.advance(DEPARTED_SEND_MS * 5);
  expect([posted.length, log.lines]).toEqual([2, []]);
});
