/** A chat room: gives each line to each member, numbered. */
import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ members: [], lines: 0 }),
  receive: {
    join: (ctx, { id }) => ctx.state.members.push(id),
    say(ctx, { from, text }) {
      const line = { type: 'line', room: ctx.id, n: ctx.state.lines++, from, text };
      for (const id of ctx.state.members) ctx.tell(id, line);
    },
    members: (ctx) => ctx.state.members.length,
  },
});
