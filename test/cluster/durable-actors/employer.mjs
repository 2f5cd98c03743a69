// A durable actor with a child that it wants to have whenever it lives.
import { defineActor } from 'troupe';

export default defineActor({
  durable: true,
  state: () => ({ hired: false }),
  async onStart(ctx) {
    if (ctx.state.hired) await hire(ctx, 'again');
  },
  receive: {
    async hire(ctx) {
      ctx.state.hired = true;
      const helper = await hire(ctx, 'first');
      helper.tell({ type: 'note', text: 'in the same turn' });
      return helper.id;
    },
    async hireAndAsk(ctx) {
      const helper = await ctx.spawn('helper', { args: { how: 'asked' } });
      return helper.ask({ type: 'get' });
    },
    async hireAndThrow(ctx) {
      await ctx.spawn('helper', { key: `${ctx.key}-thrown` });
      throw new Error('no');
    },
  },
});

function hire(ctx, how) {
  return ctx.spawn('helper', { key: `of-${ctx.key}`, args: { how } });
}
