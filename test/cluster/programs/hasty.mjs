// A system whose actors ask without awaiting; its log is on stdout. Then the program itself does what it is told.
import { createSystem } from 'troupe';

const [workers, last] = process.argv.slice(2);
const system = await createSystem({
  actors: new URL('../actors/', import.meta.url),
  workers: Number(workers),
  log: 'error',
});
const pid = await system.ask('hasty/a', { type: 'get' });
for (const type of ['ask', 'nested', 'spawn', 'subscribe', 'ref', 'stop', 'late'])
  await system.ask('hasty/a', { type });
await new Promise((resolve) => setTimeout(resolve, 300));
console.log(JSON.stringify({ same: pid === (await system.ask('hasty/a', { type: 'get' })) }));
if (last === 'reject') void Promise.reject(new Error('of the program'));
else if (last === 'ask') void system.ask('counter/x', { type: 'none-such' });
// Where that did not end it.
await new Promise((resolve) => setTimeout(resolve, 200));
await system.shutdown();
