/** Mail of other machines that goes on from here, while mail of this machine for the same actors waits for what took another way. */
import { expect, test, vi } from 'vitest';
import { shardOf, shardUnit } from '../../../src/placement/shard.ts';
import type { MailCapture } from '../../../src/routing/mail-capture.ts';
import { HELD_STREAMS_MAX } from '../../../src/routing/kept-by-senders.ts';
import { message } from '../peer/link-fixture.ts';
import { DeliveryId } from '../../../src/vocabulary/envelope.ts';
import { newRouterKit, type RouterKit, textOf } from './router-fixture.ts';

const ID = 'counter/a';
const PARTITION = new Set([shardOf(ID)]);
const NONE = new Set<number>();

/** What waits for the socket of the worker that hosts it. */
function sent({ peer }: RouterKit): string[] {
  return peer(2)
    .waiting.map(textOf)
    .filter((text) => !text.endsWith('barrier'));
}

const texts = (...numbers: number[]): string[] => numbers.map((n) => `${ID} ${n}`);

test('that a link gives back goes to the next host, before what comes meanwhile', () => {
  const kit = newRouterKit();
  const { router, peer, end } = kit;
  router.holdPartitions(NONE, PARTITION);
  router.passOn(message(ID, 1));
  router.deliver(message(ID, 9));
  end(2);
  router.passOn(message(ID, 2));
  peer(2).ended = false;
  router.releaseUnhosted();
  expect(sent(kit)).toEqual(texts(1, 2));
  router.holdPartitions(NONE, NONE);
  router.releaseUnhosted();
  expect(sent(kit)).toEqual(texts(1, 2, 9));
});

test('that came along with its actors goes before all that waits for them', () => {
  const kit = newRouterKit();
  const { router } = kit;
  router.holdPartitions(PARTITION, PARTITION);
  router.passOn(message(ID, 3));
  router.deliver(message(ID, 9));
  router.putFirst([1, 2].map((n) => router.holds.notePassedOn(message(ID, n))));
  router.holdPartitions(NONE, PARTITION);
  router.releaseUnhosted();
  expect(sent(kit)).toEqual(texts(1, 2, 3));
});

test('that was kept for actors about to leave goes on before what comes meanwhile', () => {
  const kit = newRouterKit();
  const { router } = kit;
  const unit = shardUnit('', shardOf(ID));
  const moving = { captureInbound: (_, envelope) => router.holds.add(unit, envelope) } as Partial<MailCapture>;
  router.hold(1, [unit]);
  router.captureFor('move', moving as MailCapture);
  router.passOn(message(ID, 1));
  router.captureFor('move', undefined);
  router.holdPartitions(NONE, PARTITION);
  router.passOn(message(ID, 2));
  router.release(1);
  expect(sent(kit)).toEqual(texts(1, 2));
});

const STREAM = 'counter/sender';

/** Its sender keeps it, and counts it so. */
function tracked(id: string, number: number, stream = STREAM): ReturnType<typeof message> {
  const envelope = message(id, number);
  envelope.deliveryId = new DeliveryId(stream, number, number - 1, 1, undefined);
  return envelope;
}

test('whose sender elsewhere keeps it waits here all the same, each message once', () => {
  const kit = newRouterKit();
  const { router } = kit;
  router.holdPartitions(PARTITION, NONE);
  for (const number of [4, 5, 4, 5, 6, 4]) router.passOn(tracked(ID, number));
  // A run that begins before it: one of before was lost on its way.
  for (const number of [3, 4, 3]) router.passOn(tracked(ID, number));
  router.passOn(tracked(ID, 4, 'counter/other'));
  router.passOn(message(ID, 9));
  router.holdPartitions(NONE, NONE);
  router.releaseUnhosted();
  expect(sent(kit)).toEqual(texts(4, 5, 6, 3, 4, 4, 9));
  // It is on its way: what comes again may have been lost there.
  router.holdPartitions(PARTITION, NONE);
  router.passOn(tracked(ID, 4));
  expect(router.holds.size).toBe(1);
});

test('whose sender elsewhere keeps it waits here where another process of this machine has sent it on', () => {
  const { router } = newRouterKit();
  router.hold(1, [shardUnit('', shardOf(ID))]);
  router.arrived(tracked(ID, 1));
  router.arrived(tracked(ID, 1));
  expect(router.holds.size).toBe(1);
});

test('whose sender is here does not wait: it is sent again once there is a way', () => {
  const { router, kernel } = newRouterKit();
  const resent: boolean[] = [];
  kernel.durability = { resend: (isLost: (id: string) => boolean) => void resent.push(isLost(ID)) } as never;
  router.holdPartitions(PARTITION, NONE);
  router.deliver(tracked(ID, 1));
  expect([router.holds.size, resent]).toEqual([0, []]);
  router.holdPartitions(NONE, NONE);
  router.releaseUnhosted();
  expect(resent).toEqual([true]);
});

test('whose sender elsewhere keeps it takes half of the room for what waits, and no more', () => {
  const { router, reasons } = newRouterKit();
  const isClear = vi.spyOn(router.holds, 'isClear', 'get').mockReturnValue(false);
  router.holdPartitions(PARTITION, NONE);
  router.passOn(tracked(ID, 1));
  expect([router.holds.size, reasons]).toEqual([0, []]);
  isClear.mockReturnValue(true);
  router.passOn(tracked(ID, 1));
  expect(router.holds.size).toBe(1);
});

test(`of more than ${HELD_STREAMS_MAX} streams each message is held, and repeats may be`, () => {
  const { router } = newRouterKit();
  router.holdPartitions(PARTITION, NONE);
  for (let n = 0; n < HELD_STREAMS_MAX; n++) router.passOn(tracked(ID, 1, `counter/${n}`));
  router.passOn(tracked(ID, 1, 'counter/0'));
  expect(router.holds.size).toBe(HELD_STREAMS_MAX);
  router.passOn(tracked(ID, 1, 'counter/past'));
  router.passOn(tracked(ID, 1, 'counter/0'));
  expect(router.holds.size).toBe(HELD_STREAMS_MAX + 2);
});
