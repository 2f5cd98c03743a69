// Works only where the role is `mail`.
import { defineActor } from 'troupe';

export default defineActor({
  placement: { role: 'mail' },
  state: () => ({ seen: [] }),
  receive: {
    note(ctx, { n }) {
      ctx.state.seen.push(n);
    },
    seen: (ctx) => ({ pid: process.pid, seen: ctx.state.seen }),
  },
});
