import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { CreditGranter, WAITING_HIGH } from '../../../src/peer/credit-granter.ts';
import { LINK_CREDIT } from '../../../src/peer/outbound-queue.ts';

function newGranter(): { clock: VirtualClock; load: { waiting: number }; granted: number[]; granter: CreditGranter } {
  const clock = new VirtualClock();
  const load = { waiting: 0 };
  const granted: number[] = [];
  return { clock, load, granted, granter: new CreditGranter(clock, load, (count) => void granted.push(count)) };
}

test('grants exactly what was spent, in portions, so that a peer never runs dry while this process keeps up', () => {
  const { granter, granted } = newGranter();
  let [spent, owed] = [0, 0];
  for (let n = 0; n < 1_000; n++) {
    granter.spent(100);
    spent += 100;
    owed = spent - granted.reduce((sum, count) => sum + count, 0);
    expect(owed).toBeLessThan(LINK_CREDIT / 2);
  }
  expect(granted.length).toBeLessThan(20);
});

test('grants nothing while too much waits, and all that is owed once as mailboxes have emptied', async () => {
  const { clock, load, granter, granted } = newGranter();
  load.waiting = WAITING_HIGH;
  for (let n = 0; n < 3; n++) granter.spent(LINK_CREDIT / 4);
  await clock.advance(1_000);
  expect(granted).toEqual([]);
  load.waiting = WAITING_HIGH - 1;
  await clock.advance(10);
  expect([granted, clock.timers]).toEqual([[(LINK_CREDIT / 4) * 3], 0]);
  granter.spent(LINK_CREDIT / 4);
  expect(granted.length).toBe(2);
});
