// A volatile actor: what it handles it writes, with its fence, into a file that all machines have, so that it outlives all of them.
import { openSync, writeSync } from 'node:fs';
import { defineActor } from 'troupe';

const file = openSync(process.env.TROUPE_DIARY, 'a');
const write = (...words) => writeSync(file, `${[...words, process.pid, Date.now()].join(' ')}\n`);

export default defineActor({
  supervision: { intensity: 10_000, periodMs: 1_000, backoff: { initialMs: 10, maxMs: 100 } },
  state: () => ({ count: 0 }),
  receive: {
    note(ctx, { from, n }) {
      write('note', ctx.id, ctx.fence, from, n);
    },
    add(ctx, { attempt }) {
      write('add', ctx.id, ctx.fence, attempt, 0);
      return ++ctx.state.count;
    },
    /** Tells each of the others its next number. */
    spread(ctx, { to }) {
      const n = ++ctx.state.count;
      for (const id of to) if (id !== ctx.id) ctx.tell(id, { type: 'note', from: `${ctx.id}@${ctx.fence}`, n });
    },
  },
});
