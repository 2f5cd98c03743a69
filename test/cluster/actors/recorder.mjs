// Remembers what came from whom, in order.
import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ seen: {} }),
  receive: {
    note(ctx, { n, from = ctx.sender ?? 'main' }) {
      ctx.state.seen[from] ??= [];
      ctx.state.seen[from].push(n);
    },
    seen: (ctx) => ctx.state.seen,
    clear(ctx) {
      ctx.state.seen = {};
    },
    async join(ctx, { topic }) {
      await ctx.subscribe(topic);
    },
    watch: (ctx, { id }) => ctx.watch(id),
    ended: (ctx) => ctx.state.ended ?? [],
  },
  onTerminated(ctx, ended) {
    ctx.state.ended ??= [];
    ctx.state.ended.push(ended);
  },
});
