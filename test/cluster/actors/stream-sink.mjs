// Writes down what it handles: `handled <at> <from> <n> <pid> <fence>`. What it has counted must go with it wherever it goes.
import { appendFileSync } from 'node:fs';
import { defineActor } from 'troupe';

export default defineActor({
  state: (key) => ({ path: key.split('?')[0], counts: new Map() }),
  receive: {
    join: async (ctx, { topic }) => {
      await ctx.subscribe(topic);
    },
    item(ctx, { n, from }) {
      const { path, counts } = ctx.state;
      counts.set(from, (counts.get(from) ?? 0) + 1);
      appendFileSync(path, `handled ${ctx.id} ${from} ${n} ${process.pid} ${ctx.fence}\n`);
      return n;
    },
    counts: (ctx) => ctx.state.counts,
    pid: () => process.pid,
  },
});
