// A volatile ledger.
import { defineActor } from 'troupe';

export default defineActor({
  state: () => ({ seen: [], twice: [] }),
  receive: {
    note({ state }, { n }) {
      if (state.seen[n]) state.twice.push(n);
      state.seen[n] = true;
    },
    get: ({ state: { seen, twice } }) => ({ count: seen.filter(Boolean).length, twice }),
  },
});
