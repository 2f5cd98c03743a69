/** Ends its process in as many ways as there are; writes down each try. */
import { appendFileSync } from 'node:fs';
import { defineActor } from 'troupe';

const WAYS = {
  exit: () => process.exit(1),
  abort: () => process.abort(),
  loop: () => {
    for (;;);
  },
  /** The handler ends as if nothing was. */
  stray: () => void Promise.resolve().then(() => process.exit(4)),
  later: () => new Promise((_, reject) => setTimeout(() => reject(process.exit(3)), 5)),
};

export default defineActor({
  durable: true,
  receive: {
    deadly(_ctx, { way, tries }) {
      appendFileSync(tries, `${way}\n`);
      return WAYS[way]();
    },
    pass: (ctx, { to, message }) => void ctx.tell(to, message),
    remind: (ctx, { ms, message }) => ctx.remind('deadly', { atMs: Date.now() + ms }, message),
    good: () => 'fine',
  },
});
