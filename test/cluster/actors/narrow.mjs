// A small mailbox and slow hands.
import { defineActor } from 'troupe';

export default defineActor({
  mailbox: { capacity: 100 },
  state: () => ({ seen: [] }),
  receive: {
    async note(ctx, { n }) {
      if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      ctx.state.seen.push(n);
    },
    async sleep(_ctx, { ms }) {
      await new Promise((resolve) => setTimeout(resolve, ms));
    },
    seen: (ctx) => ctx.state.seen,
  },
});
