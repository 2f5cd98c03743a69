/** Takes a twentieth of a millisecond for each message. */
import { defineActor } from 'troupe';
import { counts } from '../harness/counts.mjs';

export default defineActor({
  receive: {
    put() {
      const until = performance.now() + 0.05;
      while (performance.now() < until);
      counts.handled++;
    },
  },
});
