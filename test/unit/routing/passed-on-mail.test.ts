/** Mail of other machines that goes on from here, while mail of this machine for the same actors waits for what took another way. */
import { expect, test } from 'vitest';
import { shardOf, shardUnit } from '../../../src/placement/shard.ts';
import type { MailCapture } from '../../../src/routing/mail-capture.ts';
import { message } from '../peer/link-fixture.ts';
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
