/**
 * Durable turns in workers, asked by the master: D1 by the number of workers and of turns in flight · D3 the first
 * ask of a passive actor, asked in the same worker: its load until its turn begins, and with the commit that notes the message · D8 how long a volatile actor takes to answer on a worker whose durable actors commit
 * without a pause. The store lies in TROUPE_BENCH_DIR, else the folder for temporary files.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createSystem } from 'troupe';
import { Program, windowed } from '../harness/measure.mjs';
import { percentile } from '../harness/statistics.mjs';

const program = new Program('troupe');
const actors = new URL('../durable-actors/', import.meta.url);
const LONG = { timeoutMs: 60_000 };
const IN_FLIGHT = 1_024;
const PASSIVE = 4_000;
/** Some seconds: until then V8's threads compile for 4 to 20 µs of a turn, later for 1, and rates of one build differed by half. */
const WARM = 160_000;

async function withSystem(workers, use) {
  const dataDir = mkdtempSync(join(process.env.TROUPE_BENCH_DIR ?? tmpdir(), 'troupe-bench-'));
  const system = await createSystem({ actors, workers, dataDir, log: 'warn' });
  try {
    await use(system, dataDir);
  } finally {
    await system.shutdown();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function turns(workers) {
  await withSystem(workers, async (system) => {
    const turn = (n) => system.ask(`counter/${n % IN_FLIGHT}`, { type: 'add' }, LONG);
    const run = (n) => windowed(n, IN_FLIGHT, turn);
    await run(WARM);
    await program.rate('D1', `${IN_FLIGHT} in flight, fsync, ${workers} workers`, 'turns/s', run, { most: 200_000 });
    if (workers !== 2) return;
    const one = () => system.ask('counter/0', { type: 'add' }, LONG);
    await program.latency('D1', 'one in flight, fsync, 2 workers', one);
  });
}

/** A second system on the same dataDir has nothing in memory. */
async function activation() {
  const dataDir = mkdtempSync(join(process.env.TROUPE_BENCH_DIR ?? tmpdir(), 'troupe-bench-'));
  const open = () => createSystem({ actors, workers: 1, dataDir, log: 'warn' });
  let system = await open();
  await windowed(PASSIVE, IN_FLIGHT, (n) => system.ask(`counter/${n}`, { type: 'add' }, LONG));
  await system.shutdown();
  system = await open();
  const ids = Array.from({ length: PASSIVE }, (_, n) => `counter/${n}`);
  await system.ask('prober/a', { type: 'probe', ids: ids.splice(0, PASSIVE / 4) }, LONG);
  const { turn, reply } = await system.ask('prober/a', { type: 'probe', ids }, LONG);
  for (const [metric, { p50, p99, n }] of [
    ['activation in a worker, until the turn begins', turn],
    ['first ask of a passive actor in a worker', reply],
  ]) {
    program.report('D3', `${metric} p50`, 'us', p50, { n });
    program.report('D3', `${metric} p99`, 'us', p99, { n });
  }
  await system.shutdown();
  rmSync(dataDir, { recursive: true, force: true });
}

async function besideCommits() {
  await withSystem(1, async (system) => {
    const until = performance.now() + Math.max(2, program.seconds * 4) * 1_000;
    const busy = Array.from({ length: 256 }, async (_, n) => {
      while (performance.now() < until) await system.ask(`counter/${n}`, { type: 'add' }, LONG);
    });
    const micros = [];
    while (performance.now() < until) {
      const start = performance.now();
      await system.ask('prober/a', { type: 'echo', n: 1 }, LONG);
      micros.push((performance.now() - start) * 1_000);
    }
    await Promise.all(busy);
    const of = 'volatile ask beside commits';
    program.report('D8', `${of} p50`, 'us', percentile(micros, 0.5), { n: micros.length });
    program.report('D8', `${of} p99`, 'us', percentile(micros, 0.99), { n: micros.length });
  });
}

if (program.wants('D1')) for (const workers of [1, 2, 4]) await turns(workers);
if (program.wants('D3')) await activation();
if (program.wants('D8')) await besideCommits();
