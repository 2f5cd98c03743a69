/** S1, S2, S3, S6, S7: one process. */
import { createSystem, defineActor } from 'troupe';
import counter from '../actors/counter.mjs';
import { bursts, mustBe, Program, small, windowed } from '../harness/measure.mjs';

let done = () => {};
const finished = () => new Promise((resolve) => (done = resolve));
const leaves = Array.from({ length: 1_000 }, (_, n) => `leaf/${n}`);

const ping = defineActor({
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
});
const pong = defineActor({ receive: { ping: (ctx, { n }) => void ctx.tell('ping/a', { type: 'pong', n }) } });
const ring = defineActor({
  state: (key) => ({ next: `ring/${(Number(key) + 1) % 503}` }),
  receive: {
    token(ctx, { n }) {
      if (n === 0) done();
      else ctx.tell(ctx.state.next, { type: 'token', n: n - 1 });
    },
  },
});
const leaf = defineActor({ receive: { inc: (ctx, { n }) => void ctx.tell('hub/a', { type: 'ack', n }) } });
const hub = defineActor({
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
});

const program = new Program('troupe');
const actors = { counter, ping, pong, ring, leaf, hub };
const system = await createSystem({ workers: 0, actors, log: 'warn' });
const one = system.ref('counter/00000001');

const tells = async (n) => {
  const send = (at) => one.tell(small(at));
  await bursts(n, send, () => system.drained());
  mustBe(n, await one.ask({ type: 'take' }, { timeoutMs: 60_000 }));
};
await program.rate('S1', 'tell', 'msg/s', tells, { most: 5e7 });
const start = (id, message) => {
  const end = finished();
  system.tell(id, message);
  return end;
};
await program.rate('S2', 'ping-pong', 'rt/s', async (n) => void (await start('ping/a', { type: 'start', n })));
const sequential = async (n) => {
  for (let at = 0; at < n; at++) mustBe(at, (await one.ask({ type: 'echo', n: at })).n);
};
await program.rate('S2', 'ask sequential', 'asks/s', sequential);
const echo = async (at) => mustBe(at, (await one.ask({ type: 'echo', n: at })).n);
await program.rate('S2', 'ask, 256 in flight', 'asks/s', (n) => windowed(n, 256, echo));
const rounds = async (n) => void (await start('hub/a', { type: 'start', rounds: n }));
await program.rate('S6', 'fan-out 1-1000-1', 'msg/s', rounds, { per: 2_000, most: 1e5, first: 3 });
const hops = async (n) => void (await start('ring/0', { type: 'token', n }));
await program.rate('S7', 'thread ring 503', 'hops/s', hops);

let generation = 0;
const many = async (n) => {
  const name = `counter/s3-${++generation}-`;
  for (let at = 0; at < n; at++) system.tell(name + at, { type: 'inc', n: 0 });
  await system.ask(name + (n - 1), { type: 'take' });
  return { free: async () => {} };
};
await program.spawning('S3', many, 100_000);
await system.shutdown();
