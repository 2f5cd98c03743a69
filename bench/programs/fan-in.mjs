/** Every worker to one actor; the messages of each sender in order. */
import { Program } from '../harness/measure.mjs';
import { idOn } from '../harness/placed.mjs';
import { census, countsTo, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const program = new Program('troupe');
const system = await usersSystem({ workers: 3 });
const counters = await onEachWorker(system, 'census');
let from = 1;
let expected = 0;
const fanIn = async (n) => {
  // New actors each time: their numbers begin at 0.
  const to = await idOn(system, 'sink', 1, from);
  const sources = await Promise.all(system.workers().map(({ index }) => idOn(system, 'source', index, from)));
  from = Math.max(...[to, ...sources].map((id) => Number(id.split('/')[1]))) + 1;
  const each = Math.ceil(n / sources.length);
  expected += each * sources.length;
  const start = performance.now();
  await Promise.all(sources.map((id) => system.ask(id, { type: 'fanIn', to, n: each }, LONG)));
  await countsTo(expected, async () => (await census(system, counters)).handled);
  return { seconds: ((performance.now() - start) / 1_000) * (n / (each * sources.length)) };
};
await program.rate('fan-in', 'from 3 workers to one actor', 'msg/s', fanIn);
await system.shutdown();
