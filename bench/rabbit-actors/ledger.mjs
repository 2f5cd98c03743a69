// Notes which numbers it was given, a bit for each, and how often one came twice. Every tenth goes on to an exchange.
import { defineActor } from 'troupe';

const NUMBERS_MAX = 1 << 16;

export default defineActor({
  durable: true,
  state: () => ({ bits: new Uint8Array(64), count: 0, twice: 0 }),
  receive: {
    note(ctx, { n, to }) {
      const { state } = ctx;
      if (n >= NUMBERS_MAX) throw new Error(`expected a number below ${NUMBERS_MAX}; got ${n}`);
      const at = n >> 3;
      if (at >= state.bits.length) {
        const larger = new Uint8Array(Math.max(at + 1, state.bits.length * 2));
        larger.set(state.bits);
        state.bits = larger;
      }
      const bit = 1 << (n & 7);
      if (state.bits[at] & bit) state.twice++;
      else state.count++;
      state.bits[at] |= bit;
      if (to) ctx.tell(to, { type: 'publish', routingKey: 'done', content: { ledger: ctx.key, n } });
    },
    add({ state }) {
      state.count++;
    },
    get: ({ state: { count, twice } }) => ({ count, twice }),
  },
});
