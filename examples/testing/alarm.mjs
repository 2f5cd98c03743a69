// A durable actor with a reminder: it rings at its time, also where everything was started anew in between.
import { defineActor } from 'troupe';

export const alarm = defineActor({
  durable: true,
  state: () => ({ rung: 0 }),
  receive: {
    set: (ctx, { atMs }) => ctx.remind('ring', { atMs }, { type: 'ring' }),
    ring(ctx) {
      ctx.state.rung++;
    },
    rung: (ctx) => ctx.state.rung,
  },
});
