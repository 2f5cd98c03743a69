// Waits, asks, blocks: what an inspection has to tell apart.
import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ done: 0, at: new Date(0), map: new Map([['a', 1n]]) }),
  receive: {
    wait: (_ctx, { ms }) => new Promise((resolve) => setTimeout(resolve, ms)),
    ask: (ctx, { to, ms }) => ctx.ask(to, { type: 'wait', ms }, { timeoutMs: 20_000 }),
    block(_ctx, { ms }) {
      const until = Date.now() + ms;
      while (Date.now() < until);
    },
    add(ctx) {
      ctx.state.done++;
    },
    fail() {
      throw new Error('on purpose');
    },
  },
});
