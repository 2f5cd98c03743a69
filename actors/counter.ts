/** The smallest actor: it counts. `counter/alice` and `counter/bob` are two of them. */
import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ count: 0 }),
  receive: {
    add(ctx, message: { by: number }) {
      ctx.state.count += message.by;
    },
    get: (ctx) => ctx.state.count,
  },
});
