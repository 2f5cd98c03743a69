/** Leaves memory soon after its last message: what churn is made of. */
import { defineActor } from 'troupe';
import { counts } from '../harness/counts.mjs';

export default defineActor({
  passivateAfterMs: 30,
  receive: {
    put: () => void counts.handled++,
    get: (_ctx, { n }) => ({ n, handled: ++counts.handled }),
  },
});
