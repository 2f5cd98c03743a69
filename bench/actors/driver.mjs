// Sends from one worker to an actor on another: what S4 and S5 measure.
import { defineActor } from 'troupe';
import { bursts, windowed } from '../load.mjs';

export default defineActor({
  receive: {
    async tells(ctx, { to, n, bytes }) {
      const data = 'x'.repeat(bytes ?? 0);
      const start = performance.now();
      const message = bytes ? () => ({ type: 'inc', n: 1, data }) : () => ({ type: 'inc', n: 1 });
      const send = () => ctx.tell(to, message());
      await bursts(n, send, () => ctx.drained());
      const count = await ctx.ask(to, { type: 'take' }, { timeoutMs: 60_000 });
      if (count !== n) throw new Error(`${n} messages were sent; got ${count} handled`);
      return (performance.now() - start) / 1_000;
    },
    async asks(ctx, { to, n, inFlight }) {
      const start = performance.now();
      await windowed(n, inFlight, () => ctx.ask(to, { type: 'echo', n: 1 }));
      return (performance.now() - start) / 1_000;
    },
    async latencies(ctx, { to, n }) {
      const micros = [];
      for (let i = 0; i < n; i++) {
        const start = performance.now();
        await ctx.ask(to, { type: 'echo', n: i });
        micros.push((performance.now() - start) * 1_000);
      }
      micros.sort((a, b) => a - b);
      return { p50: micros[n >> 1], p99: micros[Math.floor(n * 0.99)] };
    },
  },
});
