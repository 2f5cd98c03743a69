// Takes its time over what is published, and may have little mail.
import { defineActor } from 'troupe';

export default defineActor({
  mailbox: { capacity: 200 },
  state: () => ({ seen: [] }),
  receive: {
    join: async (ctx, { topic }) => void (await ctx.subscribe(topic)),
    async news(ctx, { n }) {
      ctx.state.seen.push(n);
      if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    // Publishes so many, and waits wherever it is told to.
    async say(ctx, { topic, count }) {
      let said = 0;
      for (let n = 0; n < count; n++) {
        if (ctx.publish(topic, { type: 'news', n })) continue;
        said++;
        await ctx.drained();
      }
      return said;
    },
    seen: (ctx) => ctx.state.seen,
  },
});
