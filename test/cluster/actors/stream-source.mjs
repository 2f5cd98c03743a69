// Sends numbered messages to many, by its own clock, and writes each down before it goes. Its arguments are the plan:
// who starts it again after a crash need not tell it what to do. A move calls no hook; its timer and numbers go along.
import { defineActor } from 'troupe';
import { firstNumber, streamOut } from './_stream.mjs';

export default defineActor({
  state: (_key, plan) => ({ plan, n: firstNumber(), beats: 0 }),
  onStart: (ctx) => void ctx.every(ctx.state.plan.everyMs, { type: 'beat' }),
  receive: {
    async beat(ctx) {
      const { state } = ctx;
      if (!state.plan) return;
      const beat = ++state.beats;
      const asks = streamOut(ctx, ctx.id, state.plan, () => ++state.n);
      // Some turns are long: a move waits for them.
      if (state.plan.lateMs && beat % 7 === 0) await new Promise((done) => setTimeout(done, state.plan.lateMs));
      if (beat % 5 === 0) await Promise.all(asks);
    },
    quiet: (ctx) => void delete ctx.state.plan,
  },
});
