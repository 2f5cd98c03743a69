/** A move among the workers while mail for another machine waits behind a dam: the move does not wait for what others have sent. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { HANDOFF_MS_MAX } from '../../../src/master/handoff-service.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';

const handled: string[] = [];
const counter = defineActor({
  receive: {
    get: (ctx) => ctx.id,
    add: (ctx, { n }: { n: number }) => void handled.push(`${ctx.id} ${n}`),
    join: async (ctx) => void (await ctx.subscribe('news')),
    tell: (ctx, { to, n }: { to: string; n: number }) => void ctx.tell(to, { type: 'add', n }),
    publish: (ctx, { n }: { n: number }) => void ctx.publish('news', { type: 'add', n }),
  },
});

/** Ids of a machine, all on that worker of it. */
async function idsOn(machine: ClusterMachine, cluster: SimulatedCluster, worker: number): Promise<string[]> {
  const ids = Array.from({ length: 2_000 }, (_, at) => `counter/k${at}`)
    .filter((id) => machine.membership.epochOf(shardOf(id)) !== undefined)
    .slice(0, 12);
  const hosts = await cluster.until(Promise.all(ids.map((id) => machine.system.where(id))));
  return ids.filter((_, at) => hosts[at]?.worker === worker);
}

async function dammed() {
  handled.length = 0;
  const cluster = new SimulatedCluster({ seed: 7, workers: 2, actors: { counter }, leaseMs: 60_000 });
  for (let at = 0; at < 3; at++) await cluster.add();
  const [one, two, three] = cluster.machines as [ClusterMachine, ClusterMachine, ClusterMachine];
  const [[mover = '', publisher = ''], [there = '']] = [await idsOn(one, cluster, 1), await idsOn(two, cluster, 1)];
  const ask = (id: string, message: { type: string; [key: string]: unknown }): Promise<unknown> =>
    cluster.until(one.system.ask(id, message));
  for (const id of [mover, publisher]) await ask(id, { type: 'get' });
  await ask(there, { type: 'join' });
  await ask(publisher, { type: 'tell', to: there, n: 1 });
  await cluster.run(100);
  // What was told to the worker there has passed once that machine says so, which asks the third one.
  for (const a of two.processes) for (const b of three.processes) cluster.wires.stall(a, b);
  await ask(publisher, { type: 'publish', n: 2 });
  await ask(publisher, { type: 'tell', to: there, n: 3 });
  await cluster.run(100);
  expect(handled).toEqual([`${there} 1`]);
  const goOn = (): void => {
    for (const a of two.processes) for (const b of three.processes) cluster.wires.unstall(a, b);
  };
  return { cluster, one, mover, publisher, there, ask, goOn };
}

test('an actor that has sent nothing meanwhile moves at once', async () => {
  const { cluster, one, mover, there, goOn } = await dammed();
  const begun = cluster.time.now;
  await cluster.until(one.system.move(mover, 2));
  expect(cluster.time.now - begun).toBeLessThan(HANDOFF_MS_MAX / 5);
  expect(handled).toEqual([`${there} 1`]);
  goOn();
  await cluster.run(1_000);
  expect(handled).toEqual([1, 2, 3].map((n) => `${there} ${n}`));
});

test('one whose own mail waits there moves behind that, and its order stays', async () => {
  const { cluster, one, publisher, there, ask, goOn } = await dammed();
  let hasMoved = false;
  const moved = one.system.move(publisher, 2).then(() => (hasMoved = true));
  await cluster.run(HANDOFF_MS_MAX / 2);
  expect(hasMoved).toBe(false);
  goOn();
  await cluster.until(moved);
  await ask(publisher, { type: 'tell', to: there, n: 4 });
  await cluster.run(1_000);
  expect(handled).toEqual([1, 2, 3, 4].map((n) => `${there} ${n}`));
});
