/** Counts, and each count is on disk before it is told. */
import { performance } from 'node:perf_hooks';
import { defineActor } from 'troupe';

export default defineActor({
  durable: true,
  passivateAfterMs: 3_600_000,
  state: () => ({ count: 0 }),
  receive: {
    add: (ctx) => ++ctx.state.count,
    get(ctx) {
      // For who asks in the same process: the commit of this turn comes after it.
      globalThis.troupeBenchBegan = performance.now();
      return ctx.state.count;
    },
  },
});
