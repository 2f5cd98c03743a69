import { defineActor } from 'troupe';

/** Durable; its iban is nobody's business. */
export default defineActor({
  durable: true,
  state: () => ({ iban: 'DE02120300000000202051', sum: 0 }),
  receive: {
    pay(ctx, { amount }) {
      if (amount > 100) throw new Error(`not enough for ${amount}`);
      ctx.state.sum += amount;
      return ctx.state.sum;
    },
    remindMe(ctx, { ms }) {
      ctx.remind('bill', { atMs: ctx.now() + ms }, { type: 'pay', amount: 0 });
    },
  },
});
