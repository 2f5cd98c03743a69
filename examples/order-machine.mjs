// An XState machine as an actor: its events are the messages, and its delays run without anybody waiting for them.
import { setTimeout as pause } from 'node:timers/promises';
import { createSystem } from 'troupe';

const system = await createSystem({ actors: new URL('../actors', import.meta.url), workers: 2, log: 'error' });
await system.subscribe('orders', (message) => console.log('shipped:', message.items.join(' and ')));

const order = system.ref('order/1001');
order.tell({ type: 'add', item: 'kettle', price: 30 });
order.tell({ type: 'add', item: 'cup', price: 8 });
const { value, context } = await order.ask({ type: 'submit' });
console.log(`order 1001 is ${value}, ${context.total} to pay`);
console.log('paid 10, the machine replied:', await order.ask({ type: 'pay', amount: 10 }));
console.log('paid 38, now it is', (await order.ask({ type: 'pay', amount: 38 })).value);
console.log('and then', (await order.ask({ type: 'ship' })).value);

// An order that nobody pays.
system.tell('order/1002', { type: 'add', item: 'lamp', price: 50 });
console.log('order 1002 is', (await system.ask('order/1002', { type: 'submit' })).value);
await pause(1_200);
console.log('order 1002 is', (await system.ask('order/1002', { type: 'status' })).value);

await system.shutdown();
