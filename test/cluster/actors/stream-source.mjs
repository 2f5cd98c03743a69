// Sends numbered messages to many, by its own clock, and writes each down before it goes: `sent <from> <verb> <to> <n> <pid>`.
import { appendFileSync } from 'node:fs';
import { defineActor } from 'troupe';
import { streamOut } from './_stream.mjs';

export default defineActor({
  // The key: `<path of the diary>?<name>`.
  state: (key) => ({ path: key.split('?')[0], n: 0, beats: 0, plan: undefined }),
  receive: {
    start(ctx, { sinks, topic, everyMs, burst, lateMs }) {
      ctx.state.plan = { sinks, topic, burst, lateMs };
      ctx.every(everyMs, { type: 'beat' });
    },
    async beat(ctx) {
      const { plan, path } = ctx.state;
      if (!plan) return;
      ctx.state.beats++;
      const asks = streamOut(ctx, ctx.id, plan, () => ++ctx.state.n, path);
      // Some turns are long: a move waits for them.
      if (plan.lateMs && ctx.state.beats % 7 === 0) await new Promise((resolve) => setTimeout(resolve, plan.lateMs));
      if (ctx.state.beats % 5 === 0) await Promise.all(asks);
    },
    quiet(ctx) {
      ctx.state.plan = undefined;
      appendFileSync(ctx.state.path, `quiet ${ctx.id} ${ctx.state.n} ${process.pid}\n`);
      return ctx.state.n;
    },
    state: (ctx) => ({ n: ctx.state.n, beats: ctx.state.beats, pid: process.pid }),
  },
});
