/**
 * An order as a state machine: events are the messages, and what it does not expect in a state changes nothing.
 * An ask gets the state after its event, or what a `reply` action says. An unpaid order expires by itself.
 */
import { defineActor } from 'troupe';
import { publish, reply } from 'troupe/xstate';
import { assign, setup } from 'xstate';

const PAYMENT_MS = 1_000;

type OrderEvent =
  | { type: 'add'; item: string; price: number }
  | { type: 'submit' }
  | { type: 'pay'; amount: number }
  | { type: 'ship' }
  | { type: 'status' };

interface Order {
  key: string;
  items: string[];
  total: number;
}

const machine = setup({
  types: {} as { context: Order; events: OrderEvent; input: { key: string } },
  guards: {
    hasItems: ({ context }) => context.items.length > 0,
    coversTotal: ({ context, event }) => event.type === 'pay' && event.amount >= context.total,
  },
  delays: { paymentDue: PAYMENT_MS },
}).createMachine({
  context: ({ input }) => ({ key: input.key, items: [], total: 0 }),
  initial: 'cart',
  states: {
    cart: {
      on: {
        add: {
          actions: assign({
            items: ({ context, event }) => [...context.items, event.item],
            total: ({ context, event }) => context.total + event.price,
          }),
        },
        submit: { guard: 'hasItems', target: 'unpaid' },
      },
    },
    unpaid: {
      on: {
        pay: [
          { guard: 'coversTotal', target: 'paid' },
          { actions: reply(({ context }: { context: Order }) => `expected ${context.total}`) },
        ],
      },
      after: { paymentDue: 'expired' },
    },
    paid: { on: { ship: 'shipped' } },
    shipped: {
      type: 'final',
      entry: publish('orders', ({ context }) => ({ type: 'shipped', order: context.key, items: context.items })),
    },
    expired: { type: 'final' },
  },
});

export default defineActor({ machine });
