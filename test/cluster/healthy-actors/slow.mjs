import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineActor } from 'troupe';

await sleep(500); // long enough for a probe to come before the system has started

export default defineActor({
  receive: {
    async work(ctx, { until }) {
      ctx.publish('said', { type: 'said', text: 'working' });
      while (!existsSync(until)) await sleep(10);
      ctx.publish('said', { type: 'said', text: 'worked' });
    },
  },
});
