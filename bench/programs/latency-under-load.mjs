/**
 * Asks at 10, 50 and 80 % of the load that two workers can reach, sent by a clock and timed from when they were due; then
 * small asks while 10 MB messages go the same way.
 */
import { Program, windowed } from '../harness/measure.mjs';
import { idOn } from '../harness/placed.mjs';
import { percentile } from '../harness/statistics.mjs';
import { usersSystem } from '../harness/users.mjs';

const program = new Program('troupe');
const system = await usersSystem();
const counter = await idOn(system, 'counter', 1);
const large = await idOn(system, 'sink', 1);
const ask = () => system.ask(counter, { type: 'echo', n: 1 }, { timeoutMs: 60_000 });

const warm = 20_000;
await windowed(warm, 256, ask);
const start = performance.now();
await windowed(100_000, 256, ask);
const reachable = 100_000 / (performance.now() - start);
program.report('load', 'reachable', 'asks/s', reachable * 1_000);

for (const part of [0.1, 0.5, 0.8]) {
  const perMs = reachable * part;
  const micros = [];
  const begin = performance.now();
  const n = Math.round(perMs * program.seconds * 2_000);
  const running = [];
  for (let sent = 0; sent < n; ) {
    const due = Math.min(n, Math.floor((performance.now() - begin) * perMs));
    for (; sent < due; sent++) {
      const dueAt = begin + sent / perMs;
      running.push(ask().then(() => micros.push((performance.now() - dueAt) * 1_000)));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(running);
  for (const [name, at] of [
    ['p50', 0.5],
    ['p99', 0.99],
    ['p99.9', 0.999],
  ]) {
    program.report('load', `asks at ${part * 100} %, ${name}`, 'us', percentile(micros, at), { n });
  }
}

// From one worker to another. What is of the same sender as the large messages waits for them, since it was sent later; what
// is of another sender passes between their pieces, and waits for the encoding alone.
const asker = await idOn(system, 'driver', 2);
const other = await idOn(system, 'driver', 2, Number(asker.slice(asker.indexOf('/') + 1)) + 1);
const LONG = { timeoutMs: 60_000 };
for (const [beside, sender] of [
  ['nothing', undefined],
  ['10 MB messages of another sender', other],
  ['10 MB messages of the same sender', asker],
]) {
  const seconds = program.seconds * 4;
  const own = sender === asker;
  const loading = sender === other ? system.ask(other, { type: 'large', to: large, seconds }, LONG) : undefined;
  const { p50, p90, p99 } = await system.ask(asker, { type: 'spaced', to: counter, large, seconds, own }, LONG);
  await loading;
  program.report('load', `small asks beside ${beside}, p50`, 'us', p50);
  program.report('load', `small asks beside ${beside}, p90`, 'us', p90);
  program.report('load', `small asks beside ${beside}, p99`, 'us', p99);
}
await system.shutdown();
