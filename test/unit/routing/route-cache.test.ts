import { expect, test } from 'vitest';
import type { Kernel } from '../../../src/actor/kernel.ts';
import { PendingReplies } from '../../../src/actor/pending-replies.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import type { KindTerms } from '../../../src/wire/control.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { RouteCache, ROUTES_KEPT } from '../../../src/routing/route-cache.ts';

function newDestinations(memoryBytes?: number): {
  pending: PendingReplies;
  barriers: Envelope[];
  destinations: RouteCache;
} {
  const pending = new PendingReplies(new VirtualClock(), '~1.1');
  const barriers: Envelope[] = [];
  const destinations = new RouteCache(
    { pending, memory: new QueueMemory(memoryBytes) } as unknown as Kernel,
    (envelope) => barriers.push(envelope) > 0,
  );
  return { pending, barriers, destinations };
}

const clearPeer = { ended: false, mail: () => true } as unknown as OutboundQueue;
const told = (id: string): Envelope => new Envelope('message', id, { type: 'note' }, undefined, undefined, 0);
const sent = (destinations: RouteCache, id: string, terms: KindTerms): boolean =>
  destinations.send(told(id), terms, clearPeer, 1);

const capacityOf = (capacity: number): KindTerms => ({ capacity }) as KindTerms;

test.each([2, 3, 8, 100, 1_000])(
  'a sender that obeys `false` never overruns a distant mailbox of %i',
  async (capacity) => {
    const { barriers, destinations } = newDestinations();
    let seed = capacity * 7_919;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    /** The mailbox at the other end, in the order of the link: messages, and barriers that answer when they are reached. */
    const mailbox: (Envelope | 'message')[] = [];
    let [handled, mostWaiting] = [0, 0];
    while (handled < capacity * 20) {
      let isClear = true;
      while (isClear && random() > 0.02) {
        isClear = sent(destinations, 'counter/a', capacityOf(capacity));
        mailbox.push('message', ...barriers.splice(0));
        mostWaiting = Math.max(mostWaiting, mailbox.filter((one) => one === 'message').length);
      }
      // Told to slow down it waits until what it has sent is handled, else a part of it is.
      const until = isClear ? mailbox.length * random() : 0;
      while (mailbox.length > until) {
        const next = mailbox.shift() as Envelope | 'message';
        if (next === 'message') handled++;
        else next.replyTo?.resolve(undefined);
      }
      await new Promise(setImmediate);
    }
    expect(mostWaiting).toBeLessThanOrEqual(capacity);
    expect(mostWaiting).toBeGreaterThan(capacity / 4);
  },
);

test('one barrier is under way at a time, after a quarter of a mailbox, and no count is lost by a refusal', async () => {
  const { barriers, destinations } = newDestinations();
  const clear = Array.from({ length: 100 }, () => sent(destinations, 'counter/a', capacityOf(100)));
  expect([clear.indexOf(false), barriers.length]).toEqual([50, 1]);
  barriers[0]?.replyTo?.reject(new TroupeError('ACTOR_UNAVAILABLE', 'the connection was lost'));
  await new Promise(setImmediate);
  // What was sent behind the barrier is still under way.
  expect([sent(destinations, 'counter/a', capacityOf(100)), barriers.length]).toEqual([false, 2]);
  barriers[1]?.replyTo?.resolve(undefined);
  await new Promise(setImmediate);
  expect(sent(destinations, 'counter/a', capacityOf(100))).toBe(true);
});

test('each id counts by itself', () => {
  const { destinations } = newDestinations();
  for (let n = 0; n < 60; n++) sent(destinations, 'counter/a', capacityOf(100));
  expect([sent(destinations, 'counter/a', capacityOf(100)), sent(destinations, 'counter/b', capacityOf(100))]).toEqual([
    false,
    true,
  ]);
});

test('past its bound it counts anew, and late barriers of the old counts harm nothing', async () => {
  const { barriers, destinations } = newDestinations();
  for (let n = 0; n < 60; n++) sent(destinations, 'counter/a', capacityOf(100));
  for (let n = 0; n < ROUTES_KEPT; n++) sent(destinations, `counter/${n}`, capacityOf(100));
  expect(sent(destinations, 'counter/a', capacityOf(100))).toBe(true);
  for (const { replyTo } of barriers.splice(0)) replyTo?.resolve(undefined);
  await new Promise(setImmediate);
  const clear = Array.from({ length: 60 }, () => sent(destinations, 'counter/a', capacityOf(100)));
  expect(clear.indexOf(false)).toBe(49);
});

test('the way of the last message holds for the next one until a table comes or the link ends', () => {
  const { destinations } = newDestinations();
  const mailed: string[] = [];
  const peer = { ended: false, mail: ({ to }: Envelope) => mailed.push(to) > 0 } as unknown as OutboundQueue;
  expect(destinations.sendByCachedRoute(told('counter/a'), 1)).toBeUndefined();
  destinations.send(told('counter/a'), capacityOf(4), peer, 1);
  expect([
    destinations.sendByCachedRoute(told('counter/a'), 1),
    destinations.sendByCachedRoute(told('counter/b'), 1),
  ]).toEqual([true, undefined]);
  // Half a mailbox is under way with the next one: also a message that goes the known way counts.
  expect([
    destinations.sendByCachedRoute(told('counter/a'), 1),
    destinations.sendByCachedRoute(told('counter/a'), 2),
  ]).toEqual([false, undefined]);
  peer.ended = true;
  expect([destinations.sendByCachedRoute(told('counter/a'), 1), mailed.length]).toEqual([undefined, 3]);
});

test('heavy messages count by their bytes: false from half of a mailbox on, a barrier from a quarter on', async () => {
  const { barriers, destinations } = newDestinations(4 * 1024 * 1024);
  const heavy = (n: number): Envelope =>
    new Envelope(
      'message',
      'counter/a',
      { type: 'note', text: String(n % 10).repeat(64 * 1024) },
      undefined,
      undefined,
      0,
    );
  const said: boolean[] = [];
  for (let n = 0; n < 10; n++) said.push(destinations.send(heavy(n), capacityOf(100_000), clearPeer, 1));
  expect([said.indexOf(false), barriers.length]).toEqual([7, 1]);
  barriers[0]?.replyTo?.resolve(undefined);
  await Promise.resolve();
  expect(destinations.send(heavy(0), capacityOf(100_000), clearPeer, 1)).toBe(true);
});
