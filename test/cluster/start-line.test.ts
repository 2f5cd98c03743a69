/** What the log says when a system has started, and what is left where it does not start. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystem, defineActor } from 'troupe';
import { afterEach, expect, test } from 'vitest';

const TROUPE = new URL('../../dist/index.js', import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), 'start-line-'));

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('one line at info: the name, the workers, and where the data lies, new or found', async () => {
  const lines: string[] = [];
  const info = (_fields: object, text: string): void => void lines.push(text);
  const none = (): void => {};
  const log = { debug: none, info, warn: none, error: none, child: () => log };
  const dataDir = join(folder, 'data');
  const ledger = defineActor({ durable: true, receive: { note: () => {} } });
  const options = { name: 'shop', workers: 0, log, dataDir, actors: { ledger } } as const;
  await (await createSystem(options)).shutdown();
  await (await createSystem(options)).shutdown();
  await (await createSystem({ ...options, actors: { note: defineActor({ receive: { a: () => {} } }) } })).shutdown();
  expect(lines).toEqual([
    `'shop' has started; workers: 0; data in ${dataDir} (new)`,
    `'shop' has started; workers: 0; data in ${dataDir} (found)`,
    `'shop' has started; workers: 0; no durable kinds`,
  ]);
});

test('one line at warn for kinds whose role no worker has, with the nearest', async () => {
  const lines: string[] = [];
  const warn = (_fields: object, text: string): void => void lines.push(text);
  const none = (): void => {};
  const log = { debug: none, info: none, warn, error: none, child: () => log };
  const actors = join(folder, 'roles');
  mkdirSync(actors, { recursive: true });
  const code = (role: string): string =>
    `import { defineActor } from '${TROUPE}'; export default defineActor({ placement: { role: '${role}' }, receive: { hi: () => 'hi' } });`;
  writeFileSync(join(actors, 'clerk.mjs'), code('mial'));
  writeFileSync(join(actors, 'page.mjs'), code('web'));
  const workers = [
    { role: 'web', count: 1 },
    { role: 'mail', count: 1 },
  ];
  await (await createSystem({ log, actors, workers })).shutdown();
  expect(lines).toEqual([
    "no worker has the role of these kinds, whose mail waits until addWorker() brings one: clerk (role 'mial' (did you mean 'mail'?)); the roles are web, mail",
  ]);
});

test('a logger that throws at each line costs its lines alone', async () => {
  const refuse = (): never => {
    throw new Error('this logger writes nothing');
  };
  const log = { debug: refuse, info: refuse, warn: refuse, error: refuse, child: () => log };
  const note = defineActor({ receive: { a: () => 'noted' } });
  const system = await createSystem({ workers: 0, log, actors: { note } });
  // A misspelt type is said in the middle of its delivery.
  expect(() => system.tell('note/1', { type: 'b' })).not.toThrow();
  expect(await system.ask('note/1', { type: 'a' })).toBe('noted');
  await system.shutdown();
});

test('a system whose store cannot be opened leaves no listener behind', async () => {
  const ledger = defineActor({ durable: true, receive: { note: () => {} } });
  const dataDir = join(folder, 'damaged');
  mkdirSync(join(dataDir, 'store'), { recursive: true });
  writeFileSync(join(dataDir, 'store', 'data.mdb'), 'no store at all');
  const heard = (): number => process.listenerCount('unhandledRejection');
  const before = heard();
  const started = createSystem({ workers: 0, log: 'silent', dataDir, actors: { ledger } });
  await expect(started).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(heard()).toBe(before);
});
