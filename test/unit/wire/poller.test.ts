import { expect, test } from 'vitest';
import { type CpuSupply, cpuSupply } from '../../../src/wire/cpu-supply.ts';
import { JUDGED_MS, Poller, POLL_REST_MS, POLL_REST_MS_MAX } from '../../../src/wire/poller.ts';
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

/** What the kernel tells of a machine whose process waits, and whose CPUs idle, for such parts of the time that passes. */
function supplyOf(loop: Loop, parts: { waits: number; idles: number }): CpuSupply {
  let [at, waited, idle] = [loop.ms, 0, 0];
  const pass = (): void => {
    waited += (loop.ms - at) * parts.waits;
    idle += (loop.ms - at) * parts.idles;
    at = loop.ms;
  };
  return {
    waitedMs: () => {
      pass();
      return waited;
    },
    idleMs: () => {
      pass();
      return idle;
    },
  };
}

/** Asks come and are answered while it polls, for so many milliseconds. Returns the rounds that it polled. */
function talk(loop: Loop, poller: Poller, ms: number): number {
  let rounds = 0;
  for (const until = loop.ms + ms; loop.ms < until; loop.ms += 0.01) {
    poller.poke(false);
    rounds += loop.run(2);
    poller.poke(true);
  }
  return rounds;
}

const CALM = { waits: 0, idles: 0 };

test('it polls for so long after the last activity, and then lets the process sleep', () => {
  const loop = new Loop();
  const poller = new Poller(loop.clock, 200, supplyOf(loop, CALM));
  poller.poke(true);
  expect(loop.run()).toBeCloseTo(20, -0.5);
  expect(loop.waiting).toEqual([]);
  poller.poke(false);
  loop.run(15);
  poller.poke(true);
  expect(loop.waiting.length).toBe(1);
  expect(loop.run()).toBeCloseTo(20, -0.5);
});

test('it lets the process sleep at once where all has come that it waited for, which counts for it', () => {
  const loop = new Loop();
  const poller = new Poller(loop.clock, 200, supplyOf(loop, CALM));
  for (let asks = 0; asks < 1_000; asks++) {
    poller.poke(false);
    expect(loop.run(5)).toBe(5);
    poller.over();
    // Nothing is to be had twice of one answer.
    poller.over();
    expect(loop.run()).toBe(1);
    loop.ms += 1;
  }
  // Asked anew, it waits anew.
  poller.poke(false);
  poller.over();
  poller.poke(false);
  expect(loop.run()).toBeCloseTo(20, -0.5);
});

test('0 never polls', () => {
  const loop = new Loop();
  new Poller(loop.clock, 0, supplyOf(loop, CALM)).poke(true);
  expect(loop.waiting).toEqual([]);
});

test('it goes on where it helps and nobody else wants the CPUs', () => {
  const loop = new Loop();
  const poller = new Poller(loop.clock, 200, supplyOf(loop, { waits: 0.01, idles: 0 }));
  expect(talk(loop, poller, 3_000)).toBeGreaterThan(180_000);
});

test('it goes on where it waits for a CPU while others are idle: the kernel will see it', () => {
  const loop = new Loop();
  const poller = new Poller(loop.clock, 200, supplyOf(loop, { waits: 0.4, idles: 0.9 }));
  expect(talk(loop, poller, 3_000)).toBeGreaterThan(180_000);
});

test('it gives way where others want the CPUs, and does not come back for a while', () => {
  const loop = new Loop();
  const parts = { ...CALM };
  const poller = new Poller(loop.clock, 200, supplyOf(loop, parts));
  talk(loop, poller, 500);
  parts.waits = 0.4;
  talk(loop, poller, 2 * JUDGED_MS);
  loop.run();
  poller.poke(true);
  expect(loop.waiting).toEqual([]);
  parts.waits = 0;
  loop.ms += POLL_REST_MS;
  poller.poke(true);
  expect(loop.run()).toBeGreaterThan(10);
});

test('it stays away the longer, the longer others want the CPUs, and comes back once they do not', () => {
  const loop = new Loop();
  const parts = { waits: 0.5, idles: 0 };
  const poller = new Poller(loop.clock, 200, supplyOf(loop, parts));
  talk(loop, poller, 20_000);
  expect(talk(loop, poller, 60_000)).toBeLessThan((60_000 / 0.01) * 0.04);
  parts.waits = 0;
  talk(loop, poller, POLL_REST_MS_MAX);
  expect(talk(loop, poller, 2_000)).toBeGreaterThan(120_000);
});

test('it gives way where the kernel does not tell of waits, and no CPU is idle', () => {
  const loop = new Loop();
  const parts = { waits: Number.POSITIVE_INFINITY, idles: 0 };
  const supply = { ...supplyOf(loop, parts), waitedMs: () => Number.POSITIVE_INFINITY };
  const poller = new Poller(loop.clock, 200, supply);
  expect(talk(loop, poller, 10_000)).toBeLessThan(100_000);
});

test('it rests where nothing comes while it polls', () => {
  const loop = new Loop();
  const poller = new Poller(loop.clock, 200, supplyOf(loop, CALM));
  let rounds = 0;
  for (let pokes = 0; pokes < 10_000; pokes++) {
    poller.poke(true);
    rounds += loop.run();
    loop.ms += 1;
  }
  expect(rounds).toBeLessThan(10_000 * 20 * 0.5);
});

test('the kernel of this machine tells of CPUs', () => {
  const { waitedMs, idleMs } = cpuSupply();
  const [waited, idle] = [waitedMs(), idleMs()];
  expect(waited).toBeGreaterThanOrEqual(0);
  expect(idle).toBeGreaterThan(0);
  for (const until = performance.now() + 20; performance.now() < until; );
  expect(waitedMs()).toBeGreaterThanOrEqual(waited);
  expect(idleMs()).toBeGreaterThanOrEqual(idle);
});
