/** The bookkeeping of a dataDir: a disk that takes nothing for a while ends no process by it. */
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DataDirLock, SIGN_MS } from '../../../src/data-dir/data-dir-lock.ts';
import { Storage } from '../../../src/data-dir/storage.ts';
import { KeptLog } from '../actor/kernel-fixture.ts';

let dataDir = '';
let log = new KeptLog();
let storage: Storage;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  dataDir = mkdtempSync(join(tmpdir(), 'storage-'));
  log = new KeptLog();
  storage = await Storage.acquire({ dataDir, name: 'test', postgres: undefined }, log);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await storage.close();
  vi.useRealTimers();
  rmSync(dataDir, { recursive: true, force: true });
});

const owner = (): string => join(dataDir, 'lock', 'owner-000000000001');
const said = (): string[] => log.lines.map(({ level, text }) => `${level}: ${text}`);

test('a sign of life that cannot be written is logged, and given with the next one', () => {
  const sign = vi.spyOn(DataDirLock.prototype, 'sign').mockImplementation(() => {
    throw Object.assign(new Error('EIO: i/o error, utime'), { code: 'EIO' });
  });
  const before = statSync(owner()).mtimeMs;
  vi.advanceTimersByTime(SIGN_MS * 2);
  expect(said()).toEqual(Array(2).fill('error: no sign of life could be given in the dataDir'));
  sign.mockRestore();
  vi.advanceTimersByTime(SIGN_MS);
  expect(said()).toHaveLength(2);
  expect(statSync(owner()).mtimeMs).toBeGreaterThan(before);
});

test('a worker that cannot be noted, or taken off, is logged, and noted with the next sign of life', () => {
  const note = join(dataDir, 'lock', 'worker-4711');
  mkdirSync(join(note, 'stands-in-the-way'), { recursive: true });
  storage.addWorker(4711);
  expect(said()).toEqual(['error: a worker could not be noted in the dataDir']);
  rmdirSync(join(note, 'stands-in-the-way'));
  rmdirSync(note);
  vi.advanceTimersByTime(SIGN_MS);
  expect([statSync(note).isFile(), said().length]).toEqual([true, 1]);
  storage.removeWorker(4711);
  expect(existsSync(note)).toBe(false);
});
