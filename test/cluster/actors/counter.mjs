import { defineActor, Refusal } from 'troupe';

export default defineActor({
  state: (key) => ({ count: 0, key }),
  receive: {
    add(ctx, { by = 1 }) {
      ctx.state.count += by;
    },
    get: (ctx) => ctx.state.count,
    visit: (ctx) => ++ctx.state.count,
    echo: (_ctx, { value }) => value,
    boom() {
      throw new RangeError('boom');
    },
    refuse() {
      throw new Refusal('closed', 'the counter is closed', { since: 1 });
    },
    fence: (ctx) => ctx.fence,
    sender: (ctx) => ctx.sender,
    async sleep(_ctx, { ms }) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return process.pid;
    },
    // Keeps its whole process from reading anything.
    block(_ctx, { ms }) {
      const end = Date.now() + ms;
      while (Date.now() < end);
    },
    hang() {
      for (;;);
    },
    pid: () => process.pid,
    left: (ctx) => ctx.deadline - Date.now(),
    askOther: (ctx, { id, message }) => ctx.ask(id, message),
    tellRef(_ctx, { ref, message }) {
      ref.tell(message);
    },
    stop: (ctx) => ctx.stop(),
  },
});
