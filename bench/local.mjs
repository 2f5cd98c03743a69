// S1, S2, S3, S6, S7: one process. Prints one JSON line per metric.
import { createSystem, defineActor } from 'troupe';
import { bursts, rate, windowed } from './load.mjs';
import { options, print } from './print.mjs';

let done = () => {};
const finished = () => new Promise((resolve) => (done = resolve));

const actors = {
  counter: defineActor({
    state: () => ({ count: 0 }),
    receive: {
      inc(ctx, { n }) {
        ctx.state.count += n;
      },
      take(ctx) {
        const { count } = ctx.state;
        ctx.state.count = 0;
        return count;
      },
      echo: (_ctx, { n }) => ({ n }),
    },
  }),
  ping: defineActor({
    state: () => ({ until: 0 }),
    receive: {
      start(ctx, { n }) {
        ctx.state.until = n;
        ctx.tell('pong/b', { type: 'ping', n: 1 });
      },
      pong(ctx, { n }) {
        if (n >= ctx.state.until) done();
        else ctx.tell('pong/b', { type: 'ping', n: n + 1 });
      },
    },
  }),
  pong: defineActor({ receive: { ping: (ctx, { n }) => void ctx.tell('ping/a', { type: 'pong', n }) } }),
  ring: defineActor({
    receive: {
      token(ctx, { n }) {
        if (n === 0) done();
        else ctx.tell(`ring/${(Number(ctx.key) + 1) % 503}`, { type: 'token', n: n - 1 });
      },
    },
  }),
  leaf: defineActor({ receive: { inc: (ctx) => void ctx.tell('hub/a', { type: 'ack' }) } }),
  hub: defineActor({
    state: () => ({ got: 0, rounds: 0 }),
    receive: {
      start(ctx, { rounds }) {
        ctx.state.rounds = rounds;
        for (const id of leaves) ctx.tell(id, { type: 'inc', n: 1 });
      },
      ack(ctx) {
        if (++ctx.state.got < leaves.length) return;
        ctx.state.got = 0;
        if (--ctx.state.rounds === 0) return done();
        for (const id of leaves) ctx.tell(id, { type: 'inc', n: 1 });
      },
    },
  }),
};
const leaves = Array.from({ length: 1_000 }, (_, n) => `leaf/${n}`);

const { wants, timing } = options();
const system = await createSystem({ workers: 0, actors, log: 'warn' });
const counter = system.ref('counter/00000001');

if (wants('S1')) {
  print(
    'S1',
    'tell',
    'msg/s',
    await rate(timing, async (n) => {
      await bursts(
        n,
        () => counter.tell({ type: 'inc', n: 1 }),
        () => system.drained(),
      );
      const count = await counter.ask({ type: 'take' }, { timeoutMs: 60_000 });
      if (count !== n) throw new Error(`${n} messages were sent; got ${count} handled`);
    }),
  );
}
if (wants('S2')) {
  print(
    'S2',
    'ping-pong',
    'rt/s',
    await rate(timing, (n) => {
      const end = finished();
      system.tell('ping/a', { type: 'start', n });
      return end;
    }),
  );
  print(
    'S2',
    'ask sequential',
    'rt/s',
    await rate(timing, async (n) => {
      for (let i = 0; i < n; i++) await counter.ask({ type: 'echo', n: i });
    }),
  );
  print(
    'S2',
    'ask 256 in flight',
    'rt/s',
    await rate(timing, (n) => windowed(n, 256, () => counter.ask({ type: 'echo', n: 1 }))),
  );
}
if (wants('S6')) {
  print(
    'S6',
    'fan-out 1->1000->1',
    'msg/s',
    await rate(
      timing,
      (rounds) => {
        const end = finished();
        system.tell('hub/a', { type: 'start', rounds });
        return end;
      },
      { per: 2_000, most: 1e5 },
    ),
  );
}
if (wants('S7')) {
  print(
    'S7',
    'threadring 503',
    'hops/s',
    await rate(timing, (n) => {
      const end = finished();
      system.tell('ring/0', { type: 'token', n });
      return end;
    }),
  );
}
if (wants('S3')) {
  const n = 100_000;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  for (let i = 0; i < n; i++) system.tell(`counter/s3-${i}`, { type: 'inc', n: 1 });
  await system.ask(`counter/s3-${n - 1}`, { type: 'take' });
  const seconds = (performance.now() - start) / 1_000;
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / n;
  print('S3', 'activate and tell', 'actors/s', { value: n / seconds, n });
  print('S3', 'heap per idle actor', 'B', { value: bytes, n });
}
await system.shutdown();
