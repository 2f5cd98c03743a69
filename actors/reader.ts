/** Reads what is published on the topics it subscribed to; the topic's messages are ordinary mail. */
import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ read: [] as string[] }),
  receive: {
    async follow(ctx, message: { topic: string }) {
      await ctx.subscribe(message.topic);
    },
    article(ctx, message: { title: string }) {
      ctx.state.read.push(message.title);
    },
    list: (ctx) => ctx.state.read,
  },
});
