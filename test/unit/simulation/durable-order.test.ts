import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { SimulatedDisk } from '../../../src/simulation/simulated-disk.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';

const RUNS = Number(process.env.TROUPE_BANK_RUNS ?? 8);

const supervision = { intensity: 1_000, periodMs: 10_000, backoff: { initialMs: 1, maxMs: 50 } };

/** Takes a few messages at a time: the others are refused, and come again. */
const narrow = defineActor({
  durable: true,
  mailbox: { capacity: 32 },
  supervision,
  state: () => ({ got: [] as number[] }),
  receive: {
    take({ state }, { n }: { n: number }) {
      state.got.push(n);
    },
    get: ({ state }) => state.got,
  },
});

/** A tree of messages: each node tells its branches, to random actors. */
const node = defineActor({
  durable: true,
  supervision,
  passivateAfterMs: 300,
  state: () => ({ seen: {} as Record<string, number> }),
  receive: {
    grow(ctx, { path, depth, seed }: { path: string; depth: number; seed: number }) {
      ctx.state.seen[path] = (ctx.state.seen[path] ?? 0) + 1;
      const random = seededRandom(seed);
      for (let n = 0; n < (depth > 0 ? 3 : 0); n++) {
        const to = `node/${Math.floor(random() * 6)}`;
        ctx.tell(to, { type: 'grow', path: `${path}.${n}`, depth: depth - 1, seed: Math.floor(random() * 1e9) });
      }
    },
    send(ctx, { count }: { count: number }) {
      for (let n = 1; n <= count; n++) ctx.tell('narrow/x', { type: 'take', n });
    },
    get: ({ state }) => state.seen,
  },
});

/** Not durable: what it tells is kept by its process until it is committed. */
const talker = defineActor({
  receive: { say: (ctx, { n }: { n: number }) => void ctx.tell('narrow/x', { type: 'take', n }) },
});

/** Where the receiver's worker dies just as its sender, a volatile actor, moves, and mail between them is not committed. */
test('a volatile sender that moves while its durable receiver comes back elsewhere: nothing lost, nothing swapped', {
  timeout: 600_000,
}, async () => {
  let moves = 0;
  for (let seed = 1; seed <= RUNS * 3; seed++) {
    const random = seededRandom(seed);
    const actors = { narrow, talker };
    const simulation = await Simulation.start({ seed, workers: 3, actors, disk: new SimulatedDisk() });
    const { system } = simulation;
    await simulation.until(system.ask('narrow/x', { type: 'get' }));
    let told = 0;
    const say = (): void => {
      for (let n = 0; n < 20; n++) system.tell('talker/t', { type: 'say', n: ++told });
    };
    for (let step = 0; step < 6; step++) {
      say();
      const [receiver, sender] = await simulation.until(
        Promise.all([system.where('narrow/x'), system.where('talker/t')]),
      );
      const others = [1, 2, 3].filter((worker) => worker !== sender.worker && worker !== receiver.worker);
      if (receiver.worker !== sender.worker) simulation.crash(receiver.worker);
      const moved = system.move('talker/t', others[0] as number).then(
        () => moves++,
        () => {},
      );
      say();
      await simulation.run(random() * 30);
      say();
      await simulation.until(moved);
      await simulation.run(random() * 400);
    }
    await simulation.run(120_000);
    const got = await simulation.until(system.ask('narrow/x', { type: 'get' }));
    expect(got, `seed ${seed}`).toEqual(Array.from({ length: told }, (_, n) => n + 1));
    await simulation.until(system.shutdown());
  }
  expect(moves).toBeGreaterThan(RUNS * 3);
});

test('a receiver with a small mailbox gets all of a long series, in order, each once', {
  timeout: 600_000,
}, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const simulation = await Simulation.start({
      seed,
      workers: 3,
      actors: { narrow, node },
      disk: new SimulatedDisk(),
    });
    simulation.system.tell('node/sender', { type: 'send', count: 600 });
    for (let step = 0; step < 5; step++) {
      simulation.crash(1 + Math.floor(random() * 3));
      await simulation.run(random() * 200);
    }
    await simulation.run(120_000);
    const got = await simulation.until(simulation.system.ask('narrow/x', { type: 'get' }));
    expect(got, `seed ${seed}`).toEqual(Array.from({ length: 600 }, (_, n) => n + 1));
    await simulation.until(simulation.system.shutdown());
  }
});

test('random trees of messages grow completely, every branch once, whatever dies', { timeout: 600_000 }, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    const disk = new SimulatedDisk();
    let simulation = await Simulation.start({ seed, workers: 3, actors: { narrow, node }, disk });
    disk.faults = { fail: 0.02, lie: 0.02, hang: 0.02, hangMs: 30 };
    const root = { type: 'grow', path: 'r', depth: 4, seed };
    await simulation.until(simulation.system.ask('node/0', root, { timeoutMs: 60_000 }));
    for (let step = 0; step < 6; step++) {
      simulation.crash(1 + Math.floor(random() * 3));
      if (step === 3) {
        simulation.crashAll();
        const beginsAt = simulation.time.now + 10;
        simulation = await Simulation.start({ seed: seed + 500, workers: 2, actors: { narrow, node }, disk, beginsAt });
      }
      await simulation.run(random() * 60);
    }
    disk.faults = { fail: 0, lie: 0, hang: 0, hangMs: 0 };
    await simulation.run(120_000);
    const counts = new Map<string, number>();
    for (let n = 0; n < 6; n++) {
      const seen = (await simulation.until(simulation.system.ask(`node/${n}`, { type: 'get' }))) as object;
      for (const [path, times] of Object.entries(seen)) counts.set(path, (counts.get(path) ?? 0) + times);
    }
    expect(counts.size, `seed ${seed}`).toBe(1 + 3 + 9 + 27 + 81);
    expect(
      [...counts].filter(([, times]) => times !== 1),
      `seed ${seed}`,
    ).toEqual([]);
    await simulation.until(simulation.system.shutdown());
  }
});

test('the fence of a durable actor is of the epoch in which it began, however late it is first asked for', async () => {
  const marked = defineActor({
    durable: true,
    passivateAfterMs: 100,
    receive: { look: () => 'seen', mark: (ctx) => ctx.fence },
  });
  const simulation = await Simulation.start({ seed: 1, workers: 2, actors: { marked }, disk: new SimulatedDisk() });
  const { system } = simulation;
  const ask = (id: string, type: string): Promise<unknown> => simulation.until(system.ask(id, { type }));
  await ask('marked/a', 'look');
  await simulation.run(300);
  // It comes back from its record, and has nothing to commit.
  const { worker, epoch, active } = await simulation.until(system.where('marked/a'));
  expect(active).toBe(false);
  const wake = new Envelope('wake', 'marked/a', undefined, undefined, undefined, 0);
  simulation.worker(worker)?.process?.kernel.router.deliver(wake);
  await simulation.run(5);
  const home = (await simulation.until(system.where('marked/b'))).worker;
  await simulation.until(system.move('marked/b', 3 - home));
  expect((await simulation.until(system.where('marked/b'))).epoch).toBeGreaterThan(epoch);
  expect(await ask('marked/a', 'mark')).toContain(`-${String(epoch).padStart(10, '0')}-`);
  await simulation.until(system.shutdown());
});
