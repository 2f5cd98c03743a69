import { defineActor } from 'troupe';

// Nothing of it is kept: what it knows goes with it, or is lost.
export default defineActor({
  state: () => ({ last: {}, swapped: 0, missed: 0, twice: 0 }),
  receive: {
    note(ctx, { from, n }) {
      const { state } = ctx;
      const last = state.last[from] ?? 0;
      if (n > last + 1) state.missed += n - last - 1;
      else if (n <= last) state.swapped++;
      state.last[from] = Math.max(n, last);
    },
    get: (ctx) => ctx.state,
    fence: (ctx) => ctx.fence,
  },
});
