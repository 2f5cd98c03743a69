// A counter that outlives its machine: each turn is in PostgreSQL before anybody hears of it.
import { defineActor } from 'troupe';

export default defineActor({
  durable: true,
  state: () => ({ count: 0 }),
  receive: {
    add(ctx) {
      ctx.state.count++;
      return ctx.state.count;
    },
    get: (ctx) => ctx.state.count,
  },
});
