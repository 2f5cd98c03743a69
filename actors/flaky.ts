/** Throws when told to: three times within ten seconds are forgiven, the fourth is not. */
import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ handled: 0 }),
  supervision: { onFailure: 'restart', intensity: 3, periodMs: 10_000, backoff: { initialMs: 10 } },
  receive: {
    work: (ctx) => ++ctx.state.handled,
    fail(_ctx, message: { text: string }) {
      throw new RangeError(message.text);
    },
  },
});
