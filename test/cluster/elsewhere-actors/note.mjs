// Nothing is kept of it.
import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ numbers: [] }),
  receive: {
    add(ctx, { n }) {
      ctx.state.numbers.push(n);
      return ctx.state.numbers.length;
    },
    get: (ctx) => ctx.state.numbers,
    async sleep(_ctx, { ms }) {
      await new Promise((resolve) => setTimeout(resolve, ms));
    },
  },
});
