/**
 * npm run soak -- --minutes 30 [--workers 3]
 *
 * Mix and churn with crashes, for a long time: a worker is killed now and then, actors come and go and move. It prints the
 * heap and RSS of every process once in ten seconds, and fails where what a process keeps grows from the second fifth of
 * the time to the last one by more than a fifth and 16 MB: after a collection of garbage a steady system is flat.
 */
import { parseArgs } from 'node:util';
import { sleep } from './harness/measure.mjs';
import { seeded } from './harness/random.mjs';
import { linkTroupe } from './harness/rounds.mjs';
import { growthOf } from './harness/growth.mjs';

linkTroupe();
const { onEachWorker, usersSystem } = await import('./harness/users.mjs');
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, workers: { type: 'string', default: '3' } },
});
const minutes = Number(values.minutes);
const until = performance.now() + minutes * 60_000;
const LOOK_MS = Math.min(10_000, minutes * 1_000);
const KILL_MS = Math.max(5_000, minutes * 2_000);

const system = await usersSystem({
  workers: Number(values.workers),
  log: 'silent',
  supervision: { intensity: 10_000, backoff: { initialMs: 20, maxMs: 100 } },
});
const random = seeded(5);
const isOver = () => performance.now() > until;
const totals = { rounds: 0, failed: 0, kills: 0, moves: 0 };

async function traffic(kind, ids) {
  for (let seed = 1; !isOver(); seed++) {
    const { index } = system.workers()[Math.floor(random() * system.workers().length)];
    const source = `source/${index}-${seed % 8}`;
    // A worker that was killed takes what it was doing with it: an error here, and no reason to stop.
    await system.ask(source, { type: 'mix', n: 2_000, ids, kind, seed }, { timeoutMs: 60_000 }).then(
      () => totals.rounds++,
      () => totals.failed++,
    );
  }
}

async function moves() {
  while (!isOver()) {
    const ready = system.workers().filter(({ state }) => state === 'ready');
    const to = ready[Math.floor(random() * ready.length)]?.index;
    if (to !== undefined) {
      await system.move(`brief/${Math.floor(random() * 100)}`, to).then(
        () => totals.moves++,
        () => {},
      );
    }
    await sleep(20);
  }
}

async function kills() {
  while (!isOver()) {
    await sleep(KILL_MS);
    const ready = system.workers().filter(({ state }) => state === 'ready');
    if (ready.length < 2) continue;
    process.kill(ready[Math.floor(random() * ready.length)].pid, 'SIGKILL');
    totals.kills++;
  }
}

/** What each process keeps, by worker; a worker that is not there just now is left out. */
async function look() {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const processes = { master: { heapUsed, rss } };
  for (const id of await onEachWorker(system, 'census').catch(() => [])) {
    const memory = await system.ask(id, { type: 'memory' }, { timeoutMs: 20_000 }).catch(() => undefined);
    const where = await system.where(id).catch(() => undefined);
    if (memory && where) processes[`worker ${where.worker}`] = memory;
  }
  return processes;
}

const looks = [];
const running = [traffic('sink', 2_000), traffic('brief', 20_000), traffic('brief', 200), moves(), kills()];
const begun = performance.now();
while (!isOver()) {
  await sleep(LOOK_MS);
  const processes = await look();
  looks.push(processes);
  const text = Object.entries(processes).map(([name, { heapUsed, rss }]) => `${name} ${mb(heapUsed)}/${mb(rss)}`);
  console.log(
    `${Math.round((performance.now() - begun) / 1_000)} s  heap/RSS MB: ${text.join(' · ')}  ${JSON.stringify(totals)}`,
  );
}
await Promise.allSettled(running);
await system.shutdown();

let hasGrown = false;
for (const name of ['master', ...new Set(looks.flatMap((processes) => Object.keys(processes)))].filter(
  (each, at, all) => all.indexOf(each) === at,
)) {
  for (const what of ['heapUsed', 'rss']) {
    const growth = growthOf(looks.flatMap((processes) => (processes[name] ? [processes[name][what]] : [])));
    if (growth === undefined) continue;
    console.log(`${name} ${what}: ${mb(growth.early)} → ${mb(growth.late)} MB${growth.hasGrown ? '  GREW' : ''}`);
    hasGrown ||= growth.hasGrown;
  }
}
process.exitCode = hasGrown ? 1 : 0;

function mb(bytes) {
  return Math.round(bytes / 1e6);
}
