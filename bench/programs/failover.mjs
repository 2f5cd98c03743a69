// SIGKILL of a worker → first reply of one of its actors from its new home. node bench/failover.mjs [kills]
import { createSystem } from 'troupe';

const kills = Number(process.argv[2] ?? 100);
const supervision = { intensity: kills, backoff: { initialMs: 20, maxMs: 20 } };
const system = await createSystem({
  workers: 3,
  actors: new URL('./actors/', import.meta.url),
  log: 'silent',
  supervision,
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
  while (system.workers().some(({ state }) => state !== 'ready'))
    await new Promise((resolve) => setTimeout(resolve, 5));
}
millis.sort((a, b) => a - b);
const at = (part) => Number(millis[Math.min(kills - 1, Math.floor(kills * part))].toFixed(1));
console.log(
  JSON.stringify({ name: 'troupe', scenario: 'failover', kills, p50: at(0.5), p99: at(0.99), max: at(1), unit: 'ms' }),
);
await system.shutdown();
