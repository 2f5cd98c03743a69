/** reload() with code that has other kinds, or is no good: on real processes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { System } from 'troupe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collectDeadLetters, faultOf, numbers, startSystem, stopSystems, TIRELESS, until } from './harness.ts';

const XSTATE = import.meta.resolve('xstate');
const TROUPE = new URL('../../dist/index.js', import.meta.url).href;

let folder: string;
let work: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'reload-kinds-'));
  folder = join(work, 'actors');
  mkdirSync(folder);
});

afterEach(async () => {
  await stopSystems();
  rmSync(work, { recursive: true, force: true });
});

function deploy(kind: string, options: string): void {
  writeFileSync(
    join(folder, `${kind}.mjs`),
    `import { defineActor, Refusal } from '${TROUPE}'; export default defineActor({ ${options} });`,
  );
}

const COUNT = 'state: () => ({ n: 0 }), receive: { add: (ctx) => ++ctx.state.n },';
const FRONT = 'receive: { pass: (ctx, m) => ctx.ask(m.to, m.message) },';
const start = (options = {}): Promise<System> =>
  startSystem({ actors: folder, workers: 2, supervision: TIRELESS, dataDir: join(work, 'data'), ...options });
const pidsOf = (system: System): number[] => system.workers().map(({ pid }) => pid);

async function addToEach(system: System, kind: string, count: number): Promise<number[]> {
  const counts: number[] = [];
  for (const n of numbers(count)) counts.push(await system.ask(`${kind}/${n}`, { type: 'add' }));
  return counts;
}

test('main of the new code may use a new kind before it is ready', async () => {
  deploy('front', FRONT);
  const main = join(work, 'main.mjs');
  writeFileSync(main, 'export default () => {};');
  const system = await start({ main });
  deploy('fresh', COUNT);
  writeFileSync(main, `export default (system) => system.ask('fresh/a', { type: 'add' });`);
  await system.reload();
  const message = { to: 'fresh/a', message: { type: 'add' } };
  // One for each worker that ran main: a trial, and the two that came after it.
  expect(await system.ask('front/1', { type: 'pass', ...message })).toBe(4);
  const { id } = await system.spawn('fresh', { key: 'b' });
  expect(await system.ask(id, { type: 'add' })).toBe(1);
}, 180_000);

test('the first durable kind opens the store, and what is kept there outlives the system', async () => {
  deploy('front', FRONT);
  const system = await start();
  deploy('ledger', `durable: true, ${COUNT}`);
  await system.reload();
  expect(await addToEach(system, 'ledger', 4)).toEqual([1, 1, 1, 1]);
  expect(await system.ask('front/1', { type: 'pass', to: 'ledger/0', message: { type: 'add' } })).toBe(2);
  await stopSystems();
  const next = await start();
  expect(await addToEach(next, 'ledger', 4)).toEqual([3, 2, 2, 2]);
}, 180_000);

test.each([
  ['durable', 'becomes durable', `durable: true, ${COUNT}`],
  ['machine', 'becomes a machine', `machine: (await import('${XSTATE}')).fromTransition((state) => state, { n: 0 })`],
  ['placement.role', 'goes to a role that no worker has', `placement: { role: 'mail' }, ${COUNT}`],
])(
  'a change of %s: a kind that %s is refused by name, before any worker is touched',
  async (what, _does, options) => {
    deploy('counter', COUNT);
    const system = await start();
    await addToEach(system, 'counter', 6);
    const before = pidsOf(system);
    deploy('counter', options);
    const fault = await faultOf(system.reload());
    expect(fault).toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringContaining(`counter.${what}`) });
    expect(pidsOf(system)).toEqual(before);
    expect(await addToEach(system, 'counter', 6)).toEqual(numbers(6).map(() => 2));
  },
  180_000,
);

test('a removed kind: its actors end with onStop, who watches is told, mail is a dead letter, an asker is told why', async () => {
  deploy('counter', COUNT);
  deploy('old', `${COUNT} onStop(ctx, reason) { return ctx.ask('counter/end-of-' + ctx.key, { type: 'add' }); },`);
  const system = await start();
  await addToEach(system, 'old', 8);
  await addToEach(system, 'counter', 8);
  const ends: string[] = [];
  for (const n of numbers(8)) system.watch(`old/${n}`, ({ reason }) => ends.push(reason));
  const letters = collectDeadLetters(system);
  rmSync(join(folder, 'old.mjs'));
  await system.reload();
  expect(ends).toEqual(numbers(8).map(() => 'kind-removed'));
  for (const n of numbers(8)) expect(await system.ask(`counter/end-of-${n}`, { type: 'add' })).toBe(2);
  expect(await addToEach(system, 'counter', 8)).toEqual(numbers(8).map(() => 2));
  const fault = await faultOf(system.ask('old/1', { type: 'add' }));
  expect(fault).toMatchObject({ code: 'UNKNOWN_KIND', message: expect.stringContaining('removed by a reload') });
  system.tell('old/2', { type: 'add' });
  await until('the letter is there', () =>
    letters.some(({ to, reason }) => to === 'old/2' && reason === 'UNKNOWN_KIND'),
  );
  deploy('old', COUNT);
  await system.reload();
  expect(await addToEach(system, 'old', 8)).toEqual(numbers(8).map(() => 1));
}, 180_000);

test('an actor that cannot move is named before any worker is touched', async () => {
  deploy('counter', COUNT);
  deploy('stuck', 'state: () => ({}), receive: { hold(ctx) { ctx.state.run = () => 1; } },');
  const system = await start();
  await addToEach(system, 'counter', 6);
  await system.ask('stuck/one', { type: 'hold' });
  const before = pidsOf(system);
  const fault = await faultOf(system.reload());
  expect(fault.message).toContain('stuck/one');
  expect(pidsOf(system)).toEqual(before);
  await system.stop('stuck/one');
  await system.reload();
  expect(await addToEach(system, 'counter', 6)).toEqual(numbers(6).map(() => 2));
}, 180_000);

test('a state beyond messageBytesMax moves in pieces', async () => {
  const fill = `fill(ctx, { bytes }) { ctx.state.text = 'x'.repeat(bytes); ctx.state.map = new Map([[1, ctx.state.text]]); }`;
  deploy(
    'large',
    `state: () => ({}), receive: { ${fill}, length: (ctx) => [ctx.state.text.length, ctx.state.map?.get(1).length] },`,
  );
  const system = await start({ messageBytesMax: 100_000 });
  const ids = numbers(6).map((n) => `large/${n}`);
  for (const id of ids) await system.ask(id, { type: 'fill', bytes: 3_000_000 });
  await system.reload();
  for (const id of ids) expect(await system.ask(id, { type: 'length' })).toEqual([3_000_000, 3_000_000]);
}, 180_000);

test('a worker that was given up comes back with good code', async () => {
  deploy('counter', COUNT);
  const main = join(work, 'main.mjs');
  const broken = `export default (system) => { if (system.self.role === 'mail') setTimeout(() => process.exit(1), 50); };`;
  writeFileSync(main, broken);
  const groups = [
    { role: 'web', count: 1 },
    { role: 'mail', count: 1 },
  ];
  const supervision = { intensity: 1, backoff: { initialMs: 10, maxMs: 10, factor: 1, jitter: 0 } };
  const system = await start({ main, workers: groups, supervision });
  await until('it is given up', () => system.workers().some(({ state }) => state === 'given-up'));
  writeFileSync(main, 'export default () => {};');
  await system.reload();
  expect(system.workers().map(({ index, state }) => [index, state])).toEqual([
    [1, 'ready'],
    [2, 'ready'],
  ]);
}, 180_000);
