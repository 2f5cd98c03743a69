/** Tells what its worker has counted. */
import { defineActor } from 'troupe';
import { counts } from '../harness/counts.mjs';

export default defineActor({
  receive: {
    counts: () => ({ ...counts }),
    memory() {
      globalThis.gc?.();
      const { heapUsed, rss } = process.memoryUsage();
      return { heapUsed, rss };
    },
  },
});
