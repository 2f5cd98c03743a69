// A durable account: it notes in its own state what came to it, so that what was handled twice, lost or swapped shows.
import { defineActor } from 'troupe';

function arrive(state, { from, n }) {
  const last = state.last[from] ?? 0;
  if (n !== last + 1) state.breaches.push(`from ${from}: ${n} after ${last}`);
  state.last[from] = n;
}

export default defineActor({
  durable: true,
  supervision: { intensity: 1_000, periodMs: 10_000 },
  state: () => ({ balance: 1_000, moved: 0, last: {}, given: {}, fired: [], breaches: [] }),
  receive: {
    transfer(ctx, { to, amount, from, n }) {
      const { state } = ctx;
      arrive(state, { from, n });
      state.balance -= amount;
      state.moved++;
      state.given[to] = (state.given[to] ?? 0) + 1;
      ctx.tell(to, { type: 'deposit', amount, from: ctx.id, n: state.given[to] });
      return state.balance;
    },
    deposit({ state }, message) {
      arrive(state, message);
      state.balance += message.amount;
    },
    remind(ctx, { name, when }) {
      ctx.remind(name, when, { type: 'fire', name });
    },
    fire({ state }, { name }) {
      state.fired.push([name, Date.now()]);
    },
    get: ({ state }) => state,
    pid: () => process.pid,
    hang: () => {
      const until = Date.now() + 60_000;
      while (Date.now() < until);
    },
  },
});
