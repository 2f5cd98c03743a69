/** What the log says when a system has started. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystem, defineActor } from 'troupe';
import { afterEach, expect, test } from 'vitest';

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
