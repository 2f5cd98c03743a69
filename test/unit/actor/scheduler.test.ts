import { describe, expect, it } from 'vitest';
import {
  CELL_TURNS,
  CLOCK_TURNS,
  DURABLE_SLICE_MS,
  FIRST_TURNS,
  type Runnable,
  Scheduler,
  SLICE_MS,
} from '../../../src/actor/scheduler.ts';
import type { Clock } from '../../../src/vocabulary/clock.ts';

/** Microtasks and trips round the event loop, one after the other, in a time that only turns spend. */
class Loop {
  now = 1_000;
  readonly #soon: (() => void)[] = [];
  #deferred: (() => void)[] = [];
  readonly clock = {
    now: () => this.now,
    soon: (run: () => void) => void this.#soon.push(run),
    defer: (run: () => void) => void this.#deferred.push(run),
  } as unknown as Clock;

  microtasks(): void {
    for (let run = this.#soon.shift(); run !== undefined; run = this.#soon.shift()) run();
  }

  trip(): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const run of deferred) {
      run();
      this.microtasks();
    }
  }
}

const DURABLE = {};

describe('the scheduler', () => {
  it('runs an actor that waits for no disk after at most one turn of those that do, however many are before it', () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock);
    const ran: string[] = [];
    const one = (name: string, durable?: object): Runnable => ({ durable, run: () => ran.push(name) && 1 });
    for (let n = 0; n < 256; n++) scheduler.enqueue(one(`durable ${n}`, DURABLE));
    scheduler.enqueue(one('volatile'));
    loop.microtasks();
    expect(ran.indexOf('volatile')).toBeLessThanOrEqual(1);
    expect(ran).toHaveLength(257);
  });

  it('lets both sorts go on where both always have mail, cell by cell', () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock);
    const turns = { durable: 0, volatile: 0 };
    const busy = (name: 'durable' | 'volatile', durable?: object): Runnable => {
      const runnable: Runnable = {
        durable,
        run(most) {
          turns[name] += most;
          loop.now += 0.01;
          scheduler.enqueue(runnable);
          return most;
        },
      };
      return runnable;
    };
    scheduler.enqueue(busy('durable', DURABLE));
    scheduler.enqueue(busy('volatile'));
    loop.microtasks();
    const slices = 6;
    for (let n = 1; n < slices; n++) loop.trip();
    expect(turns.durable).toBeGreaterThan(CELL_TURNS * 10 * slices);
    // But for the first run of each slice, which is a short one.
    expect(Math.abs(turns.durable - turns.volatile)).toBeLessThanOrEqual(CELL_TURNS * slices);
  });

  it('ends a slice early that has durable ones alone, so that sockets are read, and goes on with the rest', () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock);
    const spends = (ms: number, durable?: object): Runnable => ({
      durable,
      run: () => Math.ceil((loop.now += ms) && 1),
    });
    for (let n = 0; n < 1_000; n++) scheduler.enqueue(spends(0.01, DURABLE));
    const begin = loop.now;
    loop.microtasks();
    expect(loop.now - begin).toBeGreaterThanOrEqual(DURABLE_SLICE_MS);
    expect(loop.now - begin).toBeLessThan(DURABLE_SLICE_MS * 2);
    for (let n = 0; n < 40; n++) loop.trip();
    expect(loop.now - begin).toBeCloseTo(10);
    expect(scheduler.idle).toBe(true);
    // The budget has come back with the last trip, too, though a trip had put that slice off.
    loop.trip();
    loop.now += SLICE_MS;
    for (let n = 0; n < DURABLE_SLICE_MS * 90; n++) scheduler.enqueue(spends(0.01, DURABLE));
    loop.microtasks();
    expect(scheduler.idle).toBe(true);
    // Of others it lasts as long as a slice may.
    for (let n = 0; n < 5_000; n++) scheduler.enqueue(spends(0.01));
    loop.trip();
    const start = loop.now;
    loop.trip();
    expect(loop.now - start).toBeGreaterThanOrEqual(SLICE_MS);
  });

  it('goes round the event loop after each turn where turns are long, once it has seen that they are', () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock);
    const between: number[] = [];
    let turnMs = 20;
    const busy: Runnable = {
      run(most) {
        loop.now += most * turnMs;
        between[between.length - 1] = (between.at(-1) ?? 0) + most;
        scheduler.enqueue(busy);
        return most;
      },
    };
    const trips = (count: number): number[] => {
      between.length = 0;
      for (let n = 0; n < count; n++) {
        between.push(0);
        loop.trip();
      }
      return between;
    };
    between.push(0);
    scheduler.enqueue(busy);
    loop.microtasks();
    expect(between).toEqual([FIRST_TURNS]);
    expect(trips(20)).toEqual(Array(20).fill(1));
    // Where they are quick again, it soon looks as seldom as before.
    turnMs = 0.001;
    trips(10);
    const strides: number[] = [];
    const { run } = busy;
    busy.run = (most) => strides.push(most) && run(most);
    trips(1);
    expect(Math.min(...strides.slice(1))).toBe(CELL_TURNS);
  });

  it.each([
    { before: 0.01, what: 'a first stride', most: FIRST_TURNS },
    { before: 0.000_1, what: 'the longest stride, as the ones before are very quick', most: CLOCK_TURNS },
  ])('puts together no more long turns than $what after others in a slice ($before ms)', ({ before, most }) => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock);
    let [left, long] = [1_000, 0];
    const mixed: Runnable = {
      run(turns) {
        for (let n = 0; n < turns; n++) {
          if (left-- <= 0) long++;
          loop.now += left < 0 ? 20 : before;
        }
        scheduler.enqueue(mixed);
        return turns;
      },
    };
    loop.trip();
    scheduler.enqueue(mixed);
    loop.microtasks();
    expect(long).toBeGreaterThan(0);
    expect(long).toBeLessThanOrEqual(most);
  });

  it('goes round the event loop in time where each turn comes with a microtask of the turn before', () => {
    const loop = new Loop();
    const scheduler = new Scheduler(loop.clock);
    let turns = 0;
    const awaiting: Runnable = {
      run() {
        loop.now += 20;
        // A loop that is starved stays in microtasks: the test ends them.
        if (++turns < 1_000) loop.clock.soon(() => scheduler.enqueue(awaiting));
        return 1;
      },
    };
    scheduler.enqueue(awaiting);
    loop.microtasks();
    expect(turns).toBe(1);
    for (let n = 2; n <= 5; n++) {
      loop.trip();
      expect(turns).toBe(n);
    }
  });
});
