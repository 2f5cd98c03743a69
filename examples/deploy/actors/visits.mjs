// Counts the visits of one visitor. Durable: what was answered is on disk, whoever is killed and whatever is deployed.
import { defineActor } from 'troupe';

export default defineActor({
  durable: true,
  state: () => ({ count: 0 }),
  receive: {
    visit: (ctx) => ({ version: 1, count: ++ctx.state.count }),
    count: (ctx) => ctx.state.count,
  },
});
