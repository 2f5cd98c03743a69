/** Actors are activated, leave memory and are moved while traffic goes on; every message is handled once. */
import { mustBe, Program, sleep } from '../harness/measure.mjs';
import { seeded } from '../harness/random.mjs';
import { census, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const program = new Program('troupe');
const system = await usersSystem();
const [sources, counters] = [await onEachWorker(system, 'source'), await onEachWorker(system, 'census')];
const random = seeded(11);
let expected = 0;
let seed = 100;
let moves = 0;
let isOver = false;
const moving = (async () => {
  while (!isOver) {
    const id = `brief/${Math.floor(random() * 100)}`;
    await system.move(id, 1 + Math.floor(random() * 2)).then(
      () => moves++,
      () => {},
    );
    await sleep(2);
  }
})();
const churn = async (n) => {
  const each = Math.ceil(n / sources.length / 50) * 50;
  expected += each * sources.length;
  await Promise.all(
    sources.map((id) => system.ask(id, { type: 'mix', n: each, ids: 20_000, kind: 'brief', seed: ++seed }, LONG)),
  );
  for (let looks = 0; looks < 1_000 && (await census(system, counters)).handled < expected; looks++) await sleep(10);
  mustBe(expected, (await census(system, counters)).handled);
};
await program.rate('churn', 'messages', 'msg/s', churn, { most: 2e6, first: 5_000 });
isOver = true;
await moving;
program.report('churn', 'moves under way meanwhile', 'moves', moves || 0.001);
await system.shutdown();
