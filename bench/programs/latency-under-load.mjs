/**
 * Asks at 10, 50 and 80 % of the load that two workers can reach, sent by a clock and timed from when they were due; then
 * small asks while 10 MB messages go the same way.
 */
import { Program, sleep, windowed } from '../harness/measure.mjs';
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

const blob = 'x'.repeat(10_000_000);
for (const isLoaded of [false, true]) {
  const micros = [];
  const until = performance.now() + program.seconds * 4_000;
  const loading = (async () => {
    while (isLoaded && performance.now() < until) {
      await system.ask(large, { type: 'get', n: 1, data: blob });
      await sleep(20);
    }
  })();
  while (performance.now() < until) {
    const at = performance.now();
    await ask();
    micros.push((performance.now() - at) * 1_000);
    await sleep(1);
  }
  await loading;
  const beside = isLoaded ? 'beside 10 MB messages' : 'beside nothing';
  program.report('load', `small asks ${beside}, p50`, 'us', percentile(micros, 0.5), { n: micros.length });
  program.report('load', `small asks ${beside}, p99`, 'us', percentile(micros, 0.99), { n: micros.length });
}
await system.shutdown();
