// A durable account that notes in its own state what came to it: what was lost, doubled or swapped on the way shows.
import { defineActor } from 'troupe';

/** When this process last ran for certain: one that was stopped between its look at the deadline and the handler is not late. */
const BEAT_MS = 50;
const GAP_MS = 1_000;
let beatAt = Date.now();
setInterval(() => (beatAt = Date.now()), BEAT_MS).unref();

/** Attempts of a driver that are remembered. */
const ATTEMPTS_KEPT = 12;

export default defineActor({
  durable: true,
  supervision: { intensity: 10_000, periodMs: 1_000, backoff: { initialMs: 10, maxMs: 100 } },
  state: () => ({ balance: 1_000, drivers: {}, given: {}, got: {}, breaches: [] }),
  receive: {
    /** The `n`th order of a driver, which repeats it with another attempt until it knows that it was carried out. */
    transfer(ctx, { driver, n, attempt, to, amount, deadline }) {
      const { state } = ctx;
      const known = state.drivers[driver] ?? { n: 0, attempts: [] };
      const now = Date.now();
      const late = now - deadline;
      if (late > 2_000 && now - beatAt < GAP_MS) note(state, `${driver} ${n} began ${late} ms behind its deadline`);
      if (known.attempts.includes(attempt)) note(state, `${driver}: attempt ${attempt} of ${n} came twice`);
      const attempts = [...known.attempts, attempt].slice(-ATTEMPTS_KEPT);
      if (n !== known.n + 1) {
        state.drivers[driver] = { ...known, attempts };
        return { n: known.n, by: known.by, fence: ctx.fence };
      }
      state.drivers[driver] = { n, by: attempt, attempts };
      state.balance -= amount;
      state.given[to] = (state.given[to] ?? 0) + 1;
      ctx.tell(to, { type: 'deposit', amount, from: ctx.id, n: state.given[to] });
      return { n, by: attempt, fence: ctx.fence };
    },
    deposit({ state }, { amount, from, n }) {
      const last = state.got[from] ?? 0;
      if (n !== last + 1) note(state, `from ${from}: ${n} after ${last}`);
      state.got[from] = n;
      state.balance += amount;
    },
    get: ({ state }) => state,
  },
});

function note(state, text) {
  if (state.breaches.length < 20) state.breaches.push(`${new Date().toISOString()} ${text}`);
}
