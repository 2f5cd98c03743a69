/** Paused actors on real processes: workers and masters are killed, actors move, code is loaded anew, and no turn begins. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActorInspection, System } from 'troupe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  childrenOf,
  faultOf,
  idOn,
  idsOnAll,
  kill,
  pidOf,
  sleep,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
} from './harness.ts';
import { Program } from './program.ts';

/** Of a machine that has other things to do, too. */
const PATIENCE_MS = 60_000;

const ACTORS = new URL('./paused-actors/', import.meta.url);
let dataDir: string;
let notesPath: string;
const programs: Program[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-pause-'));
  notesPath = join(dataDir, 'notes');
  writeFileSync(notesPath, '');
  process.env.TROUPE_TEST_NOTES = notesPath;
});
afterEach(async () => {
  await stopSystems();
  for (const { pid, child } of programs.splice(0)) {
    const left = [...childrenOf(pid), ...(child.exitCode === null && child.signalCode === null ? [pid] : [])];
    for (const one of left) process.kill(one, 'SIGKILL');
  }
  rmSync(dataDir, { recursive: true, force: true });
});

const start = (more: object = {}): Promise<System> =>
  startSystem({ actors: ACTORS, workers: 3, dataDir, supervision: TIRELESS, ...more });

const notes = (): string[] => readFileSync(notesPath, 'utf8').split('\n').slice(0, -1);
const numbersOf = (id: string): number[] =>
  notes().flatMap((line) => (line.startsWith(`${id} `) && /\d$/.test(line) ? Number(line.split(' ')[1]) : []));
const upTo = (count: number, from = 1): number[] => Array.from({ length: count }, (_, n) => n + from);

/** From here on nothing may be written, until it is resumed. */
function quietFrom(): () => void {
  const before = notes();
  return () => expect(notes()).toEqual(before);
}

async function sendAll(system: System, ids: readonly string[], from: number, count: number): Promise<void> {
  for (const n of upTo(count, from)) for (const id of ids) system.tell(id, { type: 'do', n });
  await sleep(50);
}

test('through moves, drains, a new worker, a reload and kills no turn begins, and mail is kept in order', {
  timeout: 240_000,
}, async () => {
  const system = await start();
  const ledgers = await idsOnAll(system, 'ledger');
  const noters = await idsOnAll(system, 'noter');
  await sendAll(system, [...ledgers, ...noters], 1, 3);
  await until('all is handled', () => notes().length >= 3 * 6 + 3, PATIENCE_MS);
  await Promise.all(['ledger/*', 'noter/*'].map((pattern) => system.pause(pattern, { reason: 'a test' })));
  const isQuiet = quietFrom();
  await sendAll(system, [...ledgers, ...noters, 'noter/new', 'ledger/new'], 4, 5);
  const [, second] = noters as [string, string, string];
  await system.move(second, 3);
  expect((await system.where(second)).worker).toBe(3);
  expect(await system.inspect(second)).toMatchObject({
    status: 'paused',
    mailbox: { count: 5 },
    pause: { reason: 'a test' },
  });
  await system.addWorker();
  await system.restartWorker(2);
  await system.reload();
  isQuiet();
  await sendAll(system, [...ledgers, ...noters], 9, 2);
  // What is only in memory dies with a worker: nothing volatile lives on the one that is killed.
  for (const id of [...noters, 'noter/new']) await system.move(id, 1);
  for (const worker of [2, 3, 4]) {
    const before = pidOf(system, worker);
    kill(system, worker);
    await until(
      `worker ${worker} is ready again`,
      () => system.workers().some(({ index, state, pid }) => index === worker && state === 'ready' && pid !== before),
      PATIENCE_MS,
    );
  }
  await sleep(500);
  isQuiet();
  expect(await system.resume('ledger/*')).toBe(true);
  expect(await system.resume('noter/*')).toBe(true);
  await until('all is handled', () => [...ledgers, ...noters].every((id) => numbersOf(id).length >= 10), PATIENCE_MS);
  for (const id of [...ledgers, ...noters]) expect(numbersOf(id), id).toEqual(upTo(10));
  await until(
    'those that were not in memory',
    () => numbersOf('ledger/new').length === 5 && numbersOf('noter/new').length === 5,
  );
  for (const id of ['noter/new', 'ledger/new']) expect(numbersOf(id)).toEqual(upTo(5, 4));
  for (const id of ledgers) expect(await system.ask(id, { type: 'seen' })).toEqual(upTo(10));
});

test('through a kill of the master and a new start, with all that durable actors had sent', {
  timeout: 240_000,
}, async () => {
  const options = { workers: 2, actors: ACTORS.href, dataDir, supervision: TIRELESS };
  const first = new Program('serve.mjs', options);
  programs.push(first);
  await first.value('started');
  await first.value('pause', 'ledger/to', { reason: 'the night' });
  await first.value('pause', 'noter/*');
  await first.value('resume', 'noter/*');
  await first.value('ask', 'ledger/from', { type: 'send', to: 'ledger/to', from: 1, count: 20 });
  const isQuiet = quietFrom();
  first.kill('SIGKILL');
  await first.ended;
  const second = new Program('serve.mjs', options);
  programs.push(second);
  await second.value('started');
  await second.value('ask', 'ledger/from', { type: 'send', to: 'ledger/to', from: 21, count: 5 });
  await sleep(600);
  isQuiet();
  const found = (await second.value('inspect', 'ledger/to')) as ActorInspection;
  expect(found).toMatchObject({ status: 'paused', pause: { pattern: 'ledger/to', reason: 'the night' } });
  expect(((await second.value('metrics')) as { pauses: unknown[] }).pauses).toHaveLength(1);
  expect(await second.value('resume', 'ledger/to')).toBe(true);
  await until('all is handled', () => numbersOf('ledger/to').length >= 25, PATIENCE_MS);
  expect(numbersOf('ledger/to')).toEqual(upTo(25));
  expect(await second.value('ask', 'ledger/to', { type: 'seen' })).toEqual(upTo(25));
  second.kill('SIGKILL');
  await second.ended;
  const third = new Program('serve.mjs', options);
  programs.push(third);
  await third.value('started');
  expect(((await third.value('metrics')) as { pauses: unknown[] }).pauses).toEqual([]);
});

test('pauses of a file that cannot be read keep a system from starting: what was paused is not to run', async () => {
  appendFileSync(join(dataDir, 'pauses.json'), '{"half":');
  expect(await faultOf(start())).toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('pauses.json'),
  });
});

test.each([0, 2])('with paused: true and %i workers nothing begins until it is resumed', async (workers) => {
  const system = await start({ paused: true, workers });
  await sendAll(system, ['noter/a', 'ledger/a'], 1, 3);
  const spawned = system.spawn('noter', { key: 'b' });
  await sleep(400);
  expect(notes()).toEqual([]);
  expect(await system.inspect('noter/a')).toMatchObject({ status: 'paused', mailbox: { count: 3 } });
  expect(await system.resume('*')).toBe(true);
  await spawned;
  await until('all is handled', () => numbersOf('noter/a').length + numbersOf('ledger/a').length === 6);
  for (const id of ['noter/a', 'ledger/a']) expect(numbersOf(id)).toEqual(upTo(3));
});

test('an ask of another process times out as not executed, in its time, and stays so', async () => {
  const system = await start();
  const ids = await idsOnAll(system, 'noter');
  await system.pause('noter/*');
  const begunAt = performance.now();
  const faults = await Promise.all(
    ids.map((id) => faultOf(system.ask(id, { type: 'do', n: 1 }, { timeoutMs: 1_000 }))),
  );
  const ms = performance.now() - begunAt;
  expect(faults.map(({ code, fate }) => `${code}/${fate}`)).toEqual(ids.map(() => 'ASK_TIMEOUT/not-executed'));
  expect(ms).toBeGreaterThan(995);
  expect(ms).toBeLessThan(2_000);
  await system.resume('noter/*');
  for (const id of ids) await system.ask(id, { type: 'last' });
  expect(notes().filter((line) => /\d$/.test(line))).toEqual([]);
});

test('a pause waits for a worker whose loop is blocked, and holds from its answer on', async () => {
  const system = await start();
  const [id, other] = [await idOn(system, 'noter', 1, 'a'), await idOn(system, 'noter', 1, 'b')];
  await system.ask(id, { type: 'last' });
  await system.ask(other, { type: 'last' });
  system.tell(id, { type: 'block', ms: 1_200 });
  await sendAll(system, [id, other], 1, 50);
  await until('it is blocked', () => notes().some((line) => line.endsWith(' block')));
  const begunAt = performance.now();
  await system.pause('noter/*');
  expect(performance.now() - begunAt).toBeGreaterThan(500);
  const isQuiet = quietFrom();
  await sendAll(system, [id, other], 51, 50);
  await sleep(500);
  isQuiet();
  await system.resume('noter/*');
  await until('all is handled', () => numbersOf(id).length + numbersOf(other).length === 200);
  for (const one of [id, other]) expect(numbersOf(one)).toEqual(upTo(100));
});

test('a rate is one of the whole system, and a timer that was due waits too', { timeout: 30_000 }, async () => {
  const system = await start();
  const ids = await idsOnAll(system, 'noter');
  for (const id of ids) await system.ask(id, { type: 'last' });
  const dueAt = Date.now() + 1_000;
  await system.ask(ids[0] as string, { type: 'later', ms: 1_000, n: 1 });
  await system.pause('noter/*');
  await sleep(dueAt + 200 - Date.now());
  await sendAll(system, ids, 2, 100);
  expect(numbersOf(ids[0] as string)).toEqual([]);
  await system.resume('noter/*', { perSecond: 60 });
  const begunAt = performance.now();
  await sleep(1_500);
  const seconds = (performance.now() - begunAt) / 1_000;
  const count = ids.reduce((sum, id) => sum + numbersOf(id).length, 0);
  expect(count / seconds).toBeGreaterThan(40);
  expect(count / seconds).toBeLessThan(75);
  await system.resume('noter/*');
  await until('all is handled', () => ids.reduce((sum, id) => sum + numbersOf(id).length, 0) === 301);
  expect(numbersOf(ids[0] as string)).toEqual(upTo(101));
});

test('a shutdown of a paused system ends soon, and says what becomes of its mail', async () => {
  const system = await start();
  const [id] = await idsOnAll(system, 'noter');
  const letters: string[] = [];
  system.on('dead-letter', ({ reason }) => letters.push(reason));
  await system.ask(id as string, { type: 'last' });
  await system.pause('noter/*');
  await sendAll(system, [id as string], 1, 5);
  const asked = faultOf(system.ask(id as string, { type: 'last' }, { timeoutMs: 60_000 }));
  await sleep(100);
  const begunAt = performance.now();
  await system.shutdown();
  expect(performance.now() - begunAt).toBeLessThan(4_000);
  expect(await asked).toMatchObject({ code: 'SHUTTING_DOWN', fate: 'not-executed' });
  expect(letters.filter((reason) => reason === 'SHUTTING_DOWN').length).toBeGreaterThanOrEqual(5);
  expect(numbersOf(id as string)).toEqual([]);
});
