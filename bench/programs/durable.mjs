/**
 * node bench/programs/durable.mjs [--seconds 0.5] [--reps 3] [--only D1]
 *
 * D1 durable turns, with and without waiting for the disk · D2 tells between durable actors · D3 activation from disk ·
 * D4 a start with 100 000 actors and 10 000 messages under way. The store lies in TROUPE_BENCH_DIR, else the folder for temporary files.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { percentile } from '../harness/statistics.mjs';
import { mustBe, Program, sleep, windowed } from '../harness/measure.mjs';
import { linkTroupe } from '../harness/rounds.mjs';

linkTroupe();
const { createSystem, defineActor } = await import('troupe');
const program = new Program('troupe');
const folders = [];
const LONG = { timeoutMs: 60_000 };
const MOST = 200_000;
/** Then nothing is handled, and mail stays under way. */
let isStuck = false;
const ON_DISK = 100_000;
const UNDER_WAY = 10_000;

const counter = (sync) =>
  defineActor({
    durable: { sync },
    state: () => ({ count: 0 }),
    receive: {
      add(ctx, { n }) {
        if (isStuck) return new Promise(() => {});
        ctx.state.count += n;
        return ctx.state.count;
      },
      get: (ctx) => ctx.state.count,
      send(ctx, { to, n }) {
        for (let i = 0; i < n; i++) ctx.tell(to, { type: 'add', n: 1 });
      },
    },
  });

function folder() {
  const made = mkdtempSync(join(process.env.TROUPE_BENCH_DIR ?? tmpdir(), 'troupe-bench-'));
  folders.push(made);
  return made;
}

function open(dataDir = folder(), more = {}) {
  const actors = { counter: counter(true), loose: counter(false) };
  return createSystem({ actors, workers: 0, dataDir, log: 'warn', ...more });
}

async function turns() {
  const system = await open();
  for (const [kind, name] of [
    ['counter', 'fsync'],
    ['loose', 'no fsync'],
  ]) {
    for (const inFlight of [1, 64, 1_024]) {
      const turn = (n) => system.ask(`${kind}/${n % inFlight}`, { type: 'add', n: 1 }, LONG);
      await program.rate('D1', `${inFlight} in flight, ${name}`, 'turns/s', (n) => windowed(n, inFlight, turn), {
        most: MOST,
      });
    }
    const one = () => system.ask(`${kind}/0`, { type: 'add', n: 1 }, LONG);
    await report('D1', `latency of a turn, ${name}`, 500, one);
  }
  const hot = () => system.ask('counter/hot', { type: 'add', n: 1 }, LONG);
  await program.rate('D1', 'one actor, 1024 in flight, fsync', 'turns/s', (n) => windowed(n, 1_024, hot), {
    most: MOST,
  });
  await system.shutdown();
}

async function tells() {
  const system = await open();
  const batch = 500;
  await program.rate(
    'D2',
    'tells between two durable actors, fsync',
    'msg/s',
    async (n) => {
      const wanted = (await system.ask('counter/sink', { type: 'get' }, LONG)) + Math.ceil(n / batch) * batch;
      for (let sent = 0; sent < n; sent += batch)
        await system.ask('counter/source', { type: 'send', to: 'counter/sink', n: batch }, LONG);
      while ((await system.ask('counter/sink', { type: 'get' }, LONG)) < wanted) await sleep(1);
    },
    { most: MOST },
  );
  await system.shutdown();
}

async function restart() {
  const dataDir = folder();
  let system = await open(dataDir, { durableInMemoryMax: ON_DISK * 2 });
  await windowed(ON_DISK, 2_048, (n) => system.ask(`counter/${n}`, { type: 'add', n: 1 }, LONG));
  isStuck = true;
  const senders = UNDER_WAY / 100;
  for (let n = 0; n < senders; n++)
    await system.ask(`counter/${n}`, { type: 'send', to: `counter/${n + 1_000}`, n: 100 }, LONG);
  await system.shutdown({ timeoutMs: 0 });
  isStuck = false;
  const start = performance.now();
  system = await open(dataDir);
  program.report('D4', `start with ${ON_DISK} actors on disk`, 'ms', performance.now() - start);
  const counts = () =>
    Promise.all(Array.from({ length: senders }, (_, n) => system.ask(`counter/${n + 1_000}`, { type: 'get' }, LONG)));
  const total = async () => (await counts()).reduce((sum, count) => sum + count, 0);
  let arrived = await total();
  while (arrived < UNDER_WAY + senders && performance.now() - start < 60_000) {
    await sleep(5);
    arrived = await total();
  }
  mustBe(UNDER_WAY + senders, arrived, 'messages under way arrived');
  program.report('D4', `until ${UNDER_WAY} messages under way have arrived`, 'ms', performance.now() - start);
  let next = ON_DISK / 2;
  await report('D3', 'activation of a passive actor', 2_000, () =>
    system.ask(`counter/${next++}`, { type: 'get' }, LONG),
  );
  await system.shutdown();
}

async function report(scenario, metric, count, call) {
  const times = [];
  for (let n = 0; n < count; n++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  times.sort((one, other) => one - other);
  program.report(scenario, `${metric}, p50`, 'ms', percentile(times, 0.5));
  program.report(scenario, `${metric}, p99`, 'ms', percentile(times, 0.99));
}

try {
  if (program.wants('D1')) await turns();
  if (program.wants('D2')) await tells();
  if (program.wants('D3', 'D4')) await restart();
} finally {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
}
