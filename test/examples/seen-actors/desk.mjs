import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ done: 0 }),
  supervision: { onFailure: 'restart' },
  receive: {
    add(ctx) {
      ctx.state.done++;
      return ctx.state.done;
    },
    work: (_ctx, { ms }) => new Promise((resolve) => setTimeout(resolve, ms)),
    hand: (ctx, { to, ms }) => ctx.ask(to, { type: 'work', ms }, { timeoutMs: 60_000 }).catch(({ code }) => code),
    async hire(ctx, { count }) {
      for (let n = 1; n <= count; n++) await ctx.spawn('desk', { key: `${ctx.key}-helper-${n}` });
    },
    /** Nothing else runs in its process meanwhile. */
    block(_ctx, { ms }) {
      for (const end = Date.now() + ms; Date.now() < end; ) Math.random();
    },
    later(ctx, { ms }) {
      ctx.after(ms, { type: 'add' });
    },
    fail() {
      throw new Error('out of paper');
    },
  },
});
