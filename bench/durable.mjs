// D1–D4: durable turns, with and without waiting for the disk; activation; a restart of everything. One JSON line per metric.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createSystem, defineActor } from 'troupe';
import { rate, windowed } from './load.mjs';
import { options, print } from './print.mjs';

const { wants, timing } = options();
const folders = [];

const counter = (sync) =>
  defineActor({
    durable: { sync },
    state: () => ({ count: 0 }),
    receive: {
      add: (ctx, { n }) => {
        ctx.state.count += n;
        return ctx.state.count;
      },
      get: (ctx) => ctx.state.count,
      send(ctx, { to, n }) {
        for (let i = 0; i < n; i++) ctx.tell(to, { type: 'add', n: 1 });
      },
    },
  });

function open(dataDir = folder(), more = {}) {
  const actors = { counter: counter(true), loose: counter(false) };
  return createSystem({ actors, workers: 0, dataDir, log: 'warn', ...more });
}

function folder() {
  const made = mkdtempSync(join(process.env.TROUPE_BENCH_DIR ?? tmpdir(), 'troupe-bench-'));
  folders.push(made);
  return made;
}

function percentile(values, share) {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
}

if (wants('D1')) {
  const system = await open();
  for (const [kind, name] of [
    ['counter', 'fsync'],
    ['loose', 'no fsync'],
  ]) {
    for (const inFlight of [1, 64, 1_024]) {
      let next = 0;
      const turn = () => system.ask(`${kind}/${next++ % inFlight}`, { type: 'add', n: 1 }, { timeoutMs: 60_000 });
      const result = await rate(timing, (n) => windowed(n, inFlight, turn), { most: 200_000 });
      print('D1', `durable turns, ${inFlight} in flight, ${name}`, 'turns/s', result);
    }
    const times = [];
    for (let n = 0; n < 500; n++) {
      const start = performance.now();
      await system.ask(`${kind}/0`, { type: 'add', n: 1 });
      times.push(performance.now() - start);
    }
    print('D1', `latency of a turn p50, ${name}`, 'ms', { value: percentile(times, 0.5), n: times.length });
    print('D1', `latency of a turn p99, ${name}`, 'ms', { value: percentile(times, 0.99), n: times.length });
  }
  const hot = await rate(timing, (n) => windowed(n, 1_024, () => system.ask('counter/hot', { type: 'add', n: 1 })), {
    most: 200_000,
  });
  print('D1', 'durable turns of one actor, 1024 in flight, fsync', 'turns/s', hot);
  await system.shutdown();
}

if (wants('D2')) {
  const system = await open();
  const result = await rate(
    timing,
    async (n) => {
      const before = await system.ask('counter/sink', { type: 'get' });
      for (let sent = 0; sent < n; sent += 500)
        await system.ask('counter/source', { type: 'send', to: 'counter/sink', n: 500 });
      const wanted = before + Math.ceil(n / 500) * 500;
      while ((await system.ask('counter/sink', { type: 'get' })) < wanted) await new Promise((r) => setTimeout(r, 1));
    },
    { most: 100_000 },
  );
  print('D2', 'tells between two durable actors', 'msg/s', result);
  await system.shutdown();
}

if (wants('D3') || wants('D4')) {
  const dataDir = folder();
  const actors = 100_000;
  let system = await open(dataDir, { durableInMemoryMax: 1_000_000 });
  await windowed(
    actors,
    2_048,
    (() => {
      let n = 0;
      return () => system.ask(`counter/${n++}`, { type: 'add', n: 1 }, { timeoutMs: 60_000 });
    })(),
  );
  if (wants('D4')) {
    // Messages that are under way between durable actors, on disk, as the system ends.
    for (let n = 0; n < 100; n++) system.tell(`counter/${n}`, { type: 'send', to: `counter/${n + 1_000}`, n: 100 });
    const sender = await system.ask('counter/0', { type: 'get' });
    if (sender < 0) throw new Error('a count grows');
  }
  await system.shutdown({ timeoutMs: 0 });
  const start = performance.now();
  system = await open(dataDir);
  print('D4', 'start with 100 000 actors on disk', 'ms', { value: performance.now() - start, n: 1 });
  let total = 0;
  while (wants('D4') && total < 10_100) {
    const counts = await Promise.all(
      Array.from({ length: 100 }, (_, n) => system.ask(`counter/${n + 1_000}`, { type: 'get' })),
    );
    total = counts.reduce((sum, count) => sum + count, 0);
  }
  if (wants('D4'))
    print('D4', 'until 10 000 messages under way have arrived', 'ms', { value: performance.now() - start, n: 1 });
  const times = [];
  for (let n = 50_000; n < 52_000; n++) {
    const began = performance.now();
    await system.ask(`counter/${n}`, { type: 'get' });
    times.push(performance.now() - began);
  }
  print('D3', 'activation of a passive actor p50', 'ms', { value: percentile(times, 0.5), n: times.length });
  print('D3', 'activation of a passive actor p99', 'ms', { value: percentile(times, 0.99), n: times.length });
  await system.shutdown();
}

for (const made of folders) rmSync(made, { recursive: true, force: true });
