// Writes what happens to it into a file that outlives its process.
import { appendFileSync } from 'node:fs';
import { defineActor } from 'troupe';

const write = (path, ...words) => appendFileSync(path, `${words.join(' ')}\n`);

export default defineActor({
  // Where no arguments say it, the key does: `<path>?<anything>`.
  state: (key, args) => ({ path: args?.path ?? (key.startsWith('/') ? key.split('?')[0] : undefined) }),
  onStart(ctx) {
    if (ctx.state.path) write(ctx.state.path, 'start', ctx.id, process.pid);
  },
  onStop(ctx, reason) {
    if (ctx.state.path) write(ctx.state.path, 'stop', ctx.id, reason);
  },
  receive: {
    note(ctx, { n }) {
      write(ctx.state.path, 'note', ctx.id, n);
    },
    async slowly(ctx, { n, ms }) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      write(ctx.state.path, 'note', ctx.id, n);
      return n;
    },
    // Keeps its whole process from reading anything.
    block(ctx, { n, ms }) {
      write(ctx.state.path, 'note', ctx.id, n);
      for (const end = Date.now() + ms; Date.now() < end; );
    },
    pid: () => process.pid,
    child: async (ctx, { key, args }) => (await ctx.spawn('diarist', { key, args })).id,
  },
});
