/** Actors that are removed, on real processes and a real disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystem, defineActor } from 'troupe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSystem, stopSystems, TIRELESS, until } from './harness.ts';

const ACTORS = new URL('./durable-actors/', import.meta.url);
const MAIN = new URL('./programs/removing-main.mjs', import.meta.url);

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-removing-'));
});
afterEach(async () => {
  await stopSystems();
  rmSync(dataDir, { recursive: true, force: true });
});

test('from the master and from a worker, passivated or awake, and for good: the next start knows nothing of it', {
  timeout: 60_000,
}, async () => {
  const options = { actors: ACTORS, main: MAIN, workers: 2, dataDir, supervision: TIRELESS };
  const first = await startSystem(options);
  for (const key of ['a', 'b', 'c', 'd']) {
    await first.ask(`account/${key}`, { type: 'transfer', to: 'account/z', amount: 1, from: 'test', n: 1 });
    await first.ask(`account/${key}`, { type: 'remind', name: 'r', when: { atMs: Date.now() + 1_500 } });
  }
  await first.remove('account/a');
  const cleaned: string[][] = [];
  await first.subscribe('cleaned', (message) => void cleaned.push((message as { ids: string[] }).ids));
  first.publish('clean', { type: 'clean', id: 'account/b', at: 2 } as never);
  await until('the worker has removed it', () => cleaned.length === 1);
  expect(cleaned[0]).toEqual(['account/c', 'account/d', 'account/z']);
  await first.shutdown();

  const second = await startSystem(options);
  await second.remove('account/c');
  expect(await second.ids('account')).toEqual(['account/d', 'account/z']);
  await until('its reminder', async () => (await second.ask('account/d', { type: 'get' })).fired.length === 1);
  expect(await second.ids('account', { limit: 1 })).toEqual(['account/d']);
  expect((await second.ask('account/b', { type: 'get' })).fired).toEqual([]);
});

test('with everything in one process', { timeout: 30_000 }, async () => {
  const page = defineActor({
    durable: true,
    state: () => ({ n: 0 }),
    receive: {
      turn: (ctx) => ++ctx.state.n,
      burn: (ctx) => ctx.remove(),
    },
  });
  const options = { actors: { page }, workers: 0, dataDir, log: 'silent' } as const;
  const first = await createSystem(options);
  for (const key of ['a', 'b', 'c']) await first.ask(`page/${key}`, { type: 'turn' });
  await first.remove('page/a');
  await first.ask('page/b', { type: 'burn' });
  await until('it is gone', async () => (await first.ids('page')).length === 1);
  expect(await first.ask('page/a', { type: 'turn' })).toBe(1);
  await first.remove('page/a');
  await first.shutdown();
  await expect(first.remove('page/c')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  const second = await createSystem(options);
  expect(await second.ids('page')).toEqual(['page/c']);
  await second.shutdown();
});
