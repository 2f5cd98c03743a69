/** One of a chain: asks the next, and answers with what that answered. */
import { defineActor } from 'troupe';

export default defineActor({
  receive: {
    async pass(ctx, { path, n }) {
      if (path.length === 0) return { n };
      return ctx.ask(path[0], { type: 'pass', path: path.slice(1), n: n + 1 });
    },
  },
});
