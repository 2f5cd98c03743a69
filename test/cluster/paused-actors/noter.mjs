// Writes down each start and each turn as it begins, so that one that should not begin is seen.
import { appendFileSync } from 'node:fs';
import { defineActor } from 'troupe';

export const note = (ctx, what) => appendFileSync(process.env.TROUPE_TEST_NOTES, `${ctx.id} ${what}\n`);

export default defineActor({
  state: () => ({ last: 0 }),
  onStart: (ctx) => note(ctx, 'start'),
  receive: {
    do(ctx, { n }) {
      note(ctx, n);
      ctx.state.last = n;
    },
    last: (ctx) => ctx.state.last,
    block(ctx, { ms }) {
      note(ctx, 'block');
      const until = Date.now() + ms;
      while (Date.now() < until);
      note(ctx, 'blocked');
    },
    later(ctx, { ms, n }) {
      ctx.after(ms, { type: 'do', n });
    },
  },
});
