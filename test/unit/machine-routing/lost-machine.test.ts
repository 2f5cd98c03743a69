/** A machine that stands still until others have taken what it had, and goes on: what came to it before must not come behind what was sent to them. */
import { describe, expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import type { System } from '../../../src/system/system.ts';

const handled: string[] = [];
const counter = defineActor({
  state: () => ({ told: 0 }),
  receive: {
    add: (ctx, { by, n }: { by: string; n: number }) => void handled.push(`${ctx.id} ${by} ${n}`),
    tellOn: (ctx, { to, count }: { to: string; count: number }) => {
      for (let n = 0; n < count; n++) ctx.tell(to, { type: 'add', by: ctx.id, n: ++ctx.state.told });
    },
    get: () => {},
  },
});

async function machinesOf(count: number): Promise<{ cluster: SimulatedCluster; all: ClusterMachine[] }> {
  handled.length = 0;
  const cluster = new SimulatedCluster({ seed: 7, workers: 2, actors: { counter }, leaseMs: 900 });
  for (let at = 0; at < count; at++) await cluster.add();
  return { cluster, all: cluster.machines };
}

function idsOn({ membership }: ClusterMachine, count: number): string[] {
  const ids = Array.from({ length: 2_000 }, (_, at) => `counter/k${at}`);
  return ids.filter((id) => membership.epochOf(shardOf(id)) !== undefined).slice(0, count);
}

const isUp = (machine: ClusterMachine, cluster: SimulatedCluster): boolean => {
  const [first] = cluster.machines;
  return (
    first?.membership.machines().some(({ id, state }) => id === machine.membership.id && state === 'live') === true
  );
};

/** Numbers of one sender at one actor, in the order in which they were handled. */
const numbersOf = (id: string, by: string): number[] =>
  handled.filter((line) => line.startsWith(`${id} ${by} `)).map((line) => Number(line.split(' ')[2]));
const isRising = (numbers: readonly number[]): boolean =>
  numbers.every((n, at) => at === 0 || n > (numbers[at - 1] ?? 0));

describe('a machine that stands still for longer than its lease', () => {
  async function stoodStill(): Promise<{
    cluster: SimulatedCluster;
    all: ClusterMachine[];
    senders: [name: string, system: System][];
    ids: string[];
    tell(count: number): void;
  }> {
    const { cluster, all } = await machinesOf(3);
    const [one, still] = all as [ClusterMachine, ClusterMachine, ClusterMachine];
    const ids = idsOn(still, 6);
    for (const id of ids) await cluster.until(one.system.ask(id, { type: 'get' }));
    const senders = all.flatMap(({ name, simulation }) => [
      [`${name}.master`, simulation.system] as [string, System],
      ...simulation
        .workers()
        .map(({ process }, at) => [`${name}.${at}`, process?.system as System] as [string, System]),
    ]);
    const last = new Map<string, number>();
    const tell = (count: number): void => {
      for (const [name, system] of senders)
        for (let at = 0; at < count; at++) {
          const n = (last.get(name) ?? 0) + 1;
          last.set(name, n);
          for (const id of ids) system.tell(id, { type: 'add', by: name, n });
        }
    };
    return { cluster, all, senders, ids, tell };
  }

  it('has lost what came for its actors, and what is sent later comes', async () => {
    const { cluster, all, senders, ids, tell } = await stoodStill();
    const still = all[1] as ClusterMachine;
    tell(3);
    await cluster.run(50);
    // On its way, in sockets, and in its mailboxes as it is suspended.
    tell(3);
    still.freeze();
    await cluster.run(400);
    tell(3);
    await cluster.run(1_500);
    tell(3);
    await cluster.run(20);
    still.thaw();
    // It learns of it in steps.
    for (let at = 0; at < 40; at++) {
      tell(1);
      await cluster.run(5);
    }
    await cluster.run(3_000);
    expect(still.membership.id).not.toBe(still.name);
    expect(isUp(still, cluster)).toBe(true);
    tell(1);
    await cluster.run(200);
    for (const id of ids)
      for (const [name] of senders) {
        const numbers = numbersOf(id, name);
        expect([name, id, isRising(numbers), numbers.slice(0, 3), numbers.at(-1)]).toEqual([
          name,
          id,
          true,
          [1, 2, 3],
          53,
        ]);
        expect(new Set(numbers).size).toBe(numbers.length);
      }
    const { deadLetters } = await cluster.until(still.system.metrics());
    expect(deadLetters).toBeDefined();
  });

  it('has lost the last words of its actors, which speak again elsewhere', async () => {
    const { cluster, all } = await machinesOf(3);
    const [one, still, third] = all as [ClusterMachine, ClusterMachine, ClusterMachine];
    const [speaker = ''] = idsOn(still, 1);
    const [listener = ''] = idsOn(third, 1);
    for (const id of [speaker, listener]) await cluster.until(one.system.ask(id, { type: 'get' }));
    // What it says waits for a link that has broken, and cannot be made just now.
    for (const from of still.processes)
      for (const to of third.processes) {
        cluster.wires.stall(from, to);
        cluster.wires.reset(from, to);
      }
    await cluster.run(20);
    one.system.tell(speaker, { type: 'tellOn', to: listener, count: 50 });
    await cluster.run(30);
    expect(numbersOf(listener, speaker)).toEqual([]);
    still.isCutOff = true;
    await cluster.run(2_000);
    one.system.tell(speaker, { type: 'tellOn', to: listener, count: 3 });
    await cluster.run(100);
    expect(numbersOf(listener, speaker)).toEqual([1, 2, 3]);
    still.isCutOff = false;
    for (const from of still.processes) for (const to of third.processes) cluster.wires.unstall(from, to);
    await cluster.run(3_000);
    expect(isUp(still, cluster)).toBe(true);
    expect(numbersOf(listener, speaker)).toEqual([1, 2, 3]);
  });
});
