/** A restore step by step, in this process: until its one rename the store is as it was, and behind it nothing of the old one is left. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Storage } from '../../../src/data-dir/storage.ts';
import { silent } from '../peer/link-fixture.ts';
import { COPY_READER } from './copy-readers.ts';
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
const restore = (replaces = true) =>
  restoreStore({ backup, dataDir, replaces, progress: () => {}, program: COPY_READER });
const look = (place: string) => checkCopy(place, COPY_READER);
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

/** A record with such a text in its state, and a backup of it as a system makes one. */
async function backUp(text: string): Promise<void> {
  rmSync(backup, { recursive: true });
  const store = LmdbStore.open(join(folder, 'source'));
  const put = new Map([['state', Buffer.from(text)]]);
  await store.commit([{ id: 'purse/a', expectedVersion: 0, fence: '1', wakeAt: undefined, put, remove: [] }]);
  await store.backup(join(backup, 'store'));
  await store.close();
}

async function textOf(place: string): Promise<string> {
  const store = LmdbStore.open(join(place, 'store'));
  const state = (await store.load('purse/a'))?.parts.get('state');
  await store.close();
  return Buffer.from(state as Uint8Array).toString();
}

/** One bit of the text, wherever it lies in the file. */
function damage(place: string, text: string): void {
  const bytes = readFileSync(data(place));
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(data(place), bytes);
}

test.each([
  ['beside its head', 'x'.repeat(100)],
  ['on pages of its own', 'y'.repeat(100_000)],
])('one bit that has turned in a state that lies %s is seen, and nothing is restored', async (_where, text) => {
  await backUp(text);
  expect(readdirSync(join(backup, 'store')).sort()).toEqual(['SHA256SUMS', 'data.mdb']);
  await restore();
  expect(await textOf(dataDir)).toBe(text);
  const { ino } = statSync(data(dataDir));
  damage(backup, text);
  const damaged = { code: 'STORE_FAILED', message: expect.stringContaining('data.mdb is damaged: its SHA-256 is') };
  await expect(restore()).rejects.toMatchObject(damaged);
  await expect(look(backup)).rejects.toMatchObject(damaged);
  expect([statSync(data(dataDir)).ino, staged()]).toEqual([ino, []]);
  // Its heads and its index say nothing of it: without the sum the other value would be there.
  rmSync(join(backup, 'store/SHA256SUMS'));
  expect(await restore()).toMatchObject({ sum: undefined, check: { faults: 0 } });
  expect(await textOf(dataDir)).not.toBe(text);
});

test('the sum is one that sha256sum reads, and one that cannot be read is refused', async () => {
  await backUp('money');
  const sum = createHash('sha256')
    .update(readFileSync(data(backup)))
    .digest('hex');
  expect(readFileSync(join(backup, 'store/SHA256SUMS'), 'utf8')).toBe(`${sum}  data.mdb\n`);
  expect(await look(backup)).toMatchObject({ sum, check: { records: 1 } });
  for (const text of ['', `${sum}  other.mdb\n`, sum.slice(1)]) {
    writeFileSync(join(backup, 'store/SHA256SUMS'), text);
    await expect(restore()).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/no line with the sum of data.mdb/),
    });
  }
});

test('what is copied is for its owner alone from its first byte', async () => {
  await backUp('x'.repeat(8 * 1024 * 1024));
  const modes: number[] = [];
  const progress = (): void => {
    for (const name of staged())
      for (const file of readdirSync(join(dataDir, name))) modes.push(statSync(join(dataDir, name, file)).mode & 0o777);
  };
  await restoreStore({ backup, dataDir, replaces: true, progress, program: COPY_READER });
  expect(new Set(modes)).toEqual(new Set([0o600]));
});

test('a copy that broke off has no name that a restore takes', async () => {
  await backUp('money');
  rmSync(join(backup, 'store/SHA256SUMS'));
  renameSync(data(backup), `${data(backup)}.part`);
  await expect(restore()).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
});

test('a backup that a system takes for its dataDir has no sum any more', async () => {
  await backUp('money');
  const storage = await Storage.acquire({ dataDir: backup, name: 'bank', postgres: undefined }, silent);
  await (await storage.openHere()).commit([
    { id: 'purse/b', expectedVersion: 0, fence: '1', wakeAt: undefined, put: new Map(), remove: [] },
  ]);
  await storage.close();
  expect(await look(backup)).toMatchObject({ sum: undefined, check: { records: 2 } });
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
  const held = restore();
  await expect(restore()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  await held;
});

test('a look at a copy leaves nothing in it', async () => {
  expect(await look(backup)).toMatchObject({ check: { faults: 0, records: 0 } });
  expect(readdirSync(join(backup, 'store'))).toEqual(['data.mdb']);
  await expect(look(dataDir.replace('data', 'none'))).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
});
