// Plays its part in a random program, and writes down first what it handles, sends and hears.
import { appendFileSync } from 'node:fs';
import { defineActor } from 'troupe';
import { outcomeOf } from './_outcome.mjs';

export default defineActor({
  // The key: `<path of the diary>?<name>`.
  state: (key) => ({ path: key.split('?')[0] }),
  receive: {
    async step(ctx, { number, from, sends = [], waitMs, boom, awaits }) {
      const { path } = ctx.state;
      const write = (...words) => appendFileSync(path, `${words.join(' ')}\n`);
      write('handled', number, ctx.id, ctx.sender ?? from, process.pid);
      const asks = sends.map((send) => perform(ctx, send, write));
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (awaits) await Promise.all(asks);
      if (boom) throw new Error('boom');
      return number;
    },
    quiet: () => true,
    join: async (ctx, { topic }) => {
      await ctx.subscribe(topic);
    },
  },
});

function perform(ctx, { verb, to, message, timeoutMs }, write) {
  write('sent', message.number, ctx.id, verb, to, process.pid);
  if (verb === 'tell') ctx.tell(to, message);
  else if (verb === 'publish') ctx.publish(to, message);
  else {
    return outcomeOf(ctx.ask(to, message, { timeoutMs })).then(({ value, fault }) => {
      write('settled', message.number, value ?? '-', fault?.code ?? '-', fault?.fate ?? '-');
    });
  }
}
