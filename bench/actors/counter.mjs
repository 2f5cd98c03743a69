import { defineActor } from 'troupe';

export default defineActor({
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
});
