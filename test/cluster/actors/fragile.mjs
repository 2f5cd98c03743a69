// Fails for good with the first error.
import { defineActor } from 'troupe';

export default defineActor({
  supervision: { intensity: 0, periodMs: 60_000 },
  receive: {
    boom() {
      throw new TypeError('once is enough');
    },
    get: () => 'fine',
  },
});
