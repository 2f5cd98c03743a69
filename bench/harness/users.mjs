/** What the programs of users' scenarios share: a system, something on each worker, and what the workers have counted. */
import { createSystem } from 'troupe';
import { idOn } from './placed.mjs';

export const LONG = { timeoutMs: 240_000 };
export const ACTORS = new URL('../actors/', import.meta.url);

export async function usersSystem(options = {}) {
  // The end of a worker is a warning, and the reason of what fails after it.
  return createSystem({ workers: 2, actors: ACTORS, log: 'warn', ...options });
}

/** One actor of a kind on each worker. */
export async function onEachWorker(system, kind) {
  const indexes = system.workers().map(({ index }) => index);
  return Promise.all(indexes.map((index) => idOn(system, kind, index)));
}

/** What all workers have counted, added up. Counts of a process: see actors/census.mjs. */
export async function census(system, ids) {
  const all = await Promise.all(ids.map((id) => system.ask(id, { type: 'counts' }, LONG)));
  const sum = {};
  for (const counts of all) for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** Asks until the count stands at what is expected; throws where it goes beyond, or stands still before. */
export async function countsTo(expected, count) {
  for (let last = -1, still = 0; ; ) {
    const now = await count();
    if (now === expected) return;
    if (now > expected) throw new Error(`${expected} messages are handled; got ${now}`);
    still = now === last ? still + 1 : 0;
    if (still > 200) throw new Error(`${expected} messages are handled; got ${now}, and no more came`);
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
