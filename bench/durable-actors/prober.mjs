/** Not durable. Lives beside durable actors, answers, and measures how long others take to. */
import { performance } from 'node:perf_hooks';
import { defineActor } from 'troupe';
import { percentile } from '../harness/statistics.mjs';

const LONG = { timeoutMs: 60_000 };

export default defineActor({
  receive: {
    echo: (_ctx, { n }) => n,
    /** Asks one after the other, and gives the microseconds until each turn began, and until its reply. */
    async probe(ctx, { ids }) {
      const [began, micros] = [[], []];
      for (const id of ids) {
        const start = performance.now();
        await ctx.ask(id, { type: 'get' }, LONG);
        began.push((globalThis.troupeBenchBegan - start) * 1_000);
        micros.push((performance.now() - start) * 1_000);
      }
      const of = (all) => ({ p50: percentile(all, 0.5), p99: percentile(all, 0.99), n: all.length });
      return { turn: of(began), reply: of(micros) };
    },
  },
});
