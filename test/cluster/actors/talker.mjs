// Tells, asks and publishes numbered messages on command.
import { defineActor } from 'troupe';

export default defineActor({
  receive: {
    async talk(ctx, { to, from = 0, count, drain = true, ballast }) {
      for (let n = from; n < from + count; n++) {
        if (!ctx.tell(to, { type: 'note', n, ballast }) && drain) await ctx.drained();
      }
    },
    async mix(ctx, { to, topic, count }) {
      const asks = [];
      for (let n = 0; n < count; n++) {
        if (n % 3 === 0) ctx.tell(to, { type: 'note', n });
        else if (n % 3 === 1) asks.push(ctx.ask(to, { type: 'note', n }));
        else ctx.publish(topic, { type: 'note', n });
      }
      await Promise.all(asks);
    },
    child: async (ctx, { key }) => (await ctx.spawn('counter', { key })).id,
    where: (ctx, { id }) => ctx.where(id),
  },
});
