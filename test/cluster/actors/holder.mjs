// Keeps a ref that came with its arguments.
import { defineActor } from 'troupe';

export default defineActor({
  state: (_key, args) => ({ friend: args?.friend }),
  receive: {
    'ask-friend': (ctx) => ctx.state.friend.ask({ type: 'echo', value: 'echoed' }),
    pid: () => process.pid,
  },
});
