// What happens when a handler throws: one message is lost, and says so; the actor starts again; others notice nothing.
import { createSystem } from 'troupe';

const system = await createSystem({ actors: new URL('../actors', import.meta.url), workers: 1, log: 'silent' });
const failed = new Promise((resolve) => system.on('actor-failed', resolve));
system.on('actor-restarted', ({ id, restarts }) => console.log(`  ${id} restarted, ${restarts} so far`));
system.on('dead-letter', ({ message, reason }) => console.log(`  dead letter '${message.type}': ${reason}`));

const fail = () => system.ask('flaky/one', { type: 'fail', text: 'out of ideas' }).catch((error) => error);
const work = () => system.ask('flaky/one', { type: 'work' }).catch((error) => error.code);

console.log('handled', await work());
console.log('handled', await work());

// The mail behind the failing message stays, in order; the new incarnation begins with a fresh state.
const [error, after] = await Promise.all([fail(), work()]);
console.log(`the asker got ${error.code}, because of ${error.cause.name}: ${error.cause.message}`);
console.log('handled', after, 'by the new incarnation');

// flaky.ts allows three restarts in ten seconds. Past that the actor fails, and asks are refused at once.
for (let i = 0; i < 3; i++) await fail();
console.log('it failed for good:', (await failed).id);
console.log('asked again:', await work());
console.log('another one is fine, it handled', await system.ask('flaky/two', { type: 'work' }));

await system.shutdown();
