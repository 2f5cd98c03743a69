import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openEnvironment } from '../../../src/durability/lmdb-environment.ts';
import { LmdbStore } from '../../../src/durability/lmdb-store.ts';
import type { StoreChange } from '../../../src/durability/store.ts';
import { storeConformance } from './store-conformance.ts';

const folders: string[] = [];
const mounts: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-store-'));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of mounts.splice(0)) spawnSync('umount', [folder]);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

storeConformance('a store in LMDB', async () => {
  const folder = newFolder();
  return { open: async () => LmdbStore.open(folder), remove: async () => {} };
});

function change(id: string, expectedVersion: number, bytes: Uint8Array): StoreChange {
  return { id, expectedVersion, fence: '1', wakeAt: undefined, put: new Map([['state', bytes]]), remove: [] };
}

describe('what is no store', () => {
  it('is refused with STORE_FAILED where the file is of something else', () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'data.mdb'), 'these are the notes of somebody else'.repeat(1_000));
    expect(() => LmdbStore.open(folder)).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
  });

  it('is refused where the environment belongs to another program', async () => {
    const folder = newFolder();
    const foreign = openEnvironment(folder);
    await foreign.transaction(() => {
      foreign.removeSync([9, 'format']);
      foreign.putSync([0, 'theirs'], new Uint8Array([1]));
    });
    await foreign.close();
    expect(() => LmdbStore.open(folder)).toThrow(/another program/);
  });

  it('is refused where its format is newer than this version knows', async () => {
    const folder = newFolder();
    const newer = openEnvironment(folder);
    await newer.transaction(() => {
      newer.putSync([9, 'format'], new TextEncoder().encode('troupe-store 2'));
    });
    await newer.close();
    expect(() => LmdbStore.open(folder)).toThrow(/format 'troupe-store 2'/);
  });

  it('is refused where the file was cut short', async () => {
    const folder = newFolder();
    const store = LmdbStore.open(folder);
    await store.commit([change('bank/a', 0, new Uint8Array(100_000))]);
    await store.close();
    const file = join(folder, 'data.mdb');
    truncateSync(file, 5_000);
    expect(readFileSync(file)).toHaveLength(5_000);
    expect(() => LmdbStore.open(folder)).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
  });
});

/** A file system of a few hundred kilobytes, where the tests may mount one. */
function smallDisk(): string | undefined {
  const folder = newFolder();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder], { stdio: 'ignore' });
  if (status !== 0) return undefined;
  mounts.push(folder);
  return folder;
}

describe('a full disk', () => {
  it('fails the commit with STORE_FAILED, and nothing of it is there', async (context) => {
    const folder = smallDisk();
    if (folder === undefined) return context.skip('mounting a small disk needs rights that this process has not');
    const store = LmdbStore.open(folder);
    await store.commit([change('bank/a', 0, new Uint8Array([1]))]);
    const big = new Uint8Array(1024 * 1024);
    await expect(
      store.commit([change('bank/a', 1, new Uint8Array([2])), change('bank/b', 0, big)]),
    ).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await store.load('bank/a')).toMatchObject({ version: 1, parts: new Map([['state', new Uint8Array([1])]]) });
    expect(await store.load('bank/b')).toBeUndefined();
    await store.commit([change('bank/a', 1, new Uint8Array([3]))]);
    expect(await store.load('bank/a')).toMatchObject({ version: 2 });
    await store.close();
  });
});

describe('a backup', () => {
  it('holds what was committed before it, and opens as a store', async () => {
    const folder = newFolder();
    const store = LmdbStore.open(folder);
    await store.commit([change('bank/a', 0, new Uint8Array([7]))]);
    const copy = join(newFolder(), 'copy');
    await store.backup(copy);
    await store.commit([change('bank/a', 1, new Uint8Array([8]))]);
    const restored = LmdbStore.open(copy);
    expect(await restored.load('bank/a')).toMatchObject({ version: 1 });
    await expect(store.backup(copy)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await Promise.all([store.close(), restored.close()]);
  });
});
