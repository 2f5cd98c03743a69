/**
 * node bench/programs/durable.mjs [--seconds 0.5] [--reps 3] [--only D1]
 *
 * D1 durable turns, with and without waiting for the disk · D2 tells between durable actors · D3 activation from disk ·
 * D4 a start with 100 000 actors and 10 000 messages under way · D5 100 000 actors where 50 000 may be in memory · D6 a million
 * reminders pending (TROUPE_REMINDERS: another number) · D7 turns that change a few bytes of a large state.
 * The store lies in TROUPE_BENCH_DIR, else the folder for temporary files. D5 to D7 run when asked for: --only D5,D6,D7
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
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

const REMINDERS = Number(process.env.TROUPE_REMINDERS ?? 1_000_000);
const HOUR_MS = 3_600_000;
/** Of them that come due while it is watched. */
const SOON = 100;

const reminded = defineActor({
  durable: { sync: false },
  state: () => ({ lateMs: -1 }),
  receive: {
    set: (ctx, { atMs }) => ctx.remind('one', { atMs }, { type: 'fire', atMs }),
    fire(ctx, { atMs }) {
      ctx.state.lateMs = Date.now() - atMs;
    },
    late: (ctx) => ctx.state.lateMs,
  },
});

const large = defineActor({
  durable: true,
  state: () => ({ count: 0, rest: {} }),
  receive: {
    fill(ctx, { bytes }) {
      const text = 'x'.repeat(1_000);
      for (let n = 0; n < bytes / 1_100; n++) ctx.state.rest[`item-${n}`] = { n, text, tags: ['a', 'b'], at: 1.5 * n };
    },
    add: (ctx) => void ctx.state.count++,
    get: (ctx) => ctx.state.count,
  },
});

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
  const actors = { counter: counter(true), loose: counter(false), reminded, large };
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

/** Twice as many actors as may be in memory, all as if they were: each is called three times, in an order of no use to a cache. */
async function crowded() {
  const system = await open(folder(), { durableInMemoryMax: ON_DISK / 2 });
  const rounds = 3;
  const start = performance.now();
  let most = 0;
  const look = setInterval(() => void system.metrics().then(({ actors }) => (most = Math.max(most, actors))), 200);
  await windowed(ON_DISK * rounds, 2_048, (n) =>
    system.ask(`counter/${(n * 7_919) % ON_DISK}`, { type: 'add', n: 1 }, LONG),
  );
  const tookMs = performance.now() - start;
  clearInterval(look);
  program.report(
    'D5',
    `turns of ${ON_DISK} actors, ${ON_DISK / 2} in memory`,
    'turns/s',
    (ON_DISK * rounds * 1_000) / tookMs,
  );
  program.report('D5', 'in memory at most, as seen', 'actors', most);
  const wrong = [];
  await windowed(ON_DISK, 2_048, async (n) => {
    const count = await system.ask(`counter/${n}`, { type: 'get' }, LONG);
    if (count !== rounds) wrong.push(`counter/${n}: ${count}`);
  });
  globalThis.gc?.();
  program.report('D5', 'resident after all that, the mapped file included', 'MB', process.memoryUsage().rss / 1e6);
  mustBe('', wrong.slice(0, 5).join(), 'counts that are wrong');
  await system.shutdown();
}

/** Set by one process, and pending in the next, which has nothing else in memory. */
async function pending() {
  const dataDir = folder();
  const system = await open(dataDir, { durableInMemoryMax: 10_000 });
  const far = Date.now() + 24 * HOUR_MS;
  const start = performance.now();
  await windowed(REMINDERS, 2_048, (n) => system.ask(`reminded/${n}`, { type: 'set', atMs: far + n }, LONG));
  const tookMs = performance.now() - start;
  program.report('D6', `setting ${REMINDERS} reminders`, 'reminders/s', (REMINDERS * 1_000) / tookMs);
  const dueAt = Date.now() + 15_000;
  for (let n = 0; n < SOON; n++) await system.ask(`reminded/soon-${n}`, { type: 'set', atMs: dueAt + n }, LONG);
  await system.shutdown({ timeoutMs: 60_000 });
  program.report('D6', 'store on disk', 'MB', statSync(join(dataDir, 'store', 'data.mdb')).size / 1e6);
  const env = { ...process.env, TROUPE_PENDING: JSON.stringify({ dataDir, dueAt }) };
  const args = ['--expose-gc', fileURLToPath(import.meta.url), '--only', 'D6'];
  const { status } = spawnSync(process.execPath, args, { env, stdio: 'inherit' });
  mustBe(0, status, 'as the exit code of the process with all of them pending');
}

async function waiting({ dataDir, dueAt }) {
  const heapMb = () => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed / 1e6;
  };
  const before = heapMb();
  const start = performance.now();
  const system = await open(dataDir);
  program.report('D6', 'start with all of them pending', 'ms', performance.now() - start);
  await sleep(2_500);
  program.report('D6', 'heap above that before the start, five looks later', 'MB', heapMb() - before);
  const cpu = process.cpuUsage();
  await sleep(2_000);
  const { user, system: kernel } = process.cpuUsage(cpu);
  program.report('D6', 'processor time while they wait', 'ms/s', (user + kernel) / 2_000);
  const { actors } = await system.metrics();
  mustBe(0, actors, 'actors in memory while nothing is due');
  await sleep(Math.max(0, dueAt + SOON + 1_000 - Date.now()));
  const late = [];
  for (let n = 0; n < SOON; n++) late.push(await system.ask(`reminded/soon-${n}`, { type: 'late' }, LONG));
  late.sort((one, other) => one - other);
  mustBe(true, late[0] >= 0, `${SOON} reminders have fired`);
  program.report('D6', `lateness of the next ${SOON}, p50`, 'ms', percentile(late, 0.5));
  program.report('D6', `lateness of the next ${SOON}, most`, 'ms', late.at(-1));
  await system.shutdown();
}

async function largeStates() {
  const system = await open();
  for (const [name, bytes, count] of [
    ['10 kB', 1e4, 500],
    ['100 kB', 1e5, 300],
    ['1 MB', 1e6, 100],
    ['10 MB', 1e7, 20],
  ]) {
    const id = `large/${bytes}`;
    await system.ask(id, { type: 'fill', bytes }, LONG);
    await report('D7', `a turn that changes a number in ${name}`, count, () => system.ask(id, { type: 'add' }, LONG));
    await report('D7', `a turn that changes nothing of ${name}`, count, () => system.ask(id, { type: 'get' }, LONG));
  }
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
  if (program.isAskedFor('D5')) await crowded();
  if (process.env.TROUPE_PENDING) await waiting(JSON.parse(process.env.TROUPE_PENDING));
  else if (program.isAskedFor('D6')) await pending();
  if (program.isAskedFor('D7')) await largeStates();
} finally {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
}
