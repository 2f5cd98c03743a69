/** Paused actors whose partition changes machines: what is said of an ask that waits for them stays true. */
import { expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';

const ASK_MS = 4_000;
/** Before its deadline: an owner has said by then that it was not executed, where it says so. */
const LATE_MS = 200;
/** Since the machine began to leave: some before the states leave it, some while they are on their way, some when they have come. */
const STALLED_AFTER_MS = Array.from({ length: 24 }, (_, at) => at / 2);

interface Outcome {
  told: string;
  handled: number;
}

/** A machine leaves with a paused actor, of whom one asks, and at some moment nothing arrives from it any more until shortly before the deadline. */
async function outcomeOf(stalledAfterMs: number): Promise<Outcome> {
  let handled = 0;
  const counter = defineActor({
    state: () => ({}),
    receive: {
      async add() {
        handled++;
        await new Promise<void>((resolve) => void cluster.time.at(ASK_MS, resolve));
      },
    },
  });
  const cluster = new SimulatedCluster({ seed: 7, workers: 1, actors: { counter }, leaseMs: 10_000 });
  await cluster.add();
  await cluster.add();
  const [one, other] = cluster.machines as [ClusterMachine, ClusterMachine];
  const ids = Array.from({ length: 100 }, (_, at) => `counter/k${at}`);
  const id = ids.find((each) => other.membership.epochOf(shardOf(each)) !== undefined) as string;
  await cluster.until(one.system.pause(id));
  const told = one.system.ask(id, { type: 'add' }, { timeoutMs: ASK_MS }).then(
    () => 'a reply',
    ({ code, fate }) => `${code} ${fate}`,
  );
  const dueAt = cluster.time.now + ASK_MS;
  await cluster.run(20);
  void other.leave();
  await cluster.run(stalledAfterMs);
  const each = (act: (from: string, to: string) => void): void => {
    for (const from of other.processes) for (const to of one.processes) act(from, to);
  };
  each((from, to) => cluster.wires.stall(from, to));
  await cluster.run(dueAt - cluster.time.now - LATE_MS);
  each((from, to) => cluster.wires.unstall(from, to));
  void one.system.resume(id).catch(() => {});
  await cluster.run(2 * LATE_MS);
  return { told: await cluster.until(told), handled };
}

it('is never that it was not executed, where its next owner has begun with it', { timeout: 60_000 }, async () => {
  const outcomes: Outcome[] = [];
  for (const ms of STALLED_AFTER_MS) outcomes.push(await outcomeOf(ms));
  expect(outcomes.filter(({ handled, told }) => handled > 0 && told.includes('not-executed'))).toEqual([]);
  // Of some the states were on their way.
  expect(outcomes.filter(({ handled }) => handled > 0).length).toBeGreaterThan(0);
});
