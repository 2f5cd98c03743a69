import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import { HELD_MAX, HELD_MS_MAX, type HeldSignal, HeldMail } from '../../../src/routing/held-mail.ts';
import { KeptReply, message, newDeadLetters, numberOf } from '../peer/link-fixture.ts';

function newHolds(memory?: QueueMemory): {
  holds: HeldMail;
  clock: VirtualClock;
  reasons: string[];
  listen(heard: () => void): void;
} {
  const clock = new VirtualClock();
  const { deadLetters, events, reasons } = newDeadLetters(clock);
  return {
    holds: new HeldMail(clock, deadLetters, memory),
    clock,
    reasons,
    listen: (heard) => void events.on('dead-letter', heard),
  };
}

const SIGNAL: HeldSignal = { to: 'counter/a', signal: { type: 'ask-probe', path: ['counter/a'] } };

function numbersIn(holds: HeldMail, unit: string): (number | string)[] {
  return holds.take(unit).map((one) => ('signal' in one ? one.signal.type : numberOf(one as Envelope)));
}

test('what waits for a unit is taken in order, signals among it, and others stay', () => {
  const { holds } = newHolds();
  for (const n of [1, 2, 3]) holds.add('#:1', message('counter/a', n));
  holds.add('#:1', SIGNAL);
  holds.add('#:2', message('counter/b', 9));
  expect([holds.size, holds.lengthOf('#:1'), holds.lengthOf('#:3')]).toEqual([5, 4, 0]);
  expect(numbersIn(holds, '#:1')).toEqual([1, 2, 3, 'ask-probe']);
  expect([holds.size, holds.holdsMailFor('#:1'), holds.units()]).toEqual([1, false, ['#:2']]);
});

test('what comes back from a link goes before what waits', () => {
  const { holds } = newHolds();
  holds.add('#:1', message('counter/a', 3));
  holds.putBack('#:1', [message('counter/a', 1), message('counter/a', 2)]);
  expect(holds.size).toBe(3);
  expect(numbersIn(holds, '#:1')).toEqual([1, 2, 3]);
});

test('what waits in a shard for one id goes on waiting by itself, before what waits there', () => {
  const { holds } = newHolds();
  for (const n of [1, 2, 3, 4]) holds.add('#:1', message(n % 2 ? 'counter/a' : 'counter/b', n));
  holds.add('counter/a', message('counter/a', 5));
  holds.splitOff('#:1', 'counter/a');
  holds.splitOff('#:1', 'counter/other');
  expect(holds.size).toBe(5);
  expect([numbersIn(holds, 'counter/a'), numbersIn(holds, '#:1')]).toEqual([
    [1, 3, 5],
    [2, 4],
  ]);
  holds.add('#:1', message('counter/a', 6));
  holds.splitOff('#:1', 'counter/a');
  expect(holds.units()).toEqual(['counter/a']);
});

describe('past its bound', () => {
  function full(): ReturnType<typeof newHolds> {
    const all = newHolds();
    const one = message('counter/a', 0);
    for (let n = 0; n < HELD_MAX; n++) all.holds.add('#:1', one);
    return all;
  }

  test('a message is refused, an ask told so, and a signal still taken', () => {
    const { holds, reasons } = full();
    expect(reasons).toEqual([]);
    const ask = new KeptReply();
    expect([holds.add('#:2', message('counter/b', 1)), holds.add('#:2', message('counter/b', 2, ask))]).toEqual([
      false,
      false,
    ]);
    expect([reasons, ask.outcome]).toMatchObject([
      ['counter/b:OVERLOADED'],
      { code: 'OVERLOADED', fate: 'not-executed' },
    ]);
    expect([holds.add('#:2', SIGNAL), holds.size]).toEqual([true, HELD_MAX + 1]);
  });

  test('the newest of what comes back is refused', () => {
    const { holds, reasons } = newHolds();
    const one = message('counter/b', 0);
    for (let n = 0; n < HELD_MAX - 2; n++) holds.add('#:2', one);
    holds.putBack(
      '#:1',
      [1, 2, 3].map((n) => message(`counter/${n}`, n)),
    );
    expect([reasons, holds.size, numbersIn(holds, '#:1')]).toEqual([['counter/3:OVERLOADED'], HELD_MAX, [1, 2]]);
  });
});

describe('in time', () => {
  test('a message that found no host is a dead letter, not before its time', async () => {
    const { holds, clock, reasons } = newHolds();
    const ask = new KeptReply();
    holds.add('#:1', message('counter/a', 1));
    holds.add('#:1', SIGNAL);
    holds.add('#:2', message('counter/b', 1, ask));
    await clock.advance(HELD_MS_MAX - 1);
    expect([reasons, holds.size]).toEqual([[], 3]);
    await clock.advance(1);
    expect([reasons, ask.outcome, holds.size]).toMatchObject([['counter/a:NO_WORKER'], { code: 'NO_WORKER' }, 0]);
    expect(clock.timers).toBe(0);
  });

  test('those that came later have theirs, and go no later than a quarter past it', async () => {
    const { holds, clock, reasons } = newHolds();
    holds.add('#:1', message('counter/a', 1));
    await clock.advance(1_000);
    holds.add('#:1', message('counter/b', 2));
    await clock.advance(HELD_MS_MAX - 1_000);
    expect([reasons, holds.size]).toEqual([['counter/a:NO_WORKER'], 1]);
    await clock.advance(1_000 + HELD_MS_MAX / 4);
    expect([reasons.length, holds.size, holds.holdsMailFor('#:1')]).toEqual([2, 0, false]);
  });

  test('whoever hears of it may send again at once, and that waits its own time', async () => {
    const { holds, clock, reasons, listen } = newHolds();
    listen(() => {
      if (reasons.length !== 1) return;
      holds.take('#:1');
      holds.add('#:1', message('counter/a', 2));
    });
    holds.add('#:1', message('counter/a', 1));
    await clock.advance(HELD_MS_MAX);
    expect([holds.size, numbersIn(holds, '#:1')]).toEqual([1, [2]]);
  });
});

test('at the end of the system nothing waits without a word, and no timer is left', () => {
  const { holds, clock, reasons } = newHolds();
  holds.add('#:1', message('counter/a', 1));
  holds.add('#:1', SIGNAL);
  holds.refuseAll('SHUTTING_DOWN', 'the system is shutting down');
  expect([reasons, holds.size, clock.timers]).toEqual([['counter/a:SHUTTING_DOWN'], 0, 0]);
});

test('what waits has a bound by bytes, and whatever is done with it the sum returns to nothing', async () => {
  const memory = new QueueMemory(4 * 1024 * 1024);
  const { holds, reasons, clock } = newHolds(memory);
  const heavy = (n: number, sender?: string): Envelope =>
    new Envelope(
      'message',
      'counter/a',
      { type: 'note', text: String(n % 10).repeat(64 * 1024) },
      sender,
      undefined,
      0,
    );
  const clear: boolean[] = [];
  for (let n = 0; n < 20; n++) {
    holds.add('#:1', heavy(n, n % 2 === 0 ? 'counter/s' : undefined));
    clear.push(holds.isClear);
  }
  expect([clear.indexOf(false), holds.size, new Set(reasons)]).toEqual([7, 15, new Set(['counter/a:OVERLOADED'])]);
  holds.add('#:1', SIGNAL);
  expect(holds.takeFrom((sender) => sender === 'counter/s').length).toBe(8);
  holds.splitOff('#:1', 'counter/a');
  const taken = holds.take('counter/a');
  expect([taken.length, holds.size, memory.bytes]).toEqual([8, 0, 0]);
  holds.putBack('#:1', [...taken, ...Array.from({ length: 20 }, (_, n) => weighed(memory, heavy(n)))]);
  expect([holds.size, reasons.length]).toEqual([16, 5 + 12]);
  await clock.advance(HELD_MS_MAX * 2);
  expect([holds.size, memory.bytes]).toEqual([0, 0]);
});

function weighed(memory: QueueMemory, envelope: Envelope): Envelope {
  memory.weigh(envelope, envelope.message);
  return envelope;
}

test('mail of this process goes to the front of another key, that of other processes stays where it waits', () => {
  const { holds } = newHolds();
  holds.add('#:1', message('counter/a', 1));
  holds.addRelayed('#:1', message('counter/a', 7));
  holds.add('#:1', SIGNAL);
  holds.add('>#:1', message('counter/a', 2));
  holds.moveOwn('#:1', '>#:1');
  holds.moveOwn('#:9', '>#:9');
  expect(holds.size).toBe(4);
  expect([numbersIn(holds, '>#:1'), numbersIn(holds, '#:1')]).toEqual([[1, 'ask-probe', 2], [7]]);
  expect([holds.size, holds.units()]).toEqual([0, []]);
});
