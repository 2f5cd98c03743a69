// A shop tells an exchange what is to be mailed: with the commit of the order, and until the broker has it.
import { defineActor } from 'troupe';

export default defineActor({
  durable: true,
  state: () => ({ orders: 0 }),
  receive: {
    order(ctx, { to, item }) {
      const number = ++ctx.state.orders;
      ctx.tell('exchange/commands', {
        type: 'publish',
        routingKey: 'EMAIL',
        content: { account: ctx.key, to, subject: `Order ${number}`, text: `Thank you. Your ${item} is on its way.` },
      });
      return number;
    },
  },
});
