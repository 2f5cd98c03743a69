// Makes calls from inside an actor and gives back what came of them.
import { defineActor } from 'troupe';
import { outcomeOf } from './_outcome.mjs';

export default defineActor({
  state: () => ({ heard: [] }),
  receive: {
    ask(ctx, { id, message, options }) {
      return outcomeOf(ctx.ask(id, message, options));
    },
    askAndAbort(ctx, { id, message, afterMs }) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), afterMs);
      return outcomeOf(ctx.ask(id, message, { signal: abort.signal }));
    },
    askWith: (ctx, { id, make }) => outcomeOf(ctx.ask(id, { type: 'echo', value: odd(make) })),
    tellWith: (ctx, { id, make }) => ctx.tell(id, { type: 'echo', value: odd(make) }),
    giveOdd: (_ctx, { make }) => odd(make),
    // Asks the next of the path to ask the one after it.
    async pass(ctx, { path: [next, ...path] }) {
      return next ? outcomeOf(ctx.ask(next, { type: 'pass', path })) : 'the end';
    },
    call: (ctx, { call, args }) => outcomeOf(ctx[call](...args)),
    untilAborted: (ctx) =>
      new Promise((resolve) => {
        ctx.signal.addEventListener('abort', () => {
          ctx.state.heard.push('aborted');
          setTimeout(resolve, 50);
        });
      }),
    me: (ctx) => ctx.self,
    useRef: (_ctx, { ref, message }) => ref.ask(message),
    hear(ctx, { value }) {
      ctx.state.heard.push(value);
    },
    heard: (ctx) => ctx.state.heard,
  },
});

function odd(make) {
  if (make === 'function') return { deep: [1, { here: () => 1 }] };
  if (make === 'large') return 'x'.repeat(200_000);
  throw new Error(`function or large was expected; got ${make}`);
}
