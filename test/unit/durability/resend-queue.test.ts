import { beforeEach, describe, expect, it } from 'vitest';
import {
  IDLE_QUEUES_MAX,
  ResendQueue,
  OUTBOX_WINDOW,
  RESEND_MS,
  RESEND_MS_MAX,
} from '../../../src/resending/resend-queue.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { Envelope, DeliveryId } from '../../../src/vocabulary/envelope.ts';

let clock: VirtualClock;
let posted: Envelope[];
let resendQueue: ResendQueue;

beforeEach(() => {
  clock = new VirtualClock();
  posted = [];
  resendQueue = new ResendQueue(clock, (envelope) => posted.push(envelope));
});

const add = (number: number, isAsk = false): void => addTo('account/b', number, isAsk);

function addTo(to: string, number: number, isAsk = false): void {
  resendQueue.add(to, {
    number,
    isAsk,
    envelope: (previous, floor) => {
      const envelope = new Envelope('message', to, { type: 'x' }, 'account/a', undefined, 0);
      envelope.deliveryId = new DeliveryId('account/a', number, previous, floor, undefined);
      return envelope;
    },
  });
}

/** `number<previous` of what was posted since the last look. */
function sent(): string[] {
  return posted
    .splice(0)
    .map(({ deliveryId, verb }) => (deliveryId ? `${deliveryId.number}<${deliveryId.previous}` : verb));
}

describe('an outbox', () => {
  it('sends in order, each naming the one before it that is not acknowledged', () => {
    for (const number of [3, 4, 9]) add(number);
    expect(sent()).toEqual(['3<0', '4<3', '9<4']);
    expect(resendQueue.acknowledged('account/b', 4)).toEqual([3, 4]);
    add(12);
    expect(sent()).toEqual(['12<9']);
    expect(resendQueue.size).toBe(2);
  });

  it('has so many on their way to one receiver, and not one more', () => {
    for (let number = 1; number <= OUTBOX_WINDOW + 2; number++) add(number);
    expect(sent()).toHaveLength(OUTBOX_WINDOW);
    resendQueue.acknowledged('account/b', 1);
    expect(sent()).toEqual([`${OUTBOX_WINDOW + 1}<${OUTBOX_WINDOW}`]);
  });

  it('sends again, from the first, what is not acknowledged in time, each time after longer', async () => {
    for (const number of [1, 2]) add(number);
    sent();
    const times: number[] = [];
    for (let ms = 0; ms < 200_000; ms += 500) {
      await clock.advance(500);
      if (posted.length > 0) {
        expect(sent()).toEqual(['1<0', '2<1']);
        times.push(ms + 500);
      }
    }
    const waits = times.map((time, at) => time - (times[at - 1] ?? 0));
    expect(waits.slice(0, 3)).toEqual([RESEND_MS, RESEND_MS * 2, RESEND_MS * 4]);
    expect(Math.max(...waits)).toBe(RESEND_MS_MAX);
  });

  it('sends those behind one that is withdrawn again: they named it', () => {
    for (const number of [1, 2, 3]) add(number);
    sent();
    resendQueue.withdraw('account/b', 2);
    expect(sent()).toEqual(['3<1']);
  });

  it('sends nothing again for a reply: it says that its ask, and all before it, are committed', () => {
    add(1);
    add(2, true);
    add(3);
    sent();
    expect(resendQueue.answered('account/b', 2)).toEqual([1, 2]);
    expect([sent(), resendQueue.size]).toEqual([[], 1]);
    resendQueue.resend('account/b', true);
    expect(sent()).toEqual(['3<0']);
  });

  it('forgets the receivers that nothing waits for, beyond a bound', () => {
    const to = (n: number): string => `account/${n}`;
    for (let n = 0; n <= IDLE_QUEUES_MAX; n++) {
      addTo(to(n), n + 1);
      resendQueue.acknowledged(to(n), n + 1);
      if (n === IDLE_QUEUES_MAX - 1) expect(resendQueue.receivers()).toHaveLength(IDLE_QUEUES_MAX);
    }
    expect(resendQueue.receivers()).toEqual([]);
    addTo(to(0), 9_999);
    expect(resendQueue.receivers()).toEqual([to(0)]);
  });

  it('keeps an ask that is acknowledged until it is withdrawn, and sends it again where its host was lost', () => {
    add(1, true);
    add(2);
    sent();
    resendQueue.acknowledged('account/b', 2);
    expect(resendQueue.size).toBe(0);
    resendQueue.resend('account/b');
    expect(sent()).toEqual(['1<0']);
    resendQueue.withdraw('account/b', 1);
    resendQueue.resend('account/b');
    expect(sent()).toEqual([]);
  });

  it('lets a stop go once what was sent before it is handled', () => {
    add(1);
    resendQueue.follow('account/b', new Envelope('stop', 'account/b', 'stopped', undefined, undefined, 0));
    add(2);
    expect(sent()).toEqual(['1<0', '2<1']);
    resendQueue.acknowledged('account/b', 1);
    expect(sent()).toEqual(['stop']);
  });

  it('lets a stop go behind the only ask once that is answered, and rests', () => {
    add(1, true);
    resendQueue.follow('account/b', new Envelope('stop', 'account/b', 'stopped', undefined, undefined, 0));
    sent();
    expect(resendQueue.answered('account/b', 1)).toEqual([1]);
    expect([sent(), resendQueue.size]).toEqual([['stop'], 0]);
    add(2, true);
    expect([sent(), resendQueue.answered('account/b', 2), resendQueue.size]).toEqual([['2<0'], [2], 0]);
    add(3, true);
    expect(sent()).toEqual(['3<0']);
  });
});
