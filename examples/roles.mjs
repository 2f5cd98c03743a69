// Dedicated workers: heavy work stays with the workers of its role, and the others keep answering at once.
import { createSystem } from 'troupe';

const workers = [
  { role: 'web', count: 1 },
  { role: 'crunch', count: 1 },
];
const system = await createSystem({ actors: new URL('../actors', import.meta.url), workers, log: 'error' });
for (const { index, role } of system.workers()) console.log(`worker ${index} has the role ${role}`);

// actors/prime.ts says `placement: { role: 'crunch' }`; a spawn may say so for a single actor.
await system.spawn('counter', { key: 'front', placement: { role: 'web' } });
const crunching = system.ask('prime/one', { type: 'countBelow', limit: 2_000_000 }, { timeoutMs: 60_000 });

let slowestMs = 0;
let answers = 0;
let done = false;
crunching.finally(() => (done = true)).catch(() => {});
while (!done) {
  const startedAt = performance.now();
  await system.ask('counter/front', { type: 'get' });
  slowestMs = Math.max(slowestMs, performance.now() - startedAt);
  answers++;
}
const { primes } = await crunching;
const roleOf = async (id) => system.workers()[(await system.where(id)).worker - 1].role;
console.log(`${primes} primes were counted by a worker of the role ${await roleOf('prime/one')}`);
console.log(
  `meanwhile ${answers > 100 ? 'hundreds of' : answers} answers came from the role ${await roleOf('counter/front')}`,
);
console.log(`the slowest took ${slowestMs.toFixed(0)} ms`);

await system.shutdown();
