/** Which kinds send to which: counted while somebody looks, in bounds, on a clock that only the test moves. */
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { WATCHED_MS } from '../../../src/observe/loop-watch.ts';
import {
  type FlowCount,
  type Flow,
  FLOW_PAIRS_MAX,
  FLOW_SHOWN_MAX,
  FLOW_WINDOW_MS,
  FlowWatch,
  OTHER_KINDS,
  OUTSIDE,
} from '../../../src/observe/message-flow.ts';
import { mergeFlows } from '../../../src/inspection/merge-flows.ts';
import { SAMPLES_PER_SECOND } from '../../../src/structures/sampler.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { FIRST_RATES_MS, type KindTimings, TurnWatch } from '../../../src/observe/turn-timings.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import type { ProcessSystem } from '../../../src/system/process-system.ts';
import { type Kit, startKit } from '../actor/kernel-fixture.ts';

const shop = defineActor({
  receive: {
    buy(ctx, { times }: { times: number }) {
      for (let n = 0; n < times; n++) ctx.tell('stock/tea', { type: 'take' });
    },
    async wait(ctx) {
      await ctx.ask('stock/slow', { type: 'slow' });
    },
  },
});
const stock = defineActor({
  receive: { take: () => {}, slow: () => new Promise<void>((done) => void timers.setTimer(300, done)) },
});
let timers: VirtualClock;

function start(): Kit {
  const kit = startKit({ shop, stock });
  timers = kit.clock;
  return kit;
}

async function look(kit: Kit): Promise<readonly Flow[]> {
  const found = (kit.system as ProcessSystem).flow();
  await kit.clock.advance(FIRST_RATES_MS);
  return (await found).flows;
}

const timingsOf = ({ process }: Kit, kind: string) => process.kernel.behaviours.get(kind)?.timings;

describe('while somebody looks', () => {
  test('each pair of kinds has its rate, and callers that are no actors are one of them', async () => {
    const kit = start();
    kit.system.tell('shop/a', { type: 'buy', times: 100 });
    await kit.clock.settle();
    expect(await look(kit)).toEqual([]);
    kit.system.tell('shop/a', { type: 'buy', times: 18 });
    kit.system.tell('shop/b', { type: 'buy', times: 2 });
    await kit.clock.advance(1_000);
    expect(await look(kit)).toMatchObject([
      { from: 'shop', to: 'stock', count: 20, error: 0, perSecond: expect.closeTo(20 / 2, 0) },
      { from: OUTSIDE, to: 'shop', count: 2 },
    ]);
  });

  test('waiting and handling of a pair are measured apart from those of the others of its kind', async () => {
    const kit = start();
    await look(kit);
    kit.system.tell('shop/a', { type: 'wait' });
    await kit.clock.advance(400);
    kit.system.tell('stock/quick', { type: 'take' });
    await kit.clock.advance(1);
    const flows = await look(kit);
    const pair = (from: string): Flow | undefined => flows.find((one) => one.from === from && one.to === 'stock');
    expect(pair('shop')?.handlingMs?.p50).toBeGreaterThanOrEqual(300);
    expect(pair(OUTSIDE)?.handlingMs?.p99).toBeLessThan(1);
    expect(pair('shop')?.waitMs?.p50).toBeLessThan(1);
  });

  test('rates are of the last while, and a pair that has become quiet is forgotten', async () => {
    const kit = start();
    await look(kit);
    kit.system.tell('shop/a', { type: 'buy', times: 10 });
    await kit.clock.advance(FLOW_WINDOW_MS);
    expect(await look(kit)).toHaveLength(2);
    kit.system.tell('stock/tea', { type: 'take' });
    await kit.clock.advance(FLOW_WINDOW_MS);
    expect((await look(kit)).map(({ from }) => from)).toContain('shop');
    await kit.clock.advance(FLOW_WINDOW_MS);
    expect(await look(kit)).toMatchObject([{ from: OUTSIDE, to: 'stock', count: 1 }]);
  });
});

describe('what it costs', () => {
  test('nothing before the first look, nor a minute after the last one, though metrics are scraped on', async () => {
    const kit = start();
    await kit.system.metrics();
    expect(timingsOf(kit, 'shop')?.flow).toBeUndefined();
    await look(kit);
    expect(timingsOf(kit, 'shop')?.flow).toBeDefined();
    for (let ms = 0; ms < WATCHED_MS; ms += 10_000) {
      await kit.clock.advance(10_000);
      await kit.system.metrics();
    }
    expect(timingsOf(kit, 'shop')).toBeDefined();
    expect(timingsOf(kit, 'shop')?.flow).toBeUndefined();
  });

  /** 400 ms of 200 000 messages, one in 64 from `rare`. */
  async function flood(seed: number): Promise<{ samples: number; flows: FlowCount[] }> {
    const kinds = new Map([['stock', { timings: undefined as KindTimings | undefined }]]);
    const clock = new VirtualClock();
    const watch = new TurnWatch(clock, kinds, seededRandom(seed));
    const first = watch.lookAtFlow();
    await clock.advance(FIRST_RATES_MS);
    await first;
    const timings = kinds.get('stock')?.timings as KindTimings;
    let samples = 0;
    for (let n = 0; n < 200_000; n++) {
      if (n % 500 === 0) await clock.advance(1);
      const envelope = from(n % 64 === 0 ? 'rare/a' : 'shop/a');
      if (timings.isArrivalDue()) timings.arrives(envelope);
      const sample = timings.isTurnDue(envelope) ? timings.begins({}, envelope) : undefined;
      if (sample === undefined) continue;
      samples++;
      timings.ends(sample);
    }
    const flows = await watch.lookAtFlow();
    watch.close();
    return { samples, flows };
  }

  test('of a flood few messages are measured, and what each pair is said to have is right within the error that is told', async () => {
    const counts = { rare: 3_125, shop: 196_875 };
    const farOff: string[] = [];
    for (let seed = 1; seed <= 30; seed++) {
      const { samples, flows } = await flood(seed);
      // In 0.4 s, with those of the beginning, by which it is found that there are many.
      expect(samples).toBeLessThan(0.8 * SAMPLES_PER_SECOND);
      for (const [sender, expected] of Object.entries(counts)) {
        const { count = 0, error = 0 } = flows.find((one) => one.from === sender) ?? {};
        expect(error).toBeGreaterThan(0);
        expect(error).toBeLessThan(1);
        if (Math.abs(count - expected) / count > error) farOff.push(`${sender} of seed ${seed}`);
      }
    }
    // The error is told for 95 of 100 cases: three of sixty are beyond it.
    expect(farOff.length).toBeLessThan(8);
    expect(farOff.length).toBeGreaterThan(0);
  }, 60_000);
});

describe('bounds', () => {
  test('pairs beyond the limit are counted together, and have their own once there is room', async () => {
    const { watch: all } = newWatch();
    for (let n = 0; n < FLOW_PAIRS_MAX + 2; n++)
      all
        .of('stock')
        .pairOf(from(`kind-${n}/1`))
        .add(1);
    expect([all.counts().length, all.counts().at(-1)]).toMatchObject([
      FLOW_PAIRS_MAX + 1,
      { from: OTHER_KINDS, count: 2 },
    ]);
    const { watch, clock } = newWatch(2);
    const to = watch.of('stock');
    const count = (...ids: string[]): void => {
      for (const id of ids) to.pairOf(from(id)).add(1);
    };
    count('a/1', 'b/1', 'c/1', 'd/1', 'a/2', 'c/2');
    const found = (): string[] => watch.counts().map((one) => `${one.from} ${one.count}`);
    expect(found()).toEqual(['a 2', 'b 1', `${OTHER_KINDS} 3`]);
    for (let window = 0; window < 2; window++) {
      await clock.advance(FLOW_WINDOW_MS);
      found();
    }
    count('c/3');
    expect(found()).toEqual(['c 1']);
  });

  test('an answer has the busiest pairs of all processes, added up, and says how many it leaves out', () => {
    const pair = (to: string, perSecond: number) => {
      return { from: 'shop', to, perSecond, error: 0.3, count: 1, waitMs: undefined, handlingMs: undefined };
    };
    const many = Array.from({ length: FLOW_SHOWN_MAX + 3 }, (_, n) => pair(`kind-${n}`, n));
    const merged = mergeFlows(
      [
        { worker: 1, pairs: many },
        { worker: 3, pairs: [pair('kind-0', 1_000)] },
      ],
      [1, 2, 3],
    );
    expect(merged.flows[0]).toMatchObject({ to: 'kind-0', perSecond: 1_000, count: 2 });
    expect(merged.flows[0]?.error).toBeCloseTo(0.3);
    expect([merged.flows.length, merged.more, merged.silent]).toEqual([FLOW_SHOWN_MAX, 3, [2]]);
  });
});

function newWatch(max?: number): { watch: FlowWatch; clock: VirtualClock } {
  const clock = new VirtualClock();
  return { watch: new FlowWatch(clock, max), clock };
}

function from(sender: string): Envelope {
  return new Envelope('message', 'stock/tea', { type: 'take' }, sender, undefined, 0);
}
