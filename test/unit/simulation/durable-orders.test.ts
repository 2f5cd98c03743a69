import { expect, test } from 'vitest';
import { type OrdersOptions, runOrders } from './durable-orders.ts';

const RUNS = Math.ceil(Number(process.env.TROUPE_BANK_RUNS ?? 8) / 2);
const FIRST = Number(process.env.TROUPE_BANK_SEED ?? 1);

const WAYS: [name: string, options: Partial<OrdersOptions>][] = [
  ['nothing dies', { isCalm: true, steps: 40 }],
  ['workers die and hang, links break, orders move', {}],
  ['they are not durable, and move', { isVolatile: true }],
  ['everything starts anew, twice', { restarts: 2, steps: 40 }],
];

test.each(WAYS)(
  'machines with invoked promises come to their end, once, where %s',
  {
    timeout: 600_000,
  },
  async (_name, more) => {
    for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
      const { breaches, orders } = await runOrders({ seed, steps: 80, ...more });
      expect(breaches, `seed ${seed}`).toEqual([]);
      expect(orders).toBeGreaterThan(10);
    }
  },
);
