/** Not durable. Lives beside durable actors, answers, and measures how long others take to. */
import { performance } from 'node:perf_hooks';
import { defineActor } from 'troupe';
import { percentile } from '../harness/statistics.mjs';

const LONG = { timeoutMs: 60_000 };

export default defineActor({
  receive: {
    echo: (_ctx, { n }) => n,
    /** Asks one after the other, and gives the microseconds of each. */
    async probe(ctx, { ids }) {
      const micros = [];
      for (const id of ids) {
        const start = performance.now();
        await ctx.ask(id, { type: 'get' }, LONG);
        micros.push((performance.now() - start) * 1_000);
      }
      return { p50: percentile(micros, 0.5), p99: percentile(micros, 0.99), n: micros.length };
    },
  },
});
