/** The receiver of most scenarios: counts, and fails on the first message that is not the next one. */
import { defineActor } from 'troupe';
import { cpuMicros, mustBe } from '../harness/measure.mjs';

export default defineActor({
  state: () => ({ count: 0 }),
  receive: {
    inc(ctx, { n }) {
      const { state } = ctx;
      if (n !== (state.count & 127)) mustBe(state.count & 127, n, 'in the message');
      state.count++;
    },
    take(ctx) {
      const { count } = ctx.state;
      ctx.state.count = 0;
      return count;
    },
    cpu: () => cpuMicros(),
    echo: (_ctx, { n }) => ({ n }),
  },
});
