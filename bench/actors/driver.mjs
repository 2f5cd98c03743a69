/** Sends from one worker to an actor on another: what S4 and S5 measure. */
import { defineActor } from 'troupe';
import { bursts, cpuMicros, kilobyte, mustBe, sleep, small, windowed } from '../harness/measure.mjs';
import { percentile } from '../harness/statistics.mjs';

const LONG = { timeoutMs: 120_000 };

/** Seconds, and what both processes together took of their CPUs. */
async function timed(ctx, to, work) {
  const cpu = cpuMicros() + (await ctx.ask(to, { type: 'cpu' }, LONG));
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, cpuMicros: cpuMicros() + (await ctx.ask(to, { type: 'cpu' }, LONG)) - cpu };
}

const BLOB = 'x'.repeat(10_000_000);

async function sendLarge(ctx, to, until) {
  while (performance.now() < until) {
    await ctx.ask(to, { type: 'get', n: 1, data: BLOB }, LONG);
    await sleep(20);
  }
}

export default defineActor({
  receive: {
    tells: (ctx, { to, n, size }) =>
      timed(ctx, to, async () => {
        const message = size === 'kilobyte' ? kilobyte : small;
        const send = (at) => ctx.tell(to, message(at));
        await bursts(n, send, () => ctx.drained());
        mustBe(n, await ctx.ask(to, { type: 'take' }, LONG));
      }),
    asks: (ctx, { to, n, inFlight }) =>
      timed(ctx, to, () =>
        windowed(n, inFlight, async (at) => mustBe(at & 127, (await ctx.ask(to, { type: 'echo', n: at & 127 })).n)),
      ),
    large: (ctx, { to, seconds }) => sendLarge(ctx, to, performance.now() + seconds * 1_000),
    /** Small asks with a pause between two; with `own` the actor sends large messages meanwhile. */
    async spaced(ctx, { to, large, seconds, own }) {
      const micros = [];
      const until = performance.now() + seconds * 1_000;
      const loading = own ? sendLarge(ctx, large, until) : undefined;
      while (performance.now() < until) {
        const start = performance.now();
        await ctx.ask(to, { type: 'echo', n: 1 }, LONG);
        micros.push((performance.now() - start) * 1_000);
        await sleep(1);
      }
      await loading;
      return { p50: percentile(micros, 0.5), p90: percentile(micros, 0.9), p99: percentile(micros, 0.99) };
    },
    async latencies(ctx, { to, seconds }) {
      const micros = [];
      const until = performance.now() + seconds * 1_000;
      for (let start = performance.now(); start < until; ) {
        await ctx.ask(to, { type: 'echo', n: micros.length & 127 });
        const now = performance.now();
        micros.push((now - start) * 1_000);
        start = now;
      }
      return { p50: percentile(micros, 0.5), p99: percentile(micros, 0.99), n: micros.length };
    },
  },
});
