// An account that survives everything: one turn is one commit, and a transfer leaves with it or not at all.
import { defineActor, Refusal } from 'troupe';

export default defineActor({
  durable: true,
  state: () => ({ balance: 100, transfers: 0 }),
  receive: {
    transfer(ctx, { to, amount }: { to: string; amount: number }) {
      if (amount > ctx.state.balance) throw new Refusal('insufficient', 'not enough money');
      ctx.state.balance -= amount;
      ctx.state.transfers++;
      ctx.tell(to, { type: 'deposit', amount });
      return ctx.state.balance;
    },
    deposit(ctx, { amount }: { amount: number }) {
      ctx.state.balance += amount;
    },
    balance: (ctx) => ctx.state.balance,
    transfers: (ctx) => ctx.state.transfers,
  },
});
