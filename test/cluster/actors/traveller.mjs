// Has everything that an actor can have, and tells what is left of it. No hook may be called by a move.
import { defineActor } from 'troupe';

export default defineActor({
  state: (_key, args) => ({
    args,
    n: 0,
    since: new Date(),
    map: new Map(),
    heard: [],
    ended: [],
    beats: 0,
    late: [],
    isOpen: true,
    opened: [],
    hooks: [],
  }),
  onStart: (ctx) => void ctx.state.hooks.push('start'),
  onStop: (ctx) => void ctx.publish('travellers', { type: 'stopped', id: ctx.id }),
  onTerminated: (ctx, ended) => void ctx.state.ended.push(ended),
  supervision: { backoff: { initialMs: 1, jitter: 0 } },
  receive: {
    add: (ctx, { n }) => {
      ctx.state.n += n;
      ctx.state.map.set(n, { by: ctx.self });
      return ctx.state.n;
    },
    all: (ctx) => ctx.state,
    fence: (ctx) => ctx.fence,
    pid: () => process.pid,
    join: async (ctx, { topic }) => void (await ctx.subscribe(topic)),
    leave: (ctx, { topic }) => ctx.unsubscribe(topic),
    news: (ctx, { n }) => void ctx.state.heard.push(n),
    watch: (ctx, { id }) => void ctx.watch(id),
    unwatch: (ctx, { id }) => void ctx.unwatch(id),
    every: (ctx, { ms }) => void ctx.every(ms, { type: 'beat' }),
    after: (ctx, { ms, what }) => void ctx.after(ms, { type: 'late', what, dueAt: Date.now() + ms }),
    beat: (ctx) => void ctx.state.beats++,
    late: (ctx, { what, dueAt }) => void ctx.state.late.push([what, Date.now() - dueAt]),
    close: (ctx) => void (ctx.state.isOpen = false),
    open: (ctx) => {
      ctx.state.isOpen = true;
      ctx.unstashAll();
    },
    item: (ctx, { n }) => {
      if (!ctx.state.isOpen) return ctx.stash();
      ctx.state.opened.push(n);
      return n;
    },
    bear: async (ctx, { key, restart }) => (await ctx.spawn('traveller', { key, restart, args: { of: ctx.id } })).id,
    wait: async (_ctx, { ms }) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return 'waited';
    },
    /** Ends only when it is told to. */
    hang: (ctx, { topic }) =>
      new Promise(() => {
        ctx.publish(topic, { type: 'hangs' });
        ctx.signal.addEventListener('abort', () => ctx.publish(topic, { type: 'aborted' }));
      }),
    /** Ends when it is told to. */
    obey: (ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve('aborted'))),
    spoil: (ctx) => void (ctx.state.odd = () => 1),
    mend: (ctx) => void delete ctx.state.odd,
    boom: () => {
      throw new Error('boom');
    },
  },
});
