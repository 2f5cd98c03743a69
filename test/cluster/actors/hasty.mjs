// Begins what it does not await, and what fails.
import { defineActor } from 'troupe';

const later = async (ctx) => ctx.ask('counter/x', { type: 'none-such' });

export default defineActor({
  receive: {
    ask: (ctx) => void ctx.ask('counter/x', { type: 'none-such' }),
    nested: (ctx) => void later(ctx),
    spawn: (ctx) => void ctx.spawn('none-such'),
    subscribe: (ctx) => void ctx.subscribe('', ctx.id),
    stop: (ctx) => void ctx.self.stop(),
    ref: async (ctx) => {
      const ref = ctx.ref('counter/x');
      await null;
      void ref.ask({ type: 'none-such' });
    },
    late: (ctx) => {
      setImmediate(() => later(ctx));
      ctx.stop();
    },
    get: () => process.pid,
  },
});
