/** The file with the pauses: whole or not there, its user's alone, and never half believed. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PAUSES_BYTES_MAX, PAUSES_FILE, PausesFile } from '../../../src/data-dir/pauses-file.ts';
import { PAUSE_REASON_MAX, PAUSES_MAX } from '../../../src/vocabulary/pause.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pauses-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mailing = { pattern: 'mail/*', reason: 'the server is away', since: 5, perSecond: 2 };
const path = (): string => join(folder, PAUSES_FILE);

test('what is written is read, by its user alone, and nothing is left beside it', async () => {
  const file = new PausesFile(folder);
  expect(await file.read()).toEqual([]);
  await file.write([mailing, { ...mailing, pattern: 'bank/a', perSecond: undefined }]);
  await file.write([mailing]);
  expect(await new PausesFile(folder).read()).toEqual([mailing]);
  expect(readdirSync(folder)).toEqual([PAUSES_FILE]);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
});

test.each([
  ['no JSON', '['],
  ['no list', '{}'],
  ['more than there may be', JSON.stringify(Array(PAUSES_MAX + 1).fill(mailing))],
  ['a pattern that is none', JSON.stringify([{ ...mailing, pattern: 'Mail' }])],
  ['a reason that is too long', JSON.stringify([{ ...mailing, reason: 'x'.repeat(PAUSE_REASON_MAX + 1) }])],
  ['a rate of nothing', JSON.stringify([{ ...mailing, perSecond: 0 }])],
  ['no time', JSON.stringify([{ ...mailing, since: undefined }])],
  [`more than ${PAUSES_BYTES_MAX} bytes`, `${JSON.stringify([mailing])}${' '.repeat(PAUSES_BYTES_MAX)}`],
])('a file with %s is STORE_FAILED: what was paused is not to run', async (_, text) => {
  writeFileSync(path(), text);
  const failed = { code: 'STORE_FAILED', message: expect.stringContaining(`${path()} cannot be understood`) };
  await expect(new PausesFile(folder).read()).rejects.toMatchObject(failed);
});

test('one that cannot be written is STORE_FAILED', async () => {
  rmSync(folder, { recursive: true });
  const failed = { code: 'STORE_FAILED', message: expect.stringContaining('cannot be written') };
  await expect(new PausesFile(folder).write([mailing])).rejects.toMatchObject(failed);
});
