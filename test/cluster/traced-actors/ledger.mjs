// Durable: its messages go by its outbox, its reminders and its stash are in its record, and its process may die in a turn.
import { existsSync, writeFileSync } from 'node:fs';
import { defineActor } from 'troupe';

export default defineActor({
  durable: true,
  state: () => ({ isOpen: false }),
  receive: {
    tell: (ctx, { to, message }) => void ctx.tell(to, message),
    remind: (ctx, { ms, message }) => void ctx.remind('one', { atMs: ctx.now() + ms }, message),
    open(ctx) {
      ctx.state.isOpen = true;
      ctx.unstashAll();
    },
    note(ctx, { name, dieOnce }) {
      if (!ctx.state.isOpen && name === 'kept') return ctx.stash();
      if (dieOnce !== undefined && !existsSync(dieOnce)) {
        writeFileSync(dieOnce, '');
        process.kill(process.pid, 'SIGKILL');
      }
      ctx.publish('noted', { type: 'noted', name, by: ctx.id });
    },
  },
});
