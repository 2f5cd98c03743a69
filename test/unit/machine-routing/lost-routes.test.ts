/** An old owner has passed mail on, which the new one has not read yet; then the old owner is lost, or its sender is known by another name. */
import { describe, expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { MemoryLink } from '../../../src/doubles/memory-link.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import type { System } from '../../../src/system/system.ts';
import { simulatedUntil } from '../simulation/simulated-until.ts';

const handled: string[] = [];
const counter = defineActor({
  state: () => ({}),
  receive: { add: (ctx, { by, n }: { by: string; n: number }) => void handled.push(`${ctx.id} ${by} ${n}`) },
});
const LEASE_MS = 3_000;

/** A link, as the process has it that has made it. */
interface Joined {
  readonly from: string;
  readonly to: string;
  readonly end: MemoryLink;
}

class Passed {
  readonly cluster: SimulatedCluster;
  readonly links: readonly Joined[];
  readonly ids: string[];
  readonly senders: [string, System][];
  #n = 0;

  constructor(cluster: SimulatedCluster, links: Joined[], ids: string[], senders: [string, System][]) {
    this.cluster = cluster;
    this.links = links;
    this.ids = ids;
    this.senders = senders;
  }

  get machines(): [before: ClusterMachine, after: ClusterMachine, sender: ClusterMachine] {
    return this.cluster.machines as [ClusterMachine, ClusterMachine, ClusterMachine];
  }

  tell(count: number): void {
    for (let at = 0; at < count; at++, this.#n++)
      for (const [by, system] of this.senders)
        for (const id of this.ids) system.tell(id, { type: 'add', by, n: this.#n });
  }

  /** Nothing of the links that the old owner has made to the new one is read there. */
  stall(isStalled = true): void {
    const [before, after] = this.machines;
    for (const { from, to, end } of this.links)
      if (before.processes.includes(from) && after.processes.includes(to)) end.stalled = isStalled;
  }

  unstall(): void {
    this.stall(false);
  }

  /** What came behind newer mail of its sender, or twice. */
  swaps(): string[] {
    return this.senders.flatMap(([by]) =>
      this.ids.flatMap((id) => {
        const numbers = handled
          .filter((line) => line.startsWith(`${id} ${by} `))
          .map((line) => Number(line.split(' ')[2]));
        return numbers.some((n, at) => at > 0 && n <= (numbers[at - 1] as number)) ? [`${id} ${by}: ${numbers}`] : [];
      }),
    );
  }

  /** The last number of each sender at each actor. */
  last(): Set<number> {
    const last = new Map<string, number>();
    for (const line of handled) {
      const [id, by, n] = line.split(' ');
      last.set(`${id} ${by}`, Number(n));
    }
    return new Set(last.values());
  }
}

/** Mail of a third machine that an old owner has passed on lies in the links to the new one; newer mail of it waits for that. */
async function passed(): Promise<Passed> {
  handled.length = 0;
  const cluster = new SimulatedCluster({ seed: 5, workers: 2, actors: { counter }, leaseMs: LEASE_MS });
  const { wires } = cluster;
  const links: Joined[] = [];
  const join = wires.join.bind(wires);
  wires.join = (near, far) => {
    const ends = join(near, far);
    links.push({ from: near.name, to: far.name, end: ends[0] });
    return ends;
  };
  for (let at = 0; at < 3; at++) await cluster.add();
  const [before, after, sender] = cluster.machines as [ClusterMachine, ClusterMachine, ClusterMachine];
  const owned = (machine: ClusterMachine, id: string): boolean => machine.membership.epochOf(shardOf(id)) !== undefined;
  const ids = Array.from({ length: 2_000 }, (_, at) => `counter/k${at}`)
    .filter((id) => owned(before, id))
    .slice(0, 1);
  const { simulation } = sender;
  const senders: [string, System][] = [
    ['master', simulation.system],
    ...simulation.workers().map(({ process }, at): [string, System] => [`worker${at}`, process?.system as System]),
  ];
  const world = new Passed(cluster, links, ids, senders);
  world.tell(1);
  await cluster.run(50);
  // It learns late who has them.
  sender.isCutOff = true;
  for (const id of ids) void before.membership.wanted.want(shardOf(id), after.membership.id);
  await simulatedUntil(cluster, 'all have moved', () => ids.every((id) => owned(after, id)), 0.25);
  world.stall();
  world.tell(3);
  await cluster.run(50);
  sender.isCutOff = false;
  await cluster.run(LEASE_MS / 4);
  expect(sender.membership.id).toBe(sender.name);
  expect(ids.every((id) => sender.membership.ownerOf(shardOf(id)) === after.membership.id)).toBe(true);
  world.tell(3);
  await cluster.run(20);
  return world;
}

describe('mail that an old owner has passed on, and that is not read yet', () => {
  it('is waited for', async () => {
    const world = await passed();
    expect(world.last()).toEqual(new Set([0]));
    await world.cluster.run(600);
    expect(world.last()).toEqual(new Set([0]));
    world.unstall();
    await world.cluster.run(200);
    expect(world.swaps()).toEqual([]);
    expect(world.last()).toEqual(new Set([6]));
  });

  it('is waited for by its sender under another name', async () => {
    const world = await passed();
    const [, , sender] = world.machines;
    sender.isCutOff = true;
    await world.cluster.run(LEASE_MS * 2);
    sender.isCutOff = false;
    await world.cluster.run(LEASE_MS);
    expect(sender.membership.id).not.toBe(sender.name);
    world.tell(3);
    await world.cluster.run(100);
    expect(world.last()).toEqual(new Set([0]));
    world.unstall();
    await world.cluster.run(3_000);
    expect(world.swaps()).toEqual([]);
    expect(world.last()).toEqual(new Set([9]));
  });

  it('is waited for where the old owner is killed, and its sender has another name', async () => {
    const world = await passed();
    const [before, , sender] = world.machines;
    sender.isCutOff = true;
    await world.cluster.run(LEASE_MS + 100);
    before.crash();
    world.stall();
    sender.isCutOff = false;
    await world.cluster.run(LEASE_MS / 2);
    expect(sender.membership.id).not.toBe(sender.name);
    world.tell(3);
    await world.cluster.run(50);
    world.unstall();
    await world.cluster.run(5_000);
    expect(world.swaps()).toEqual([]);
    expect(world.last()).toEqual(new Set([9]));
  });
});
