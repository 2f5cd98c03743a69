/** Ten times more than can be handled, sent without heed: what is handled all the same, what is refused, and what others feel. */
import { cpuMicros, mustBe, Program, sleep } from '../harness/measure.mjs';
import { idOn } from '../harness/placed.mjs';
import { percentile } from '../harness/statistics.mjs';
import { census, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const program = new Program('troupe');
const system = await usersSystem();
let refused = 0;
system.on('dead-letter', () => refused++);
// Above a rate they are told as a count, once a second.
system.on('events-suppressed', ({ event, count }) => (refused += event === 'dead-letter' ? count : 0));
const counters = await onEachWorker(system, 'census');
const slow = await idOn(system, 'slow', 2);
const other = await idOn(system, 'counter', 2);
const source = await idOn(system, 'source', 1);
const ms = program.seconds * 10_000;
const micros = [];
let isOver = false;
const asking = (async () => {
  while (!isOver) {
    const start = performance.now();
    await system.ask(other, { type: 'echo', n: 1 }, LONG);
    micros.push((performance.now() - start) * 1_000);
    await sleep(5);
  }
})();
const cpu = cpuMicros();
await system.ask(source, { type: 'flood', to: [slow], ms }, LONG);
const { handled } = await census(system, counters);
const memory = await Promise.all(counters.map((id) => system.ask(id, { type: 'memory' }, LONG)));
isOver = true;
await asking;
await system.drained();
let counts = await census(system, counters);
for (let looks = 0; looks < 2_000 && counts.handled + refused < counts.sent; looks++) {
  await sleep(10);
  counts = await census(system, counters);
}
mustBe(counts.sent, counts.handled + refused, 'messages handled or refused');
program.report('overload', 'handled', 'msg/s', (handled / ms) * 1_000, {
  sent: counts.sent,
  refused,
  cpu: cpuMicros() - cpu,
});
program.report('overload', 'sent', 'msg/s', (counts.sent / ms) * 1_000);
program.report('overload', 'largest worker', 'MB', Math.max(...memory.map(({ rss }) => rss)) / 1e6);
program.report('overload', 'ask of another actor there p50', 'us', percentile(micros, 0.5), { n: micros.length });
program.report('overload', 'ask of another actor there p99', 'us', percentile(micros, 0.99), { n: micros.length });
await system.shutdown();
