/** Asks whose link was stalled as it began: the clocks of both ends are compared by a word that comes late, and no ask lives longer by that. */
import { describe, expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { LinkClock } from '../../../src/machine-routing/link-clock.ts';
import { MachineCalls } from '../../../src/machine-routes/machine-calls.ts';
import { CLOCK_LOOK_MS, ClockDifference } from '../../../src/machine-routes/machine-clocks.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import type { MachinesView } from '../../../src/wire/control.ts';
import { fateOf, startKit } from '../actor/kernel-fixture.ts';
import { newWayIn } from './way-in-fixture.ts';

const begun: string[] = [];
const counter = defineActor({ receive: { add: (_, { by }: { by: string }) => void begun.push(by) } });

function idOn({ membership }: ClusterMachine): string {
  const ids = Array.from({ length: 2_000 }, (_, at) => `counter/k${at}`);
  return ids.find((id) => membership.epochOf(shardOf(id)) !== undefined) as string;
}

describe('an ask to another machine', () => {
  it('is not begun past its deadline where all of its link came late', async () => {
    begun.length = 0;
    const cluster = new SimulatedCluster({ seed: 7, workers: 1, actors: { counter }, leaseMs: 9_000 });
    for (let at = 0; at < 2; at++) await cluster.add();
    const [one, other] = cluster.machines as [ClusterMachine, ClusterMachine];
    const { wires } = cluster;
    const stalled: [string, string][] = [];
    const join = wires.join.bind(wires);
    wires.join = (near, far) => {
      const ends = join(near, far);
      wires.stall(near.name, far.name);
      stalled.push([near.name, far.name]);
      return ends;
    };
    // It has not been linked to that worker yet.
    const ask = (by: string, timeoutMs: number): Promise<unknown> =>
      one.system.ask(idOn(other), { type: 'add', by }, { timeoutMs });
    const asks = Promise.all([fateOf(ask('short', 1_000)), fateOf(ask('long', 6_000))]);
    await cluster.run(500);
    // It is read to its end, and no word that the asker has given up comes behind it.
    for (const [near, far] of stalled) wires.cut(near, far);
    await cluster.run(1_900);
    expect(stalled.length).toBeGreaterThan(0);
    expect(begun).toEqual([]);
    wires.join = join;
    for (const [near, far] of stalled) wires.unstall(near, far);
    const [short] = await cluster.until(asks);
    await cluster.run(100);
    expect(short).toContain('ASK_TIMEOUT');
    expect(begun).toEqual(['long']);
  });
});

describe('the deadline of what comes over a link', () => {
  const far = (): { said: unknown[][]; peer: OutboundQueue } => {
    const said: unknown[][] = [];
    const parts = { link: {}, ended: false, address: '~1.1', noteFirst: (...call: unknown[]) => void said.push(call) };
    return { said, peer: parts as unknown as OutboundQueue };
  };
  const deadlineOf = (link: LinkClock, deadline: number): number => {
    const envelope = new Envelope('message', 'counter/a', {}, undefined, undefined, deadline);
    link.take(envelope);
    link.frameRead();
    return envelope.deadline;
  };

  it('is set by what an earlier link of that machine has shown, and by the clock that is asked for meanwhile', async () => {
    const kit = startKit({ counter });
    const { kernel } = kit.process.actors;
    const { peers, come } = await newWayIn(kernel);
    peers.take({ self: 'here', others: [{ machine: 'b', index: 70_000, workers: [] }] } as unknown as MachinesView);
    const calls = new MachineCalls(kernel.clock, async () => {});
    const linkOf = (since: number): LinkClock => {
      come('b', 1, { blocked: true, destroy: () => {}, close: () => {} }, since);
      const [guest] = [...peers.guests()].slice(-1);
      return new LinkClock({ kernel, machines: peers, calls }, guest as OutboundQueue);
    };
    const now = kit.clock.now();
    const first = linkOf(now);
    first.hailed(now - 500);
    expect(deadlineOf(first, 10_000)).toBe(10_500);
    await kit.clock.advance(3_000);
    // Its greeting was written long before it spoke, and what it said came late.
    const later = linkOf(now);
    later.hailed(now + 2_000 - 500);
    expect(deadlineOf(later, 10_000)).toBe(10_500);
  });

  it('is right within a moment where the first word was of little use, and again where a host has slept', async () => {
    const clock = new VirtualClock();
    const calls = new MachineCalls(clock, async () => {});
    const { said, peer } = far();
    let number = 0;
    const kernel = { pending: { nextNumber: () => ++number } } as never;
    const link = new LinkClock({ kernel, machines: { hailed: () => undefined }, calls }, peer);
    link.difference.heard(0, clock.now() - 3_000, clock.now());
    const now = clock.now();
    expect(deadlineOf(link, 5_000)).toBe(5_000 + now - 3_000);
    expect(said.length).toBe(1);
    const answered = async (theirs: number): Promise<void> => {
      calls.replied(number, theirs);
      await Promise.resolve();
    };
    await answered(0);
    expect(deadlineOf(link, 5_000)).toBe(5_000 + now);
    expect(said.length).toBe(1);
    await clock.advance(CLOCK_LOOK_MS);
    deadlineOf(link, 5_000);
    expect(said.length).toBe(2);
    // The other one stood still meanwhile.
    await answered(0);
    expect(deadlineOf(link, 5_000)).toBe(5_000 + now + CLOCK_LOOK_MS);
  });

  it('is looked at for wishes to move as for asks', () => {
    const calls = new MachineCalls(new VirtualClock(), async () => {});
    const { said, peer } = far();
    const kernel = { pending: { nextNumber: () => 1 } } as never;
    const link = new LinkClock({ kernel, machines: { hailed: () => undefined }, calls }, peer);
    for (const [name, args] of [
      ['want', ['counter/a', 'b']],
      ['inspect', ['counter/a', 'b', 5_000]],
    ] as const) {
      link.called(name, args);
      link.frameRead();
    }
    expect(said.length).toBe(0);
    link.called('want', ['counter/a', 'b', 5_000]);
    link.frameRead();
    expect(said.length).toBe(1);
  });

  it('is asked for by a call that every process answers at once', () => {
    const said: unknown[] = [];
    const peer = { reply: (...reply: unknown[]) => void said.push(reply) } as unknown as OutboundQueue;
    const clock = new VirtualClock();
    new MachineCalls(clock, () => Promise.reject(new Error('no such call'))).called(
      peer,
      5,
      { name: 'clock', args: [] },
      new ClockDifference(),
    );
    expect(said).toEqual([[5, clock.now()]]);
  });
});
