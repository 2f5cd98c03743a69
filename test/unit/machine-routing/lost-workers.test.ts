/** Partitions are handed over to a machine whose workers are killed meanwhile: what their actors had is lost, and mail for them keeps its order. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { HandOverStep } from '../../../src/machine-hosting/hand-over.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import type { System } from '../../../src/system/system.ts';

type Step = HandOverStep | 'arrive' | 'left';
const STEPS: readonly Step[] = ['stand', 'hold', 'flush', 'transfer', 'commit', 'arrive', 'left'];

const handled: string[] = [];
const counter = defineActor({
  receive: { add: (ctx, { by, n }: { by: string; n: number }) => void handled.push(`${ctx.id} ${by} ${n}`) },
});

class Ground {
  readonly cluster: SimulatedCluster;
  ids: readonly string[] = [];
  /** Of the next hand-over. */
  onStep: (step: Step, of: ClusterMachine) => void = () => {};
  readonly #numbers = new Map<string, number>();

  constructor(seed: number) {
    handled.length = 0;
    this.cluster = new SimulatedCluster({ seed, workers: 2, actors: { counter }, leaseMs: 3_000 });
  }

  get machines(): [after: ClusterMachine, third: ClusterMachine, before: ClusterMachine] {
    return this.cluster.machines as [ClusterMachine, ClusterMachine, ClusterMachine];
  }

  async begin(): Promise<void> {
    const { cluster } = this;
    for (let at = 0; at < 3; at++) {
      const machine = await cluster.begin();
      const { hosting } = machine;
      const debug = (fields: object): void => this.onStep((fields as { step: Step }).step, machine);
      const begin = hosting.begin.bind(hosting);
      hosting.begin = (membership, parts) => begin(membership, { ...parts, log: { debug } });
      await cluster.until(machine.join());
    }
    await cluster.settle();
    const { membership } = this.machines[2];
    this.ids = Array.from({ length: 100 }, (_, at) => `counter/k${at}`)
      .filter((id) => membership.epochOf(shardOf(id)) !== undefined)
      .slice(0, 4);
  }

  /** From each process that is there its next number. */
  tell(): void {
    for (const [by, system] of this.#senders()) {
      const n = (this.#numbers.get(by) ?? 0) + 1;
      this.#numbers.set(by, n);
      for (const id of this.ids) system.tell(id, { type: 'add', by, n });
    }
  }

  #senders(): [string, System][] {
    return this.cluster.machines
      .filter(({ hasLeft }) => !hasLeft)
      .flatMap(({ name, simulation }) => [
        [name, simulation.system] as [string, System],
        ...simulation
          .workers()
          .flatMap(({ address, process }): [string, System][] => (process ? [[name + address, process.system]] : [])),
      ]);
  }

  async runTelling(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 3) {
      this.tell();
      await this.cluster.run(3);
    }
  }
}

/** What was handled behind a later message of its sender. */
function swaps(): string[] {
  const lasts = new Map<string, number>();
  return handled.filter((line) => {
    const [id, by, n] = line.split(' ');
    const last = lasts.get(`${id} ${by}`) ?? 0;
    lasts.set(`${id} ${by}`, Math.max(last, Number(n)));
    return Number(n) <= last;
  });
}

const CASES = STEPS.flatMap((step) => [1, 2].map((seed) => ({ step, seed })));

test.each(CASES)('at the step $step, seed $seed: mail keeps its order', async ({ step, seed }) => {
  const ground = new Ground(seed);
  await ground.begin();
  const { cluster } = ground;
  const [after, third, before] = ground.machines;
  await ground.runTelling(50);
  let isKilled = false;
  ground.onStep = (now, of) => {
    if (isKilled || now !== step || of !== (step === 'arrive' ? after : before)) return;
    isKilled = true;
    for (const worker of [1, 2]) after.simulation.crash(worker);
  };
  const left = before.leave();
  await ground.runTelling(400);
  await cluster.until(left);
  expect(isKilled).toBe(true);
  // Of its partitions some come to the machine that loses its workers.
  expect(ground.ids.some((id) => after.membership.epochOf(shardOf(id)) !== undefined)).toBe(true);
  await ground.runTelling(500);
  await cluster.run(2_000);
  expect(swaps()).toEqual([]);
  const lasts = new Map(handled.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.split(' ').at(-1)]));
  const told = (of: ClusterMachine): (string | undefined)[] => ground.ids.map((id) => lasts.get(`${id} ${of.name}`));
  expect(new Set([...told(after), ...told(third)]).size).toBe(1);
});
