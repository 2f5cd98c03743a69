// A durable actor.
import { defineActor } from 'troupe';

export default defineActor({
  durable: true,
  state: () => ({ numbers: [] }),
  receive: {
    add(ctx, { n }) {
      ctx.state.numbers.push(n);
      return ctx.state.numbers.length;
    },
    get: (ctx) => ctx.state.numbers,
  },
});
