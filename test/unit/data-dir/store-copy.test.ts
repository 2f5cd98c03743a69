/** A restore step by step, in this process: until its one rename the store is as it was, and behind it nothing of the old one is left. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkCopy, restoreStore } from '../../../src/data-dir/store-copy.ts';
import { JOURNAL_FOLDER } from '../../../src/journal/journal-folder.ts';
import { LmdbStore } from '../../../src/store/lmdb-store.ts';

let folder: string;
let backup: string;
let dataDir: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-copy-'));
  [backup, dataDir] = [join(folder, 'backup'), join(folder, 'data')];
  for (const place of [backup, dataDir]) {
    const store = LmdbStore.open(join(place, 'store'));
    await store.close();
  }
  mkdirSync(join(dataDir, JOURNAL_FOLDER));
  writeFileSync(join(dataDir, JOURNAL_FOLDER, 'a'), 'noted');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const data = (place: string): string => join(place, 'store/data.mdb');
const restore = (replaces = true) => restoreStore({ backup, dataDir, replaces, progress: () => {} });
const staged = (): string[] => readdirSync(dataDir).filter((name) => name.startsWith('store.restoring-'));

test('the store is the backup, for its owner alone; notes on processes that have handled later messages go', async () => {
  mkdirSync(join(dataDir, 'store.restoring-1'));
  writeFileSync(join(dataDir, 'store.restoring-1', 'data.mdb'), 'of one that was killed');
  const before = statSync(data(dataDir)).ino;
  expect(await restore()).toMatchObject({ check: { faults: 0 }, bytes: statSync(data(backup)).size });
  expect(readFileSync(data(dataDir))).toEqual(readFileSync(data(backup)));
  expect(statSync(data(dataDir)).ino).not.toBe(before);
  expect(statSync(data(dataDir)).mode & 0o777).toBe(0o600);
  expect(existsSync(join(dataDir, JOURNAL_FOLDER))).toBe(false);
  expect(staged()).toEqual([]);
});

test.each([
  [
    'breaks off in the copy',
    () => {
      rmSync(data(backup));
      mkdirSync(data(backup));
    },
  ],
  ['finds that the copy is no store', () => truncateSync(data(backup), 5_000)],
])('a restore that %s leaves the store, its notes and nothing else; the next one can begin', async (_how, spoil) => {
  const good = join(folder, 'good');
  copyFileSync(data(backup), good);
  spoil();
  const before = readFileSync(data(dataDir));
  const { ino } = statSync(data(dataDir));
  await expect(restore()).rejects.toThrow();
  expect([statSync(data(dataDir)).ino, readFileSync(data(dataDir))]).toEqual([ino, before]);
  expect(readFileSync(join(dataDir, JOURNAL_FOLDER, 'a'), 'utf8')).toBe('noted');
  expect(staged()).toEqual([]);
  rmSync(data(backup), { recursive: true });
  copyFileSync(good, data(backup));
  await restore();
});

test('a store that is there stays where nothing was said of it', async () => {
  const { ino } = statSync(data(dataDir));
  await expect(restore(false)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringContaining('there is a store'),
  });
  expect(statSync(data(dataDir)).ino).toBe(ino);
  rmSync(join(dataDir, 'store'), { recursive: true });
  await restore(false);
  expect(existsSync(data(dataDir))).toBe(true);
});

test('a dataDir that a system has is not touched', async () => {
  const held = restoreStore({ backup, dataDir, replaces: true, progress: () => {} });
  await expect(restore()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  await held;
});

test('a look at a copy leaves nothing in it', async () => {
  expect(await checkCopy(backup)).toMatchObject({ check: { faults: 0, records: 0 } });
  expect(readdirSync(join(backup, 'store'))).toEqual(['data.mdb']);
  await expect(checkCopy(dataDir.replace('data', 'none'))).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
});
