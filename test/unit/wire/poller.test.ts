import { expect, test } from 'vitest';
import { Poller, POLL_REST_MS } from '../../../src/wire/poller.ts';
import type { Clock } from '../../../src/vocabulary/clock.ts';

/** A loop whose rounds take 10 microseconds each. */
class Loop {
  ms = 1_000;
  waiting: (() => void)[] = [];
  readonly clock = {
    now: () => this.ms,
    defer: (run: () => void) => void this.waiting.push(run),
  } as unknown as Clock;

  /** Rounds that ran until nothing was left to run, at most `most`. */
  run(most = 100_000): number {
    let rounds = 0;
    for (; this.waiting.length > 0 && rounds < most; rounds++) {
      this.ms += 0.01;
      for (const run of this.waiting.splice(0)) run();
    }
    return rounds;
  }
}

test('it polls for so long after the last activity, and then lets the process sleep', () => {
  const loop = new Loop();
  const poller = new Poller(loop.clock, 200, () => 0);
  poller.poke();
  expect(loop.run()).toBeCloseTo(20, -0.5);
  expect(loop.waiting).toEqual([]);
  poller.poke();
  loop.run(15);
  poller.poke();
  expect(loop.waiting.length).toBe(1);
  expect(loop.run()).toBeCloseTo(20, -0.5);
});

test('0 never polls', () => {
  const loop = new Loop();
  new Poller(loop.clock, 0, () => 0).poke();
  expect(loop.waiting).toEqual([]);
});

test('it gives way where others want the CPU, and does not come back for a while', () => {
  const loop = new Loop();
  let preempted = 7;
  const poller = new Poller(loop.clock, 10_000, () => preempted);
  poller.poke();
  loop.run(100);
  preempted += 2;
  expect(loop.run()).toBeLessThanOrEqual(64);
  poller.poke();
  expect(loop.waiting).toEqual([]);
  loop.ms += POLL_REST_MS;
  poller.poke();
  expect(loop.run()).toBeGreaterThan(900);
});

test('it sees that others want the CPU also where it never polls for long', () => {
  const loop = new Loop();
  let preempted = 0;
  const poller = new Poller(loop.clock, 50, () => preempted++);
  let rounds = 0;
  for (let pokes = 0; pokes < 1_000; pokes++) {
    poller.poke();
    rounds += loop.run();
  }
  expect(rounds).toBeLessThan(100);
});

test('it stays away the longer, the longer others want the CPU', () => {
  const loop = new Loop();
  let preempted = 0;
  const poller = new Poller(loop.clock, 1_000, () => preempted);
  const tries: number[] = [];
  for (let ms = 0; ms < 20_000; ms++) {
    loop.ms = 2_000 + ms;
    preempted++;
    poller.poke();
    if (loop.run() > 0) tries.push(ms);
  }
  expect(tries.length).toBeLessThan(100);
  expect(tries.filter((ms) => ms > 13_000).length).toBeLessThan(20);
});
