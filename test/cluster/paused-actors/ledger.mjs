import { defineActor } from 'troupe';
import { note } from './noter.mjs';

export default defineActor({
  durable: true,
  state: () => ({ seen: [] }),
  receive: {
    do(ctx, { n }) {
      note(ctx, n);
      ctx.state.seen.push(n);
    },
    send(ctx, { to, from, count }) {
      for (let n = from; n < from + count; n++) ctx.tell(to, { type: 'do', n });
    },
    seen: (ctx) => ctx.state.seen,
  },
});
