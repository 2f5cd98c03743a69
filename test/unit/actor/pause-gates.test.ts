/** The gates of paused actors, by themselves: cells of the test wait at them, and the test says how many messages may go. */
import { expect, test } from 'vitest';
import { type Gated, Pauses } from '../../../src/actor/pauses.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { Pause } from '../../../src/vocabulary/pause.ts';

/** Has so many messages, and handles as many as its gate lets it. */
class Waiter implements Gated {
  readonly id: string;
  readonly #pauses: Pauses;
  left: number;

  constructor(pauses: Pauses, id: string, messages: number) {
    this.#pauses = pauses;
    this.id = id;
    this.left = messages;
  }

  get mailbox() {
    return { length: this.left, mail: () => [] };
  }

  goOn(): void {
    while (this.left > 0 && !this.#pauses.holdsBack(this) && this.#pauses.take(this, 1) === 1) this.left--;
  }
}

function start(): {
  pauses: Pauses;
  clock: VirtualClock;
  asked: { pattern: string; wanted: number; answer: (count: number) => Promise<void> }[];
  set: (...all: [pattern: string, perSecond?: number][]) => void;
  cell: (id: string, messages: number) => Waiter;
} {
  const clock = new VirtualClock();
  const pauses = new Pauses(clock);
  const asked: ReturnType<typeof start>['asked'] = [];
  pauses.letThrough = (pattern, wanted) =>
    new Promise((resolve) => {
      const answer = async (count: number): Promise<void> => {
        resolve(count);
        await clock.settle();
      };
      asked.push({ pattern, wanted, answer });
    });
  const set = (...all: [string, number?][]): void =>
    pauses.set(all.map(([pattern, perSecond]) => ({ pattern, perSecond, since: 0, reason: undefined }) as Pause));
  const cell = (id: string, messages: number): Waiter => {
    const one = new Waiter(pauses, id, messages);
    one.goOn();
    return one;
  };
  return { pauses, clock, asked, set, cell };
}

test('a portion that was asked for at another rate lets none through; it is asked for anew', async () => {
  const { asked, set, cell } = start();
  set(['order/*', 10]);
  const one = cell('order/1', 3);
  expect(asked.map(({ wanted }) => wanted)).toEqual([3]);
  set(['order/*', 1]);
  await asked[0]?.answer(3);
  expect([one.left, asked.length]).toEqual([3, 2]);
  await asked[1]?.answer(1);
  expect([one.left, asked.length]).toEqual([2, 3]);
});

test('what was left of a portion is gone with another rate', async () => {
  const { asked, set, cell } = start();
  set(['order/*', 100]);
  const one = cell('order/1', 1);
  await asked[0]?.answer(5);
  expect(one.left).toBe(0);
  set(['order/*', 1]);
  const other = cell('order/2', 1);
  expect([other.left, asked.length]).toEqual([1, 2]);
});

test('what one has not used lets another one through, at the next look', async () => {
  const { pauses, asked, clock, set, cell } = start();
  set(['order/*', 100]);
  const one = cell('order/1', 2);
  const other = cell('order/2', 1);
  // Its mail has gone elsewhere meanwhile.
  one.left = 0;
  await asked[0]?.answer(1);
  expect(other.left).toBe(1);
  await clock.advance(200);
  expect(other.left).toBe(0);
  const late = cell('order/3', 3);
  expect(late.left).toBe(3);
  pauses.giveBack(late, 2);
  late.goOn();
  expect(late.left).toBe(1);
});

test('a pause holds whatever a rate lets through, and lets go as it ends', async () => {
  const { asked, set, cell } = start();
  set(['order/*', 100], ['order/1']);
  const one = cell('order/1', 1);
  const other = cell('order/2', 1);
  expect(asked).toHaveLength(1);
  await asked[0]?.answer(9);
  expect([one.left, other.left]).toEqual([1, 0]);
  set(['order/*', 100]);
  expect(one.left).toBe(0);
});

test('a gate asks for no more than a thousand messages at once', () => {
  const { asked, set, cell } = start();
  set(['order/*', 1_000_000]);
  cell('order/1', 5_000);
  expect(asked[0]?.wanted).toBe(1_000);
});
