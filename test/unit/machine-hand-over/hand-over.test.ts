/** Partitions that change machines with all that lives in them: a machine joins, or leaves in order. */
import { describe, expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { decodeTable, TABLE_KEY } from '../../../src/membership/cluster-entries.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { ProcessClock } from '../../../src/simulation/process-clock.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import { simulatedUntil } from '../simulation/simulated-until.ts';

const refusalOf = (ask: Promise<unknown>): Promise<unknown> => ask.catch((error: unknown) => error);
const seen: string[] = [];
let sleep: (ms: number) => Promise<void>;
const counter = defineActor({
  state: () => ({ numbers: [] as number[], beats: 0, secret: undefined as unknown }),
  receive: {
    add: (ctx, { n }: { n: number }) => void ctx.state.numbers.push(n),
    get: (ctx) => ctx.state.numbers,
    beat: (ctx) => void ctx.state.beats++,
    every: (ctx, { ms }: { ms: number }) => void ctx.every(ms, { type: 'beat' }),
    beats: (ctx) => ctx.state.beats,
    later: async (ctx, { ms }: { ms: number }) => {
      await sleep(ms);
      return ctx.state.numbers;
    },
    fill: (ctx, { length }: { length: number }) => void ctx.state.numbers.push(...Array.from({ length }, (_, n) => n)),
    lock: (ctx) => void (ctx.state.secret = () => 1),
    join: async (ctx, { topic }: { topic: string }) => void (await ctx.subscribe(topic)),
    end: (ctx) => ctx.stop(),
    bear: async (ctx) => (await ctx.spawn('counter')).id,
    watch: (ctx, { id }: { id: string }) => void ctx.watch(id),
    askOn: (ctx, { id, ms }: { id: string; ms: number }) => ctx.ask(id, { type: 'later', ms }),
    forward: (ctx, { to, n }: { to: string; n: number }) => void ctx.tell(to, { type: 'add', n }),
  },
  onTerminated: (ctx, { id, reason }) => void seen.push(`${ctx.id} ${id} ${reason}`),
});
const job = defineActor({
  placement: { strategy: 'least-loaded' },
  state: () => ({ count: 0 }),
  receive: { add: (ctx) => ++ctx.state.count },
});

async function machinesOf(count: number, leaseMs = 900): Promise<{ cluster: SimulatedCluster; all: ClusterMachine[] }> {
  const cluster = new SimulatedCluster({ seed: 7, workers: 2, actors: { counter, job }, leaseMs });
  const clock = new ProcessClock(cluster.time);
  sleep = (ms) => new Promise((resolve) => clock.setTimer(ms, resolve));
  for (let at = 0; at < count; at++) await cluster.add();
  return { cluster, all: cluster.machines };
}

const add = (n: number): { type: 'add'; n: number } => ({ type: 'add', n });

/** Ids of a machine's own partitions. */
function idsOn({ membership }: ClusterMachine, count = 10, kind = 'counter'): string[] {
  const ids = Array.from({ length: 2_000 }, (_, at) => `${kind}/k${at}`);
  return ids.filter((id) => membership.epochOf(shardOf(id)) !== undefined).slice(0, count);
}

/** All ways by which a program tells. */
function sendersOf(machines: ClusterMachine[]): { tell(id: string, message: unknown): unknown }[] {
  return machines.flatMap(({ simulation }) => [
    simulation.system,
    ...simulation.workers().flatMap(({ process }) => process?.system ?? []),
  ]);
}

describe('a machine that leaves in order', () => {
  it('costs no state and no message', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = idsOn(other, 8);
    let n = 0;
    const tell = (): void => {
      n++;
      for (const id of ids) one.system.tell(id, add(n));
    };
    for (let at = 0; at < 20; at++) tell();
    await cluster.run(50);
    const left = other.leave();
    for (let at = 0; at < 300; at++) {
      tell();
      await cluster.run(1);
    }
    await cluster.until(left);
    for (let at = 0; at < 20; at++) tell();
    await cluster.run(100);
    for (const id of ids) {
      const numbers: number[] = await cluster.until(one.system.ask(id, { type: 'get' }));
      expect(numbers).toEqual(Array.from({ length: n }, (_, at) => at + 1));
    }
  });

  it('is replaced at once: the new owner does not wait for its next look at the directory', async () => {
    const { cluster, all } = await machinesOf(2, 15_000);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = idsOn(other, 5);
    for (const id of ids) await cluster.until(one.system.ask(id, add(1)));
    const since = cluster.time.now;
    const left = other.leave();
    const isOwned = (id: string): boolean => one.membership.epochOf(shardOf(id)) !== undefined;
    await simulatedUntil(cluster, 'the other one owns them', () => ids.every(isOwned), 1);
    for (const id of ids) await cluster.until(one.system.ask(id, add(2)));
    expect(cluster.time.now - since).toBeLessThan(100);
    await cluster.until(left);
  });

  it('answers what was asked of it, from where the actor is by then', async () => {
    const { cluster, all } = await machinesOf(3);
    const [one, other, third] = all as [ClusterMachine, ClusterMachine, ClusterMachine];
    const ids = idsOn(other, 6);
    const asked = ids.flatMap((id) => {
      one.system.tell(id, { type: 'later', ms: 20 });
      return [one, other, third].map(({ system }) => system.ask(id, { type: 'later', ms: 10 }, { timeoutMs: 5_000 }));
    });
    await cluster.run(5);
    const left = other.leave();
    expect(await cluster.until(Promise.all(asked.map(refusalOf)))).toEqual(asked.map(() => []));
    await cluster.until(left);
  });

  it('takes timers, families, watches and places on demand along', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [beating = '', parent = '', watched = ''] = idsOn(other, 3);
    const [watcher = ''] = idsOn(one, 1);
    await cluster.until(one.system.ask(beating, { type: 'every', ms: 100 }));
    const child: string = await cluster.until(one.system.ask(parent, { type: 'bear' }));
    await cluster.until(one.system.ask(child, add(7)));
    await cluster.until(one.system.ask(watched, add(1)));
    await cluster.until(one.system.ask(watcher, { type: 'watch', id: watched }));
    const ends: string[] = [];
    one.system.watch(watched, ({ reason }) => ends.push(reason));
    const jobs = idsOn(other, 5, 'job');
    for (const id of jobs) await cluster.until(one.system.ask(id, { type: 'add' }));
    await cluster.run(1_000);
    const before: number = await cluster.until(one.system.ask(beating, { type: 'beats' }));
    const since = cluster.time.now;
    await cluster.until(other.leave());
    await cluster.run(1_000);
    const beats: number = await cluster.until(one.system.ask(beating, { type: 'beats' }));
    expect(Math.abs(beats - before - (cluster.time.now - since) / 100)).toBeLessThan(2);
    expect(await cluster.until(one.system.ask(child, { type: 'get' }))).toEqual([7]);
    for (const id of jobs) expect(await cluster.until(one.system.ask(id, { type: 'add' }))).toBe(2);
    expect(ends).toEqual([]);
    seen.length = 0;
    await cluster.until(one.system.ask(watched, { type: 'end' }));
    await cluster.run(50);
    expect(ends).toEqual(['stopped']);
    expect(seen).toEqual([`${watcher} ${watched} stopped`]);
    await cluster.until(one.system.ask(parent, { type: 'end' }));
    await cluster.run(50);
    expect((await cluster.until(one.system.where(child))).active).toBe(false);
  });

  it('waits for turns, also those that wait for each other', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [first = '', second = '', third = ''] = idsOn(other, 3);
    for (const id of [first, second, third]) one.system.tell(id, add(1));
    const asked = one.system.ask(first, { type: 'askOn', id: second, ms: 300 }, { timeoutMs: 5_000 });
    const child: string = await cluster.until(one.system.ask(third, { type: 'bear' }));
    const ofChild = one.system.ask(third, { type: 'askOn', id: child, ms: 100 }, { timeoutMs: 5_000 });
    await cluster.run(20);
    await cluster.until(other.leave());
    expect(await cluster.until(asked)).toEqual([1]);
    expect(await cluster.until(ofChild)).toEqual([]);
    for (const id of [first, second, third])
      expect(await cluster.until(one.system.ask(id, { type: 'get' }))).toEqual([1]);
  });

  it('ends what takes longer than it may wait, and what cannot be copied begins anew, with its mail', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const [busy = '', locked = '', calm = ''] = idsOn(other, 3);
    for (const id of [busy, locked, calm]) await cluster.until(one.system.ask(id, add(1)));
    await cluster.until(one.system.ask(locked, { type: 'lock' }));
    const ends: string[] = [];
    for (const id of [busy, locked, calm]) one.system.watch(id, ({ reason }) => ends.push(`${id} ${reason}`));
    await cluster.run(20);
    one.system.tell(busy, { type: 'later', ms: 60_000 });
    one.system.tell(busy, add(2));
    one.system.tell(locked, add(2));
    await cluster.run(20);
    await cluster.until(other.leave());
    await cluster.run(100);
    expect(await cluster.until(one.system.ask(busy, { type: 'get' }))).toEqual([2]);
    one.system.tell(locked, add(3));
    expect(await cluster.until(one.system.ask(locked, { type: 'get' }))).toEqual([3]);
    expect(await cluster.until(one.system.ask(calm, { type: 'get' }))).toEqual([1]);
    expect(ends.sort()).toEqual([`${busy} killed`, `${locked} worker-exited`].sort());
  });

  it('sends large states in pieces', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = idsOn(other, 3);
    for (const id of ids) await cluster.until(one.system.ask(id, { type: 'fill', length: 60_000 }));
    await cluster.until(other.leave());
    for (const id of ids) {
      const numbers: number[] = await cluster.until(one.system.ask(id, { type: 'get' }));
      expect(numbers.length).toBe(60_000);
    }
  });
});

describe('a machine that joins', () => {
  it('gets its share with all that lives there, and each sender stays in order', async () => {
    const { cluster, all } = await machinesOf(2);
    const ids = [...idsOn(all[0] as ClusterMachine, 12), ...idsOn(all[1] as ClusterMachine, 12)];
    const senders = sendersOf(all);
    let n = 0;
    const tell = (): void => {
      n++;
      for (const [at, sender] of senders.entries()) for (const id of ids) sender.tell(id, add(at * 100_000 + n));
    };
    for (let at = 0; at < 20; at++) tell();
    await cluster.run(20);
    const third = await cluster.begin();
    await cluster.until(third.join());
    for (let at = 0; at < 1_500 && third.owns() < 341; at++) {
      tell();
      await cluster.run(2);
    }
    expect(third.owns()).toBeGreaterThan(340);
    tell();
    await cluster.settle();
    const moved = ids.filter((id) => third.membership.epochOf(shardOf(id)) !== undefined);
    expect(moved.length).toBeGreaterThan(3);
    for (const id of ids) {
      const numbers: number[] = await cluster.until(third.system.ask(id, { type: 'get' }));
      for (const at of senders.keys()) {
        const own = numbers.filter((one) => Math.floor(one / 100_000) === at).map((one) => one % 100_000);
        expect(own).toEqual(Array.from({ length: n }, (_, k) => k + 1));
      }
    }
  });

  it('goes on in order where the link to it breaks as the table names it, with mail at the old owner', async () => {
    const { cluster, all } = await machinesOf(2);
    const [one, other] = all as [ClusterMachine, ClusterMachine];
    const ids = [...idsOn(one, 200), ...idsOn(other, 200)];
    const senders = sendersOf(all);
    let n = 0;
    const tell = (): void => {
      n++;
      for (const [at, sender] of senders.entries()) for (const id of ids) sender.tell(id, add(at * 100_000 + n));
    };
    tell();
    await cluster.run(20);
    const third = await cluster.begin();
    const pairs = (): [string, string][] =>
      one.processes.flatMap((from) => third.processes.map((to): [string, string] => [from, to]));
    let cuts = 0;
    const { engine } = cluster;
    const write = engine.write.bind(engine);
    engine.write = (key, value, expected) => {
      const table = key === TABLE_KEY && value ? decodeTable(value) : undefined;
      const isIts = table?.owners.some((owner, at) => owner === third.name && table.handedBy[at] === one.name);
      if (isIts && cuts++ === 0)
        for (const [from, to] of pairs()) {
          cluster.wires.reset(from, to);
          // Before it is dialled again.
          cluster.time.at(20, () => cluster.wires.stall(from, to));
        }
      return write(key, value, expected);
    };
    await cluster.until(third.join());
    for (let at = 0; at < 600; at++) {
      if (at % 4 === 0) tell();
      await cluster.run(1);
    }
    expect(cuts).toBeGreaterThan(0);
    for (const [from, to] of pairs()) cluster.wires.unstall(from, to);
    for (let at = 0; at < 100; at++) {
      tell();
      await cluster.run(10);
    }
    await cluster.run(8_000);
    const moved = ids.filter((id) => third.membership.epochOf(shardOf(id)) !== undefined);
    expect(moved.length).toBeGreaterThan(50);
    for (const id of ids) {
      const numbers: number[] = await cluster.until(third.system.ask(id, { type: 'get' }));
      for (const at of senders.keys()) {
        const own = numbers.filter((number) => Math.floor(number / 100_000) === at);
        expect([id, at, own]).toEqual([id, at, [...own].sort((a, b) => a - b)]);
        expect(own.at(-1)).toBe(at * 100_000 + n);
      }
    }
  });
});
