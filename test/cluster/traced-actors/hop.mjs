// Volatile: asks, stashes, sets timers, publishes.
import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ isOpen: false }),
  receive: {
    ask: (ctx, { to, message }) => ctx.ask(to, message, { timeoutMs: 30_000 }),
    tell: (ctx, { to, message }) => void ctx.tell(to, message),
    after: (ctx, { ms, message }) => void ctx.after(ms, message),
    every: (ctx, { ms, message }) => void ctx.every(ms, message),
    publish: (ctx, { topic, message }) => void ctx.publish(topic, message),
    open(ctx) {
      ctx.state.isOpen = true;
      ctx.unstashAll();
    },
    note(ctx, { name }) {
      if (!ctx.state.isOpen && name === 'stashed') return ctx.stash();
      ctx.publish('noted', { type: 'noted', name, by: ctx.id });
    },
    fail() {
      throw new RangeError('on purpose');
    },
  },
});
