/** Greets, and asks another actor on the way: how often it has greeted is known to `counter/<name>`, wherever that lives. */
import { defineActor } from 'troupe';
import counter from './counter.ts';

export default defineActor({
  receive: {
    async greet(ctx, message: { name: string }) {
      const visits = ctx.ref(counter, message.name);
      visits.tell({ type: 'add', by: 1 });
      return `Hello ${message.name}, visit ${await visits.ask({ type: 'get' })}, from process ${process.pid}`;
    },
  },
});
