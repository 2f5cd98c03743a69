/** Mail from worker to worker of two machines: the way of each partition follows its host, and no mail is lost or swapped as it changes. */
import { afterEach, describe, expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { OtherMachines } from '../../../src/machine-routing/other-machines.ts';
import { PassingMail } from '../../../src/machine-routes/passing-mail.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import type { System } from '../../../src/system/system.ts';
import { isForeignWorker } from '../../../src/vocabulary/host-index.ts';

const counter = defineActor({
  state: () => ({ numbers: [] as number[] }),
  receive: {
    add: (ctx, { n }: { n: number }) => void ctx.state.numbers.push(n),
    get: (ctx) => ctx.state.numbers,
  },
});

const add = (n: number): { type: 'add'; n: number } => ({ type: 'add', n });

interface World {
  readonly cluster: SimulatedCluster;
  readonly one: ClusterMachine;
  readonly other: ClusterMachine;
  /** Actors of the other machine. */
  readonly ids: string[];
  /** Workers of the first one. */
  readonly senders: System[];
}

async function worldOf(seed: number): Promise<World> {
  const cluster = new SimulatedCluster({ seed, workers: 2, actors: { counter }, leaseMs: 900 });
  const one = await cluster.add();
  const other = await cluster.add();
  const ids = Array.from({ length: 400 }, (_, at) => `counter/k${at}`)
    .filter((id) => other.membership.epochOf(shardOf(id)) !== undefined)
    .slice(0, 24);
  const senders = [1, 2].map((index) => one.simulation.worker(index)?.process?.system as System);
  return { cluster, one, other, ids, senders };
}

/** What each actor was sent, and in which order it came, while something happens. */
async function traffic({ cluster, one, ids, senders }: World, happens: Promise<unknown>[]): Promise<string[]> {
  let isOver = false;
  void Promise.all(happens).then(() => (isOver = true));
  let n = 0;
  for (let after = 0; after < 100; after += isOver ? 1 : 0) {
    for (const [at, sender] of senders.entries()) for (const id of ids) sender.tell(id, add(at * 1e6 + n));
    n++;
    await cluster.run(0.25);
  }
  await cluster.run(3_000);
  const faults: string[] = [];
  const expected = Array.from({ length: n }, (_, at) => at);
  for (const id of ids) {
    const numbers: number[] = await cluster.until(one.system.ask(id, { type: 'get' }));
    for (const at of senders.keys()) {
      const got = numbers.filter((number) => Math.floor(number / 1e6) === at).map((number) => number - at * 1e6);
      if (got.some((number, place) => place > 0 && number <= (got[place - 1] as number))) faults.push(`swapped: ${id}`);
      else if (got.length < expected.length) faults.push(`${expected.length - got.length} lost: ${id}`);
    }
  }
  return faults;
}

const restarts = ({ simulation }: ClusterMachine): Promise<unknown> =>
  [1, 2].reduce<Promise<unknown>>(
    (before, index) => before.then(() => simulation.peer.request({ kind: 'restart-worker', index })),
    Promise.resolve(),
  );

const restore: (() => void)[] = [];
afterEach(() => {
  for (const undo of restore.splice(0)) undo();
});

/** A rule is taken away. */
function without<T extends object>(prototype: T, name: string, method: unknown): void {
  const before = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  const isGetter = before.get !== undefined;
  Object.defineProperty(
    prototype,
    name,
    isGetter ? { ...before, get: method as () => unknown } : { ...before, value: method },
  );
  restore.push(() => Object.defineProperty(prototype, name, before));
}

describe('mail between machines', () => {
  it('goes to the worker that hosts its actor, and its way in has nothing to do with it', async () => {
    const world = await worldOf(3);
    const { cluster, one, other, ids, senders } = world;
    await cluster.run(200);
    const hosts = ids.map((id) => one.simulation.peer.hostOf(id) as number);
    expect(hosts.every(isForeignWorker)).toBe(true);
    expect(new Set(hosts).size).toBe(2);
    other.simulation.peer.actors.kernel.router.deliver = () => {
      throw new Error('the way in has mail');
    };
    for (const id of ids)
      for (const sender of senders) expect(await cluster.until(sender.ask(id, { type: 'get' }))).toEqual([]);
  });

  it.each([1, 2, 3])(
    'is neither lost nor swapped as workers are restarted (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const world = await worldOf(seed);
      expect(await traffic(world, [restarts(world.other)])).toEqual([]);
    },
  );

  it('is neither lost nor swapped as the workers of its senders are restarted too', { timeout: 60_000 }, async () => {
    const world = await worldOf(4);
    const senders = [world.one.system];
    expect(await traffic({ ...world, senders }, [restarts(world.other), restarts(world.one)])).toEqual([]);
  });

  it('is swapped where mail by a new way does not wait for mail by the old one', { timeout: 60_000 }, async () => {
    without(PassingMail.prototype, 'begin', () => {});
    const world = await worldOf(1);
    expect((await traffic(world, [restarts(world.other)])).join()).toContain('swapped');
  });

  /** The master of the senders hears late of what happens at the other one. */
  const lateNews = async ({ cluster, one, other }: World): Promise<void> => {
    const [near = '', far = ''] = [one.processes[0], other.processes[0]];
    cluster.wires.stall(near, far);
    await new Promise<void>((resolve) => cluster.time.at(600, resolve));
    cluster.wires.unstall(near, far);
  };

  it('is neither lost nor swapped where the news of a restart are late', { timeout: 60_000 }, async () => {
    const world = await worldOf(1);
    expect(await traffic(world, [restarts(world.other), lateNews(world)])).toEqual([]);
  });

  it('is lost where a worker retires that may get more', { timeout: 60_000 }, async () => {
    without(OtherMachines.prototype, 'isVisited', () => false);
    const world = await worldOf(1);
    expect((await traffic(world, [restarts(world.other), lateNews(world)])).join()).toContain('lost');
  });

  it.each([1, 2, 3])(
    'goes on where workers of both machines publish at once, each behind what it had sent to the other (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const { cluster, one, other } = await worldOf(seed);
      const heard: string[] = [];
      const sides = [one, other].map(({ simulation, system, membership }, at) => {
        const ids = Array.from({ length: 100 }, (_, n) => `counter/k${n}`);
        const owned = ids.filter((id) => membership.epochOf(shardOf(id)) !== undefined);
        return { at, system, owned, worker: simulation.worker(1)?.process?.system as System };
      });
      for (const { at, system } of sides)
        await cluster.until(
          system.subscribe('news', (news) => void heard.push(`${(news as { from: number }).from} at ${at}`)),
        );
      await cluster.run(200);
      const tell = (n: number): void => {
        for (const { at, worker } of sides) for (const id of sides[1 - at]?.owned ?? []) worker.tell(id, add(n));
      };
      tell(1);
      await cluster.run(100);
      for (const { at, worker } of sides) worker.publish('news', { type: 'news', from: at });
      tell(2);
      await cluster.run(500);
      expect(heard.sort()).toEqual(['0 at 0', '0 at 1', '1 at 0', '1 at 1']);
      for (const { system, owned } of sides)
        for (const id of owned) expect(await cluster.until(system.ask(id, { type: 'get' }))).toEqual([1, 2]);
    },
  );
});
