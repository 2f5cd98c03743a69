/** Takes messages of many senders; with a number they must come in order. */
import { defineActor } from 'troupe';
import { counts, nextOf } from '../harness/counts.mjs';

export default defineActor({
  state: () => ({ next: {} }),
  receive: {
    put(ctx, { from, n }) {
      if (from !== undefined) nextOf(ctx.state, from, n);
      counts.handled++;
    },
    get(_ctx, { n }) {
      counts.handled++;
      return { n };
    },
  },
});
