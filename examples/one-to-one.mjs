// One to one: an id is an address. `tell` sends and goes on; `ask` waits for the reply.
import { createSystem } from 'troupe';

const system = await createSystem({ actors: new URL('../actors', import.meta.url), workers: 2, log: 'error' });

// Nobody creates counter/alice: the first message brings it to life, in one of the workers.
for (let i = 0; i < 1_000; i++) system.tell('counter/alice', { type: 'add', by: 1 });
system.tell('counter/bob', { type: 'add', by: 5 });

// One sender's messages are handled in the order sent, so the reply counts all that were told before.
console.log('alice has', await system.ask('counter/alice', { type: 'get' }));
console.log('bob has', await system.ask('counter/bob', { type: 'get' }));

// What cannot be done is an error with a code, and a fate: whether the handler ran.
await system
  .ask('counter/alice', { type: 'sing' })
  .catch((error) => console.log('alice cannot sing:', error.code, error.fate));

await system.shutdown();
