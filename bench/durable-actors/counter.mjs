/** Counts, and each count is on disk before it is told. */
import { defineActor } from 'troupe';

export default defineActor({
  durable: true,
  passivateAfterMs: 3_600_000,
  state: () => ({ count: 0 }),
  receive: {
    add: (ctx) => ++ctx.state.count,
    get: (ctx) => ctx.state.count,
  },
});
