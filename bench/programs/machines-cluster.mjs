/**
 * machines — several machines of one cluster, each in processes of its own, on the loopback and a PostgreSQL that comes by npm: tells and asks between
 * workers of one machine and between those of two, many live actors, the time until a machine that leaves or is killed is replaced, and what a worker's
 * crash asks of the database.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { register } from 'tsx/esm/api';
import { mustBe, Program, sleep, windowed } from '../harness/measure.mjs';
import { idOn } from '../harness/placed.mjs';
import { linkTroupe } from '../harness/rounds.mjs';

linkTroupe();
const { createSystem } = await import('troupe');
register();
const { PostgresServer } = await import('../../test/postgres/postgres-server.ts');

const LONG = { timeoutMs: 120_000 };
const actors = new URL('../actors/', import.meta.url);
const LIVE = 100_000;
const LEASE_MS = 3_000;
/** Times that a machine leaves, and is killed. */
const ENDS = 3;
/** In which statements are counted, with a crash and without. */
const CALM_MS = 6_000;

const folder = mkdtempSync(join(process.env.TROUPE_BENCH_DIR ?? tmpdir(), 'troupe-bench-'));
const server = await PostgresServer.start({
  max_connections: 200,
  shared_preload_libraries: 'pg_stat_statements',
});
await server.query('create extension pg_stat_statements');
let folders = 0;
const optionsOf = (name, more = {}) => ({
  cluster: { url: server.url, name, ...more },
  dataDir: join(folder, `${++folders}`),
  controlSocket: false,
});

class Machine {
  #number = 0;
  #open = new Map();

  constructor(options) {
    this.child = fork(new URL('./machine.mjs', import.meta.url), [JSON.stringify(options)], { execArgv: [] });
    this.started = new Promise((resolve, reject) => {
      this.child.on('message', ({ machine, number, value }) => {
        if (machine !== undefined) resolve((this.id = machine));
        else this.#open.get(number)?.(value);
      });
      this.child.once('exit', (code) => reject(new Error(`a machine ended with ${code}`)));
    });
    this.started.catch(() => {});
  }

  call(call, ...args) {
    this.child.send({ number: ++this.#number, call, args });
    return new Promise((resolve) => this.#open.set(this.#number, resolve));
  }

  kill() {
    const { pid } = this.child;
    const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    for (const each of [pid, ...workers]) process.kill(each, 'SIGKILL');
  }
}

/** The first id of a kind that lives on that machine. */
async function idAt(system, kind, machine, from = 1) {
  for (let n = from; ; n++) {
    const id = `${kind}/${String(n).padStart(8, '0')}`;
    if ((await system.where(id).catch(() => ({}))).machine === machine) return id;
  }
}

/** Machines share once each of them has some of the first ids. */
async function whenShared(system, machines) {
  for (;;) {
    const hosts = await Promise.all(
      Array.from({ length: 60 }, (_, n) => system.where(`counter/s${n}`).catch(() => ({}))),
    );
    if (new Set(hosts.map(({ machine }) => machine)).size === machines) return;
    await sleep(50);
  }
}

async function traffic(name, ask, driver, counter) {
  const program = Object.assign(new Program('troupe'), { name });
  const tells = (size) => (n) => ask(driver, { type: 'tells', to: counter, n, size });
  await program.rate('machines', 'tell small', 'msg/s', tells('small'));
  await program.rate('machines', 'tell 1 KB', 'msg/s', tells('kilobyte'), { most: 2e6 });
  await ask(driver, { type: 'latencies', to: counter, seconds: 1 });
  const { p50, p99, n } = await ask(driver, { type: 'latencies', to: counter, seconds: program.seconds });
  program.report('machines', 'ask p50', 'us', p50, { n });
  program.report('machines', 'ask p99', 'us', p99, { n });
  await program.rate('machines', 'ask, 256 in flight', 'asks/s', (n) =>
    ask(driver, { type: 'asks', to: counter, n, inFlight: 256 }),
  );
}

async function betweenWorkers() {
  const system = await createSystem({ workers: 2, actors, log: 'warn', dataDir: join(folder, 'workers') });
  const ask = (id, message) => system.ask(id, message, LONG);
  await traffic('between workers', ask, await idOn(system, 'driver', 1), await idOn(system, 'counter', 2));
  await system.shutdown();
}

async function betweenMachines() {
  const system = await createSystem({ workers: 1, actors, log: 'warn', ...optionsOf('two') });
  const other = new Machine({ workers: 1, ...optionsOf('two') });
  await other.started;
  await whenShared(system, 2);
  const ask = (id, message) => system.ask(id, message, LONG);
  const driver = await idAt(system, 'driver', system.self.machine);
  await traffic('between machines', ask, driver, await idAt(system, 'counter', other.id));
  await other.call('shutdown');
  await system.shutdown();
}

/** Three machines: many actors, and what a worker's crash asks of the database. */
async function manyActors(program) {
  const system = await createSystem({ workers: 1, actors, log: 'error', ...optionsOf('three') });
  const others = [1, 2].map(() => new Machine({ workers: 1, ...optionsOf('three') }));
  await Promise.all(others.map(({ started }) => started));
  await whenShared(system, 3);
  const start = performance.now();
  await windowed(LIVE, 1_000, (n) => system.ask(`counter/live-${n}`, { type: 'inc', n: 0 }, LONG));
  const seconds = (performance.now() - start) / 1_000;
  const counts = [(await system.metrics()).actors, ...(await Promise.all(others.map((one) => one.call('actors'))))];
  const live = counts.reduce((sum, n) => sum + n, 0);
  if (live < LIVE) mustBe(LIVE, live, 'live actors');
  program.report('machines', `${LIVE} actors on three machines, begun`, 'actors/s', LIVE / seconds, { counts });
  for (let n = 0; n < LIVE; n += 997) mustBe(1, await system.ask(`counter/live-${n}`, { type: 'take' }, LONG));

  const calm = await statements(() => {});
  const [worker] = system.workers();
  const withCrash = await statements(async () => {
    process.kill(worker.pid, 'SIGKILL');
    while (system.workers().some(({ pid, state }) => pid === worker.pid || state !== 'ready')) await sleep(10);
  });
  const added = [...withCrash.keys()].filter((text) => !calm.has(text));
  const sum = (counts) => [...counts.values()].reduce((total, n) => total + n, 0);
  program.report('machines', 'statements in 6 s, calm', 'statements', sum(calm));
  program.report('machines', 'statements in 6 s, with a crash of a worker', 'statements', sum(withCrash));
  program.report('machines', 'kinds of statements that only a crash of a worker asks', 'kinds', added.length, {
    added,
  });
  await Promise.all(others.map((one) => one.call('shutdown')));
  await system.shutdown();
}

/** By text, all that was asked meanwhile. */
async function statements(act) {
  await server.query('select pg_stat_statements_reset()');
  const until = performance.now() + CALM_MS;
  await act();
  await sleep(until - performance.now());
  const rows = await server.query(
    `select query, calls::int from pg_stat_statements where query not like '%pg_stat_statements%'`,
  );
  return new Map(rows.map(({ query, calls }) => [query, calls]));
}

/** Until an actor of a machine that ends answers from another one. */
async function replaced(program) {
  const cluster = `ends`;
  const system = await createSystem({ workers: 1, actors, log: 'error', ...optionsOf(cluster, { leaseMs: LEASE_MS }) });
  const millis = { leaves: [], 'is killed': [] };
  for (const [how, took] of Object.entries(millis)) {
    for (let n = 0; n < ENDS; n++) {
      const other = new Machine({ workers: 1, ...optionsOf(cluster, { leaseMs: LEASE_MS }) });
      await other.started;
      await whenShared(system, 2);
      const id = await idAt(system, 'counter', other.id);
      await system.ask(id, { type: 'echo', n: 1 }, LONG);
      const start = performance.now();
      if (how === 'leaves') void other.call('shutdown');
      else other.kill();
      for (let replied = false; !replied; ) {
        replied = await system.ask(id, { type: 'echo', n: 1 }, LONG).then(
          async () => (await system.where(id)).machine === system.self.machine,
          () => false,
        );
        if (!replied) await sleep(1);
      }
      took.push(performance.now() - start);
      await sleep(LEASE_MS);
    }
  }
  const middle = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  for (const [how, took] of Object.entries(millis)) {
    const lease = how === 'leaves' ? '' : `, lease ${LEASE_MS} ms`;
    program.report('machines', `a machine ${how}: first reply elsewhere${lease}`, 'ms', middle(took), { all: took });
  }
}

const program = new Program('troupe');
if (program.wants('machines')) {
  await betweenWorkers();
  await betweenMachines();
  await manyActors(program);
  await replaced(program);
}
await server.end();
rmSync(folder, { recursive: true, force: true });
process.exit();
