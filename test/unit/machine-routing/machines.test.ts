/** Several machines in one process: mail, asks, watches and topics across them; one that is lost, cut off, or leaves. */
import { describe, expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import type { System } from '../../../src/system/system.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';

const refusalOf = (ask: Promise<unknown>): Promise<unknown> => ask.catch((error: unknown) => error);
const seen: string[] = [];
let open = (): void => {};
const counter = defineActor({
  state: () => ({ numbers: [] as number[] }),
  receive: {
    add: (ctx, { n }: { n: number }) => void ctx.state.numbers.push(n),
    get: (ctx) => ctx.state.numbers,
    hang: () => new Promise(() => {}),
    gate: async () => void (await new Promise<void>((resolve) => (open = resolve))),
    join: async (ctx, { topic }: { topic: string }) => void (await ctx.subscribe(topic)),
    end: (ctx) => ctx.stop(),
    bear: async (ctx) => (await ctx.spawn('counter')).id,
    bearAs: async (ctx, { key }: { key: string }) => (await ctx.spawn('counter', { key })).id,
    watch: (ctx, { id }: { id: string }) => void ctx.watch(id),
  },
  onTerminated: (ctx, { id, reason }) => void seen.push(`${ctx.id} ${id} ${reason}`),
});
const job = defineActor({ placement: { strategy: 'least-loaded' }, receive: { where: (ctx) => ctx.id } });

async function machinesOf(count: number, leaseMs = 900): Promise<{ cluster: SimulatedCluster; all: ClusterMachine[] }> {
  const cluster = new SimulatedCluster({ seed: 7, workers: 2, actors: { counter, job }, leaseMs });
  for (let at = 0; at < count; at++) await cluster.add();
  return { cluster, all: cluster.machines };
}

const add = (n: number): { type: 'add'; n: number } => ({ type: 'add', n });

/** Ids of a machine's own partitions. */
function idsOn({ membership }: ClusterMachine, count = 10, kind = 'counter'): string[] {
  const ids = Array.from({ length: 2_000 }, (_, at) => `${kind}/k${at}`);
  return ids.filter((id) => membership.epochOf(shardOf(id)) !== undefined).slice(0, count);
}

describe('two machines', () => {
  it('reach each actor, once and in order, from master and workers', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const senders = [one, other].flatMap(({ simulation }) => [
      simulation.system,
      ...simulation.workers().map(({ process }) => process?.system),
    ]);
    expect(senders.length).toBe(6);
    const ids = [...idsOn(one, 5), ...idsOn(other, 5)];
    expect(ids.length).toBe(10);
    for (const [at, sender] of senders.entries())
      for (let n = 0; n < 20; n++) for (const id of ids) sender?.tell(id, add(at * 100 + n));
    await cluster.run(300);
    for (const id of ids) {
      const numbers: number[] = await cluster.until(one.system.ask(id, { type: 'get' }));
      for (const at of senders.keys())
        expect(numbers.filter((n) => Math.floor(n / 100) === at)).toEqual(
          Array.from({ length: 20 }, (_, n) => at * 100 + n),
        );
    }
    const hosts = await cluster.until(Promise.all(ids.map((id) => one.system.where(id))));
    expect(new Set(hosts.map(({ worker }) => worker))).toEqual(new Set([1, 2]));
  });

  it('ask kinds whose places are given on demand at the machine of their partition', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [there = ''] = idsOn(other, 1);
    expect(await cluster.until(refusalOf(one.system.move(there, 1)))).toMatchObject({ code: 'NO_WORKER' });
    for (const id of idsOn(other, 4, 'job')) {
      expect(await cluster.until(one.system.ask(id, { type: 'where' }))).toBe(id);
      expect(await cluster.until(other.system.ask(id, { type: 'where' }))).toBe(id);
      expect(other.simulation.workers().some(({ process }) => process?.actors.cellOf(id))).toBe(true);
    }
  });

  it('are looked at from either, and a machine that gives no answer is named', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [there = '', here = ''] = [...idsOn(other, 1), ...idsOn(one, 1)];
    for (const id of [there, here]) await cluster.until(one.system.ask(id, { type: 'get' }));
    const [found, worker] = [one.system, one.simulation.worker(1)?.process?.system as System];
    for (const system of [found, worker]) {
      const seen = await cluster.until(system.inspect(there));
      expect(seen).toMatchObject({ id: there, machine: other.name, status: 'ready', state: { numbers: [] } });
      expect(await cluster.until(system.inspect(here))).toMatchObject({ id: here, machine: one.name });
      const list = await cluster.until(system.list({ limit: 1 }));
      expect(list).toMatchObject({ inMemory: 2, silent: [], silentMachines: [], next: expect.any(String) });
      const rest = await cluster.until(system.list({ after: list.next }));
      const actors = [...list.actors, ...rest.actors].map(({ id, machine }) => [id, machine]);
      expect(actors).toEqual(
        [
          [there, other.name],
          [here, one.name],
        ].sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
      );
    }
    expect(await cluster.until(found.inspect('counter/nobody'))).toMatchObject({ status: 'absent' });
    expect(await cluster.until(found.history(there))).toEqual([]);
    for (const a of one.processes) for (const b of other.processes) cluster.wires.stall(a, b);
    const list = await cluster.until(found.list());
    expect(list.actors.map(({ id }) => id)).toEqual([here]);
    expect(list.silentMachines).toEqual([{ machine: other.name, workers: [] }]);
    const refusal = await cluster.until(refusalOf(found.inspect(there)));
    expect(refusal).toMatchObject({ code: 'ACTOR_UNAVAILABLE', message: expect.stringContaining(other.name) });
  });

  it('tell who watches from the other one of an end by the death of a worker, once', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = idsOn(other, 12);
    for (const id of ids) await cluster.until(one.system.ask(id, { type: 'get' }));
    const hosts = await cluster.until(Promise.all(ids.map((id) => one.system.where(id))));
    const ends: string[] = [];
    const watchers = [one.system, one.simulation.worker(1)?.process?.system];
    for (const system of watchers)
      for (const id of ids) system?.watch(id, ({ reason }) => ends.push(`${id} ${reason}`));
    await cluster.run(50);
    other.simulation.crash(1);
    await cluster.run(2_000);
    const died = ids.filter((_, at) => hosts[at]?.worker === 1);
    expect(died.length).toBeGreaterThan(1);
    expect(ends.sort()).toEqual(died.flatMap((id) => [`${id} worker-exited`, `${id} worker-exited`]).sort());
    for (const id of ids) await cluster.until(one.system.ask(id, { type: 'get' }));
    for (const id of ids) await cluster.until(one.system.stop(id));
    await cluster.run(200);
    expect(ends.length).toBe(2 * ids.length);
  });

  it('are paused together, also one that stands still meanwhile, and one that joins later', {
    timeout: 60_000,
  }, async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = [...idsOn(one, 2), ...idsOn(other, 2)];
    const isHeld = async (system: System, id: string): Promise<boolean> => {
      const asked = refusalOf(system.ask(id, { type: 'get' }, { timeoutMs: 100 }));
      return ((await cluster.until(asked)) as { code?: string }).code === 'ASK_TIMEOUT';
    };
    await cluster.until(other.system.pause('counter/*', { reason: 'a test' }));
    for (const id of ids) for (const system of [one.system, other.system]) expect(await isHeld(system, id)).toBe(true);
    // Wherever it is asked from, it is known that it was not carried out.
    for (const id of ids) {
      for (const { simulation, system } of [one, other])
        for (const asker of [system, simulation.worker(1)?.process?.system as System]) {
          const asked = refusalOf(asker.ask(id, { type: 'get' }, { timeoutMs: 1_000 }));
          expect(await cluster.until(asked)).toMatchObject({ code: 'ASK_TIMEOUT', fate: 'not-executed' });
        }
    }
    expect((await cluster.until(one.system.metrics())).pauses).toMatchObject([
      { pattern: 'counter/*', reason: 'a test' },
    ]);
    const third = await cluster.add();
    for (const id of idsOn(third, 3))
      for (const { system } of [one, third]) expect(await isHeld(system, id)).toBe(true);
    expect(await cluster.until(third.system.resume('counter/*'))).toBe(true);
    await cluster.run(1_000);
    for (const id of ids) expect(await isHeld(third.system, id)).toBe(false);
    expect(await cluster.until(one.system.resume('counter/*'))).toBe(false);

    // It is lost before the pause resolves, and reads it before it serves again.
    const [held = ''] = idsOn(other, 1);
    other.freeze();
    await cluster.until(one.system.pause('counter/*'));
    expect(one.membership.machines().find(({ id }) => id === other.name)?.state).not.toBe('live');
    other.thaw();
    for (const { simulation } of [other, one])
      for (const { process } of simulation.workers()) process?.system.tell(held, add(1));
    await cluster.run(5_000);
    for (const { simulation } of cluster.machines)
      for (const { process } of simulation.workers())
        expect(process?.actors.cellOf(held)?.status ?? 'absent').not.toBe('ready');
    expect(await isHeld(other.system, held)).toBe(true);
  });

  it('tell of ends across', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [id = ''] = idsOn(other, 1);
    const [watcher = ''] = idsOn(one, 1);
    const ends: string[] = [];
    await cluster.until(one.system.ask(id, { type: 'get' }));
    one.system.watch(id, ({ reason }) => ends.push(`master ${reason}`));
    one.simulation.worker(1)?.process?.system.watch(id, ({ reason }) => ends.push(`worker ${reason}`));
    await cluster.until(one.system.ask(watcher, { type: 'watch', id }));
    await cluster.run(50);
    seen.length = 0;
    await cluster.until(one.system.ask(id, { type: 'end' }));
    await cluster.run(50);
    expect(ends.sort()).toEqual(['master stopped', 'worker stopped']);
    expect(seen).toEqual([`${watcher} ${id} stopped`]);
  });

  it('publish once to each subscriber, in order with the rest', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = [...idsOn(one, 3), ...idsOn(other, 3)];
    for (const id of ids) await cluster.until(one.system.ask(id, { type: 'join', topic: 'news' }));
    const heard: number[] = [];
    await cluster.until(other.system.subscribe('news', (message) => heard.push((message as { n: number }).n)));
    const sender = one.simulation.worker(2)?.process?.system;
    for (let n = 0; n < 10; n++) {
      sender?.publish('news', add(n));
      for (const id of ids) sender?.tell(id, add(100 + n));
    }
    await cluster.run(100);
    expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const expected = Array.from({ length: 10 }, (_, n) => [n, 100 + n]).flat();
    for (const id of ids) expect(await cluster.until(one.system.ask(id, { type: 'get' }))).toEqual(expected);
  });

  it('spawn anywhere, children with their parents, and chosen workers here', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [parent = ''] = idsOn(one, 1);
    const [foreign = ''] = idsOn(other, 1);
    const child: string = await cluster.until(one.system.ask(parent, { type: 'bear' }));
    expect(shardOf(child)).toBe(shardOf(parent));
    expect(await cluster.until(other.system.where(child))).toMatchObject({ active: true, machine: one.name });
    for (let n = 0; n < 6; n++) {
      const { id } = await cluster.until(one.system.spawn('counter', { placement: { worker: 2 } }));
      expect(await cluster.until(other.system.where(id))).toMatchObject({ worker: 2, machine: one.name });
      await cluster.until(one.system.spawn('counter'));
    }
    await cluster.until(one.system.spawn('counter', { key: foreign.slice('counter/'.length) }));
    expect(await cluster.until(one.system.where(foreign))).toMatchObject({ active: true, machine: other.name });
    const asked = one.system.ask(parent, { type: 'bearAs', key: idsOn(other, 2)[1]?.slice('counter/'.length) });
    expect(await cluster.until(refusalOf(asked))).toMatchObject({
      code: 'HANDLER_FAILED',
      message: expect.stringContaining('another machine'),
    });
  });

  it('have a subscription in force once every process of the other machine knows it', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [id = ''] = idsOn(other, 1);
    const [, last = ''] = one.processes.slice(-2);
    cluster.wires.stall(last, other.processes[0] as string);
    let isInForce = false;
    const joined = other.system.ask(id, { type: 'join', topic: 'news' }).then(() => (isInForce = true));
    await cluster.run(300);
    expect(isInForce).toBe(false);
    cluster.wires.unstall(last, other.processes[0] as string);
    await cluster.until(joined);
  });

  it('give up an ask whose asker has', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [id = ''] = idsOn(other, 1);
    const asked = refusalOf(one.system.ask(id, { type: 'hang' }, { timeoutMs: 200 }));
    expect(await cluster.until(asked)).toMatchObject({ code: 'ASK_TIMEOUT', fate: 'unknown' });
    await cluster.run(20);
    expect(other.simulation.peer.kernel.pending.size).toBe(0);
  });

  it('tell the asker whose worker has died', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [id = ''] = idsOn(other, 1);
    const { worker } = await cluster.until(one.system.where(id));
    const asked = refusalOf(one.system.ask(id, { type: 'hang' }));
    await cluster.run(20);
    other.simulation.crash(worker);
    const from = cluster.time.now;
    expect(await cluster.until(asked)).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    expect(cluster.time.now - from).toBeLessThan(1_000);
    expect(await cluster.until(one.system.ask(id, { type: 'get' }))).toEqual([]);
  });
});

describe('a machine that is lost', () => {
  it('is taken over within a lease and a tenth, and mail waits for it', async () => {
    const { cluster, all } = await machinesOf(3);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = idsOn(other, 8);
    const [watched = ''] = ids;
    for (const id of ids) await cluster.until(one.system.ask(id, { type: 'get' }));
    const ends: string[] = [];
    one.system.watch(watched, ({ reason }) => ends.push(reason));
    await cluster.run(50);
    const asked = refusalOf(one.system.ask(watched, { type: 'hang' }, { timeoutMs: 20_000 }));
    await cluster.run(20);
    other.crash();
    const from = cluster.time.now;
    for (const id of ids) one.system.tell(id, add(1));
    const counts = await cluster.until(Promise.all(ids.map((id) => one.system.ask(id, { type: 'get' }))));
    expect(cluster.time.now - from).toBeLessThan(cluster.leaseMs * 1.1 + 1_000);
    expect(await cluster.until(asked)).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    expect(ends).toEqual(['worker-exited']);
    // What was on its way as it died may have died with it; what was sent once its link had ended has not.
    expect(counts.every((count) => count.length <= 1)).toBe(true);
    await cluster.settle();
    for (const id of ids)
      expect(await cluster.until(all[2]?.system.ask(id, { type: 'get' }) as Promise<number[]>)).toBeDefined();
  });
});

describe('a machine that is cut off', () => {
  it('is given up as soon as it is lost, whatever its links hold', async () => {
    const { cluster, all } = await machinesOf(3);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = idsOn(other, 4);
    const asked = ids.map((id) => refusalOf(one.system.ask(id, { type: 'hang' }, { timeoutMs: 20_000 })));
    await cluster.run(20);
    for (const from of other.processes)
      for (const { processes } of all) for (const to of processes) if (from !== to) cluster.wires.stall(from, to);
    other.membership.close();
    other.isDead = true;
    const from = cluster.time.now;
    for (const fault of await cluster.until(Promise.all(asked)))
      expect(fault).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    expect(cluster.time.now - from).toBeLessThan(cluster.leaseMs * 1.1 + 1_000);
    await cluster.settle();
    for (const id of ids) expect(await cluster.until(one.system.ask(id, { type: 'get' }))).toEqual([]);
  });
});

describe('a machine that leaves', () => {
  it('sends on what waited in mailboxes, once the other knows that it has the partition', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = idsOn(other, 3);
    for (const id of ids) {
      one.system.tell(id, { type: 'gate' });
      for (let n = 0; n < 5; n++) one.system.tell(id, add(n));
    }
    await cluster.run(20);
    // It learns of the new table by looking from time to time alone.
    one.membership.lookAtTable = () => {};
    const left = other.leave();
    await cluster.run(5);
    open();
    await cluster.until(left);
    const { frames } = cluster;
    await cluster.run(2_500);
    // Each process asks each process there that it has sent to once whether all has passed. To and fro between two that know different tables it would be twice as many.
    expect(cluster.frames - frames).toBeLessThan(70);
    const counts = await cluster.until(Promise.all(ids.map((id) => one.system.ask(id, { type: 'get' }))));
    expect(counts.map((numbers: number[]) => [...numbers].sort())).toEqual(ids.map(() => [0, 1, 2, 3, 4]));
  });

  it('hands over what it has, and nothing that is sent meanwhile is lost', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = idsOn(other, 8);
    let n = 0;
    const tell = (): void => {
      n++;
      for (const id of ids) one.system.tell(id, add(n));
    };
    const left = other.leave();
    for (let at = 0; at < 300; at++) {
      tell();
      await cluster.run(1);
    }
    await cluster.until(left);
    const from = n;
    for (let at = 0; at < 20; at++) tell();
    await cluster.run(100);
    for (const id of ids) {
      const numbers: number[] = await cluster.until(one.system.ask(id, { type: 'get' }));
      // ALL
      const sorted = [...numbers].sort((a, b) => a - b);
      expect(sorted).toEqual(numbers.map((_, at) => (sorted[0] as number) + at));
      expect(sorted.at(-1)).toBe(from + 20);
    }
    expect(other.events.filter(({ type }) => type === 'machine-lost')).toEqual([]);
  });
});
