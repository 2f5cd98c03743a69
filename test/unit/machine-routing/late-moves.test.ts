/** A wish to move an actor that sat on a stalled link, and that nobody has any more as it is heard. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import { MACHINE_MOVE_MS } from '../../../src/system/machine-moves.ts';
import { fateOf } from '../actor/kernel-fixture.ts';

const counter = defineActor({ receive: { get: (ctx) => ctx.id } });

test('a move is not made for a mover that has given up, by the word that a stalled link kept', async () => {
  const cluster = new SimulatedCluster({ seed: 7, workers: 1, actors: { counter }, leaseMs: 9_000 });
  for (let at = 0; at < 2; at++) await cluster.add();
  const [one, other] = cluster.machines as [ClusterMachine, ClusterMachine];
  const owns = ({ membership }: ClusterMachine, id: string): boolean => membership.epochOf(shardOf(id)) !== undefined;
  const id = Array.from({ length: 2_000 }, (_, at) => `counter/k${at}`).find((one) => owns(other, one)) as string;
  await cluster.until(one.system.ask(id, { type: 'get' }));
  const between = one.processes.flatMap((a) => other.processes.map((b) => [a, b] as const));
  for (const [a, b] of between) cluster.wires.stall(a, b);
  const moved = fateOf(one.system.move(id, { machine: one.membership.id as string }));
  expect(await cluster.until(moved)).toContain('ACTOR_UNAVAILABLE');
  await cluster.run(MACHINE_MOVE_MS);
  for (const [a, b] of between) cluster.wires.unstall(a, b);
  await cluster.run(20_000);
  expect(owns(other, id)).toBe(true);
  // The link is good again, and so is who asks now.
  await cluster.until(one.system.move(id, { machine: one.membership.id as string }));
  expect(owns(one, id)).toBe(true);
});
