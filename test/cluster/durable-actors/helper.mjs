// A child of a durable actor.
import { defineActor } from 'troupe';

export default defineActor({
  state: (_key, args) => ({ ...args, heard: [] }),
  receive: {
    note: (ctx, { text }) => void ctx.state.heard.push(text),
    get: (ctx) => ({ ...ctx.state, pid: process.pid }),
  },
});
