import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DeadlineEntry,
  DeadlineWheel,
  EMPTY_BUCKETS_MAX,
  type WheelClock,
} from '../../../src/structures/deadline-wheel.ts';

interface FakeTimer {
  atMs: number;
  run: () => void;
}

/** Time that moves only when told to; its timers may fire early, as those of Node.js do. */
class FakeClock implements WheelClock {
  nowMs = 0;
  timersSet = 0;
  readonly timers = new Set<FakeTimer>();
  readonly earlyMs: number;

  constructor(earlyMs = 0) {
    this.earlyMs = earlyMs;
  }

  now(): number {
    return this.nowMs;
  }

  setTimer(ms: number, run: () => void): { cancel(): void } {
    this.timersSet++;
    const timer = { atMs: this.nowMs + (ms > this.earlyMs ? ms - this.earlyMs : ms), run };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  advanceTo(untilMs: number): void {
    for (;;) {
      const [next] = [...this.timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }
}

class Entry extends DeadlineEntry {
  readonly onExpire: () => void;

  constructor(onExpire: () => void = () => {}) {
    super();
    this.onExpire = onExpire;
  }

  override expire(): void {
    this.onExpire();
  }
}

function setUp(options: { granularityMs?: number; earlyMs?: number } = {}) {
  const clock = new FakeClock(options.earlyMs);
  const wheel = new DeadlineWheel(clock, options.granularityMs);
  const expired: string[] = [];
  const add = (name: string, atMs: number, then?: () => void): Entry => {
    const entry = new Entry(() => {
      expired.push(name);
      then?.();
    });
    wheel.add(entry, atMs);
    return entry;
  };
  return { clock, wheel, expired, add };
}

describe('a deadline wheel', () => {
  it('expires nothing early, and everything once', () => {
    const { clock, wheel, expired, add } = setUp();
    add('a', 10);
    clock.advanceTo(9.9);
    expect(expired).toEqual([]);
    clock.advanceTo(10);
    expect(expired).toEqual(['a']);
    clock.advanceTo(1_000);
    expect([expired, wheel.size, wheel.bucketCount, clock.timers.size]).toEqual([['a'], 0, 0, 0]);
  });

  it('waits on when its timer fires early', () => {
    const { clock, expired, add } = setUp({ earlyMs: 3 });
    add('a', 10);
    clock.advanceTo(9);
    expect(expired).toEqual([]);
    clock.advanceTo(10);
    expect(expired).toEqual(['a']);
  });

  it('expires by deadline, whatever the order of adding, and in order of adding at one deadline', () => {
    const { clock, expired, add } = setUp();
    add('c', 30);
    add('a', 10);
    add('b1', 20);
    add('b2', 20);
    clock.advanceTo(100);
    expect(expired).toEqual(['a', 'b1', 'b2', 'c']);
  });

  it('expires what is overdue as soon as timers run', () => {
    const { clock, expired, add } = setUp();
    clock.advanceTo(50);
    add('a', 10);
    expect(expired).toEqual([]);
    clock.advanceTo(50);
    expect(expired).toEqual(['a']);
  });

  it('is late by its granularity at most', () => {
    const { clock, expired, add } = setUp({ granularityMs: 10 });
    add('a', 11);
    clock.advanceTo(19.9);
    expect(expired).toEqual([]);
    clock.advanceTo(20);
    expect(expired).toEqual(['a']);
  });

  it('does not expire what was removed, and takes a second removal for nothing', () => {
    const { clock, wheel, expired, add } = setUp();
    const a = add('a', 10);
    add('b', 10);
    const c = add('c', 10);
    wheel.remove(a);
    wheel.remove(a);
    wheel.remove(c);
    expect(wheel.size).toBe(1);
    clock.advanceTo(10);
    expect(expired).toEqual(['b']);
  });

  it('gives an entry that waits already its new deadline', () => {
    const { clock, wheel, expired, add } = setUp();
    const a = add('a', 10);
    wheel.add(a, 20);
    expect(wheel.size).toBe(1);
    clock.advanceTo(19);
    expect(expired).toEqual([]);
    clock.advanceTo(20);
    expect(expired).toEqual(['a']);
  });

  it('takes back what an expiring entry removes at the same tick', () => {
    const { clock, wheel, expired, add } = setUp();
    add('a', 10, () => wheel.remove(b));
    const b = add('b', 10);
    clock.advanceTo(10);
    expect([expired, wheel.size]).toEqual([['a'], 0]);
  });

  it('lets the event loop go on although an entry adds itself again, overdue', () => {
    const { clock, wheel, expired, add } = setUp();
    const a = add('a', 10, () => wheel.add(a, 10));
    clock.advanceTo(10);
    expect(expired).toEqual(['a']);
    clock.advanceTo(12);
    expect(expired).toEqual(['a', 'a', 'a']);
  });

  it('expires the others when one throws, then throws what it threw', () => {
    const { clock, expired, add } = setUp();
    add('a', 10, () => {
      throw new Error('first');
    });
    add('b', 10);
    add('c', 20);
    expect(() => clock.advanceTo(10)).toThrow('first');
    expect(expired).toEqual(['a', 'b']);
    clock.advanceTo(20);
    expect(expired).toEqual(['a', 'b', 'c']);
  });

  it('throws all errors together when several entries throw', () => {
    const { clock, add } = setUp();
    const fail = (): never => {
      throw new Error('failed');
    };
    add('a', 10, fail);
    add('b', 10, fail);
    expect(() => clock.advanceTo(10)).toThrow(AggregateError);
  });

  it('sets one timer, and a new one only for an earlier deadline', () => {
    const { clock, add } = setUp();
    for (let i = 0; i < 100; i++) add(`later ${i}`, 5_000 + i);
    expect([clock.timersSet, clock.timers.size]).toEqual([1, 1]);
    add('sooner', 10);
    expect([clock.timersSet, clock.timers.size]).toEqual([2, 1]);
  });

  it('sets no timer any more when all was removed', () => {
    const { clock, wheel, add } = setUp();
    wheel.remove(add('a', 10));
    clock.advanceTo(10);
    expect([clock.timers.size, wheel.bucketCount]).toEqual([0, 0]);
  });

  it('keeps a bounded number of empty buckets, however many entries come and go', () => {
    const { clock, wheel, add } = setUp();
    const stays = add('stays', 1);
    for (let i = 0; i < 100 * EMPTY_BUCKETS_MAX; i++) {
      wheel.remove(add('goes', 5_000 + i));
      expect(wheel.bucketCount).toBeLessThanOrEqual(2 * (EMPTY_BUCKETS_MAX + 1));
    }
    wheel.remove(stays);
    clock.advanceTo(10);
    expect([wheel.size, wheel.bucketCount]).toEqual([0, 0]);
  });

  it('waits for a deadline that is further away than a timer can wait', () => {
    const { clock, expired, add } = setUp();
    const farMs = 2 ** 33;
    add('far', farMs);
    add('never', Number.POSITIVE_INFINITY);
    clock.advanceTo(farMs - 1);
    expect(expired).toEqual([]);
    clock.advanceTo(farMs);
    expect(expired).toEqual(['far']);
  });

  it('has no timer once closed', () => {
    const { clock, wheel, expired, add } = setUp();
    add('a', 10);
    wheel.close();
    expect(clock.timers.size).toBe(0);
    clock.advanceTo(100);
    expect(expired).toEqual([]);
  });

  it('refuses a deadline or a granularity that is no number it can keep', () => {
    const { clock, add } = setUp();
    expect(() => add('a', Number.NaN)).toThrow('got NaN');
    for (const granularityMs of [0, -1, 0.5, Number.NaN]) {
      expect(() => new DeadlineWheel(clock, granularityMs)).toThrow(`got ${granularityMs}`);
    }
  });
});

type Step = { do: 'add'; key: number; inMs: number } | { do: 'remove'; key: number } | { do: 'advance'; ms: number };

/** Fractions that binary numbers hold exactly, so that the naive list need not round. */
function quartersOfMs(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min: min * 4, max: max * 4 }).map((quarters) => quarters / 4);
}

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('add' as const), key: fc.nat(200), inMs: quartersOfMs(-5, 300) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), key: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: quartersOfMs(0, 60) }) },
);

describe('a deadline wheel beside a naive list', () => {
  it('expires the same entries, in the same order, for any adds, removals and passing of time', () => {
    return fc.assert(
      fc.property(fc.array(stepArbitrary, { size: 'large' }), fc.constantFrom(1, 7), (steps, granularityMs) => {
        const clock = new FakeClock();
        const wheel = new DeadlineWheel(clock, granularityMs);
        const waiting = new Map<number, { entry: Entry; tick: number }>();
        const expired: number[] = [];
        const advance = (untilMs: number): void => {
          const last = Math.floor(untilMs / granularityMs);
          // Overdue ones come first; Map keeps the order of adding, and the sort is stable.
          const due = [...waiting].filter(([, { tick }]) => tick <= last).sort(([, a], [, b]) => a.tick - b.tick);
          for (const [key] of due) waiting.delete(key);
          expired.length = 0;
          clock.advanceTo(untilMs);
          expect(expired).toEqual(due.map(([key]) => key));
          expect(wheel.size).toBe(waiting.size);
        };
        for (const step of steps) {
          if (step.do === 'advance') {
            advance(clock.nowMs + step.ms);
            continue;
          }
          const known = waiting.get(step.key);
          if (known !== undefined) wheel.remove(known.entry);
          waiting.delete(step.key);
          if (step.do === 'remove') continue;
          const entry = new Entry(() => expired.push(step.key));
          const atMs = clock.nowMs + step.inMs;
          wheel.add(entry, atMs);
          waiting.set(step.key, { entry, tick: Math.ceil(atMs / granularityMs) });
        }
        advance(clock.nowMs + 1_000);
        expect([waiting.size, wheel.bucketCount, clock.timers.size]).toEqual([0, 0, 0]);
      }),
    );
  });
});
