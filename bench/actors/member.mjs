/** A person in chat rooms, where a WebSocket would be. */
import { defineActor } from 'troupe';
import { counts, nextOf } from '../harness/counts.mjs';

export default defineActor({
  state: () => ({ next: {} }),
  receive: {
    line(ctx, { room, n }) {
      nextOf(ctx.state, room, n);
      counts.handled++;
    },
  },
});
