// An XState order that waits for days, durably: the process ends and starts again, and the order goes on where it was.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystem, defineActor } from 'troupe';
import { assign, setup } from 'xstate';

const DAY_MS = 86_400_000;
const order = setup({}).createMachine({
  context: { paid: 0 },
  initial: 'open',
  states: {
    open: {
      on: { pay: { target: 'paid', actions: assign({ paid: ({ event }) => event.amount }) } },
      after: { [7 * DAY_MS]: 'expired' },
    },
    // Goods that nobody sent back after two days are the customer's.
    paid: { on: { sendBack: 'refunded' }, after: { [2 * DAY_MS]: 'kept' } },
    kept: { type: 'final' },
    refunded: { type: 'final' },
    expired: { type: 'final' },
  },
});

const dataDir = mkdtempSync(join(tmpdir(), 'troupe-order-'));
const start = () =>
  createSystem({
    actors: { order: defineActor({ durable: true, machine: order }) },
    workers: 0,
    dataDir,
    log: 'silent',
  });

let system = await start();
console.log('the order is', (await system.ask('order/7', { type: 'pay', amount: 30 })).value);
await system.shutdown();

system = await start();
const { value, context } = await system.ask('order/7', { type: 'look' });
console.log(`after a new start the order is ${value}, ${context.paid} paid, and still waits for its two days`);
console.log('sent back, it is', (await system.ask('order/7', { type: 'sendBack' })).value);
await system.shutdown();
rmSync(dataDir, { recursive: true });
