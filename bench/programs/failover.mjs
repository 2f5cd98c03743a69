/** SIGKILL of a worker until one of its actors replies from its new home. */
import { Program, sleep } from '../harness/measure.mjs';
import { percentile } from '../harness/statistics.mjs';
import { usersSystem } from '../harness/users.mjs';

const program = new Program('troupe');
const kills = Math.max(10, Math.round(program.seconds * 60));
const system = await usersSystem({
  workers: 3,
  log: 'silent',
  supervision: { intensity: kills, backoff: { initialMs: 20, maxMs: 20 } },
});
const id = 'counter/00000001';
const millis = [];
while (millis.length < kills) {
  await system.ask(id, { type: 'echo', n: 1 });
  const { pid } = await system.where(id);
  const start = performance.now();
  process.kill(pid, 'SIGKILL');
  // Asks that were written to the dead worker fail at once; the next one finds the new home.
  for (let replied = false; !replied; ) {
    replied = await system.ask(id, { type: 'echo', n: 1 }).then(
      async () => (await system.where(id)).pid !== pid,
      () => false,
    );
  }
  millis.push(performance.now() - start);
  while (system.workers().some(({ state }) => state !== 'ready')) await sleep(5);
}
program.report('failover', 'SIGKILL to first reply, p50', 'ms', percentile(millis, 0.5), { n: kills });
program.report('failover', 'SIGKILL to first reply, p99', 'ms', percentile(millis, 0.99), { n: kills });
await system.shutdown();
