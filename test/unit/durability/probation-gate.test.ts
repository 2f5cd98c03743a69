/** Turns on probation that wait for one that is not over: how long they do. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { ALONE_MS, type Guest, ProbationGate } from '../../../src/durability/probation-gate.ts';

test('one that takes longer than it may be alone pauses for the next, and is alone again behind it', async () => {
  const clock = new VirtualClock();
  const gate = new ProbationGate(clock);
  const order: string[] = [];
  const come = (name: string) => {
    const guest: Guest = {
      isWaiting: false,
      pause: () => void order.push(`${name} pauses`),
      goOn: () => void order.push(`${name} goes on`),
    };
    const pass = gate.enter(guest);
    void pass.entered.then(() => order.push(`${name} is alone`));
    return pass;
  };
  const slow = come('slow');
  const next = come('next');
  await clock.advance(ALONE_MS - 1);
  expect(order).toEqual(['slow is alone']);
  // The gate looks again and again, a moment apart.
  await clock.advance(50);
  expect(order).toEqual(['slow is alone', 'slow pauses', 'next is alone']);
  next.release();
  slow.release();
  await clock.advance(1);
  expect(order.slice(3)).toEqual(['slow goes on']);
  gate.close();
});
