/** piscina: a task in a worker thread is the nearest it has to an ask. */
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { mustBe, Program, windowed } from '../harness/measure.mjs';

export default isMainThread ? undefined : ({ n }) => ({ n });

if (isMainThread) {
  const { Piscina } = await import('piscina');
  const filename = fileURLToPath(import.meta.url);
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: 256 });
  const program = new Program('piscina');
  await program.latency('S5', 'ask', () => pool.run({ type: 'echo', n: 1 }));
  const echo = async (at) => mustBe(at, (await pool.run({ type: 'echo', n: at })).n);
  await program.rate('S5', 'ask, 256 in flight', 'asks/s', (n) => windowed(n, 256, echo));
  await pool.destroy();
}
