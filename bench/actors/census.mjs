/** Tells what its worker has counted. */
import { defineActor } from 'troupe';
import { counts } from '../harness/counts.mjs';
import { cpuMicros } from '../harness/measure.mjs';

export default defineActor({
  receive: {
    counts: () => ({ ...counts }),
    cpu: () => cpuMicros(),
    memory() {
      globalThis.gc?.();
      const { heapUsed, rss } = process.memoryUsage();
      return { heapUsed, rss };
    },
  },
});
