// Notes which numbers it was given, in its own state: what was handled twice, or not at all, shows.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineActor, Refusal } from 'troupe';

export default defineActor({
  durable: true,
  supervision: { onFailure: 'resume', intensity: 10_000 },
  state: () => ({ seen: [], twice: [], isMended: false }),
  receive: {
    note({ state }, { n }) {
      if (state.seen[n]) state.twice.push(n);
      state.seen[n] = true;
    },
    async slowly(ctx, { n, ms }) {
      await sleep(ms);
      if (ctx.state.seen[n]) ctx.state.twice.push(n);
      ctx.state.seen[n] = true;
    },
    break({ state }, { n }) {
      if (!state.isMended) throw new Error('not mended yet');
      state.seen[n] = true;
    },
    refuse() {
      throw new Refusal('never', 'this is never taken');
    },
    mend({ state }) {
      state.isMended = true;
    },
    // It goes on to an exchange, in the commit of the turn.
    pass(ctx, { n, to, routingKey }) {
      if (ctx.state.seen[n]) ctx.state.twice.push(n);
      ctx.state.seen[n] = true;
      ctx.tell(to, { type: 'publish', routingKey, content: { n, from: ctx.id } });
    },
    get: ({ state: { seen, twice } }) => ({ count: seen.filter(Boolean).length, twice }),
  },
});
