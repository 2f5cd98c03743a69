// An actor asks another one. Neither knows, nor needs to know, which worker process the other lives in.
import { createSystem } from 'troupe';

const system = await createSystem({ actors: new URL('../actors', import.meta.url), workers: 2, log: 'error' });
const place = async (id) => `${id} lives on worker ${(await system.where(id)).worker}`;

// Two places of our choice; without `placement` the id decides.
await system.spawn('greeter', { key: 'door', placement: { worker: 1 } });
await system.spawn('counter', { key: 'alice', placement: { worker: 2 } });

console.log(await system.ask('greeter/door', { type: 'greet', name: 'alice' }));
console.log(await system.ask('greeter/door', { type: 'greet', name: 'alice' }));
console.log(await place('greeter/door'));
console.log(await place('counter/alice'));

await system.shutdown();
