/**
 * reload() under load: every worker is replaced, the code with it. HTTP on a shared port, asks and streams go on all the
 * time; what fails, is lost, doubled, swapped or refused is counted.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { System } from 'troupe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeDiaries, sleep, startSystem, stopSystems, TIRELESS, until } from './harness.ts';
import { Program } from './program.ts';
import { WebClients, type WebCount } from './web-clients.ts';
import { freePort } from '../free-port.ts';

const TROUPE = new URL('../../dist/index.js', import.meta.url).href;
const MAIN = new URL('./programs/reload-main.mjs', import.meta.url);
/** Says on each of its connections that it closes. */
const CLOSING_MAIN = new URL('./programs/closing-main.mjs', import.meta.url);

let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reload-'));
  write(1);
  process.env.TEST_PORT = String(await freePort());
});

afterEach(async () => {
  await stopSystems();
  removeDiaries();
  rmSync(folder, { recursive: true, force: true });
});

/** The behaviour's next version: the actors' state outlives it. */
function write(version: number): void {
  const text = `import { defineActor } from '${TROUPE}';
    export default defineActor({
      state: () => ({ count: 0 }),
      receive: {
        visit: (ctx) => ({ version: ${version}, count: ++ctx.state.count }),
        version: () => ${version},
      },
    });`;
  writeFileSync(join(folder, 'versioned.mjs'), text);
}

function start(): Promise<System> {
  return startSystem({ actors: folder, workers: 4, main: MAIN, supervision: TIRELESS });
}

/** Each actor has counted each of its visits once: its state went along, and no request was handled twice. */
function expectNothingAmiss({ faults, counts, answers }: WebCount): void {
  expect(faults).toEqual({});
  expect(answers).toBeGreaterThan(200);
  for (const [key, seen] of counts) expect(seen, key).toEqual(seen.map((_, n) => n + 1));
}

test('HTTP on the shared port: no connection refused, no answer missing, and the new code answers', async () => {
  const system = await start();
  const before = system.workers().map(({ pid }) => pid);
  const clients = new WebClients(Number(process.env.TEST_PORT));
  clients.start(4, false);
  clients.start(4, true);
  await sleep(300);
  write(2);
  await system.reload();
  await sleep(300);
  const count = await clients.stop();
  console.log(
    `${count.answers} answers of ${count.pids.size} processes, by version ${JSON.stringify(count.versions)}, ` +
      `${count.sentAgain} sent again, faults ${JSON.stringify(count.faults)}`,
  );
  expectNothingAmiss(count);
  expect(count.sentAgain).toBe(0);
  expect(count.versions[1]).toBeGreaterThan(0);
  expect(count.versions[2]).toBeGreaterThan(0);
  const after = system.workers();
  expect(after.map(({ index, state }) => [index, state])).toEqual([1, 2, 3, 4].map((index) => [index, 'ready']));
  expect(after.filter(({ pid }) => before.includes(pid))).toEqual([]);
  for (let n = 0; n < 20; n++) expect(await system.ask(`versioned/fresh-${n}`, { type: 'version' })).toBe(2);
}, 180_000);

test('SIGHUP does the same', async () => {
  const program = new Program('serve.mjs', { actors: folder, workers: 2, main: MAIN.href });
  try {
    const before = (await program.value('started')) as number[];
    const clients = new WebClients(Number(process.env.TEST_PORT));
    clients.start(3, false);
    clients.start(3, true);
    await sleep(200);
    write(2);
    program.kill('SIGHUP');
    await until(
      'all workers are new',
      async () => {
        const pids = (await program.value('started')) as number[];
        return pids.length === 2 && pids.every((pid) => pid > 0 && !before.includes(pid));
      },
      40_000,
    );
    await sleep(200);
    const count = await clients.stop();
    expectNothingAmiss(count);
    expect(count.versions[2]).toBeGreaterThan(0);
  } finally {
    program.kill('SIGTERM');
    expect(await program.ended).toBe(0);
  }
}, 180_000);

/** A connection that is asked `before` times, then waits until its server says that it closes, and is asked once more. */
function lastAnswer(before: number): Promise<string> {
  const socket = connect(Number(process.env.TEST_PORT), '127.0.0.1').setEncoding('utf8');
  let asked = 0;
  let text = '';
  const ask = (): void => {
    asked++;
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  };
  for (let n = 0; n < before; n++) ask();
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      text += chunk;
      if (!text.endsWith('CLOSING') || asked > before) return;
      text = '';
      ask();
    });
    socket.on('error', (error) => resolve(`${(error as NodeJS.ErrnoException).code}`));
    socket.on('close', () => resolve(text));
  });
}

test('a connection that is opened, or waits, as its server closes is answered once more, by the same process', async () => {
  const system = await startSystem({ actors: folder, workers: 2, main: CLOSING_MAIN });
  const answers = Promise.all([0, 1, 0, 1, 0, 1, 0, 1].map(lastAnswer));
  await sleep(200);
  await system.reload();
  for (const answer of await answers) expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n/s);
}, 60_000);

test('with code that does not load: it says so, nothing stops, and the next one goes through', async () => {
  const system = await start();
  const clients = new WebClients(Number(process.env.TEST_PORT));
  clients.start(2, false);
  clients.start(2, true);
  writeFileSync(join(folder, 'versioned.mjs'), `throw new Error('half written');`);
  await expect(system.reload()).rejects.toMatchObject({ message: expect.stringContaining('half written') });
  expect(await system.ask('versioned/still', { type: 'version' })).toBe(1);
  write(3);
  await system.reload();
  const count = await clients.stop();
  expectNothingAmiss(count);
  expect(await system.ask('versioned/still', { type: 'version' })).toBe(3);
}, 180_000);

test('a main that waits for an answer for ever holds up the end of its worker for 3 s, not longer', async () => {
  writeFileSync(
    join(folder, 'holder.mjs'),
    `import { defineActor } from '${TROUPE}';
     export default defineActor({ receive: { hold: () => new Promise(() => {}) } });`,
  );
  const beside = mkdtempSync(join(tmpdir(), 'reload-main-'));
  const main = join(beside, 'main.mjs');
  writeFileSync(
    main,
    `export default (system) => {
       void system.ask('holder/x', { type: 'hold' }, { timeoutMs: 600_000 }).catch(() => {});
     };`,
  );
  const system = await startSystem({ actors: folder, workers: 2, main: pathToFileURL(main), shutdownMs: 500 });
  await until('the actor is asked', async () => (await system.where('holder/x')).active);
  const { worker } = await system.where('holder/x');
  const startedAt = performance.now();
  await system.restartWorker(3 - worker);
  const tookMs = performance.now() - startedAt;
  expect(tookMs).toBeGreaterThan(3_000);
  // And the start of the next worker, which takes its time on a busy machine.
  expect(tookMs).toBeLessThan(20_000);
  rmSync(beside, { recursive: true, force: true });
});
