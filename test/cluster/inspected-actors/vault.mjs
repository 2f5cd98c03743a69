// Durable, and soon asleep; it counts how often it was brought into memory.
import { defineActor } from 'troupe';

export default defineActor({
  durable: true,
  passivateAfterMs: 200,
  state: () => ({ sum: 0, starts: 0 }),
  onStart(ctx) {
    ctx.state.starts++;
  },
  receive: {
    add(ctx, { n }) {
      ctx.state.sum += n;
      ctx.remind('audit', { atMs: Date.now() + 3_600_000 }, { type: 'add', n: 0 });
    },
    get: ({ state }) => state,
  },
});
