/** A million ids on all workers: four tells in five, asks, payloads from 40 bytes to 16 KB, a hundred hot actors. */
import { mustBe, Program } from '../harness/measure.mjs';
import { census, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const program = new Program('troupe');
const system = await usersSystem();
const [sources, counters] = [await onEachWorker(system, 'source'), await onEachWorker(system, 'census')];
let expected = 0;
let seed = 0;
const mix = async (n) => {
  const each = Math.ceil(n / sources.length / 50) * 50;
  expected += each * sources.length;
  await Promise.all(
    sources.map((id) => system.ask(id, { type: 'mix', n: each, ids: 1_000_000, kind: 'sink', seed: ++seed }, LONG)),
  );
  await settled(expected);
};
// Tells may still be under way when the last ask is answered.
async function settled(count) {
  for (let looks = 0; looks < 500; looks++) {
    if ((await census(system, counters)).handled === count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  mustBe(count, (await census(system, counters)).handled);
}
await program.rate('mix', 'messages', 'msg/s', mix, { most: 2e6, first: 5_000 });
await system.shutdown();
