import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, chmodSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type DataCheck, FAULTS_TOLD_MAX } from '../../../src/store/data-check.ts';
import { openEnvironment } from '../../../src/store/lmdb-environment.ts';
import { LmdbStore } from '../../../src/store/lmdb-store.ts';
import type { StoreChange } from '../../../src/store/store.ts';
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
      newer.putSync([9, 'format'], new TextEncoder().encode('troupe-store 4'));
    });
    await newer.close();
    expect(() => LmdbStore.open(folder)).toThrow(/format 'troupe-store 4'/);
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

describe('the file of a store', () => {
  it('that lost its last pages, which were free, is opened, and says how many', async () => {
    const folder = newFolder();
    const store = LmdbStore.open(folder);
    await store.commit([change('bank/a', 0, new Uint8Array(400_000))]);
    await store.commit([{ ...change('bank/a', 1, new Uint8Array(1)), isGone: true }]);
    await store.commit([change('bank/b', 0, new Uint8Array(1))]);
    await store.close();
    const file = join(folder, 'data.mdb');
    truncateSync(file, statSync(file).size - 3 * 4_096 - 100);
    const missing: number[] = [];
    const again = LmdbStore.open(folder, (pages) => missing.push(pages));
    expect(missing).toEqual([4]);
    expect(await again.load('bank/b')).toMatchObject({ version: 1 });
    await again.close();
  });

  it('is closed to others as it is opened, where they could read it before', async () => {
    const folder = newFolder();
    await LmdbStore.open(folder).close();
    const files = ['data.mdb', 'data.mdb-lock'].map((name) => join(folder, name));
    for (const file of files) chmodSync(file, 0o644);
    const store = LmdbStore.open(folder);
    for (const file of files) expect([file, statSync(file).mode & 0o077]).toEqual([file, 0]);
    await store.close();
  });

  it('may be read by its owner alone, and so may a backup', async () => {
    const folder = newFolder();
    const before = process.umask(0o022);
    try {
      const store = LmdbStore.open(join(folder, 'store'));
      await store.commit([change('bank/a', 0, new Uint8Array(1))]);
      await store.backup(join(folder, 'backup'));
      await store.close();
    } finally {
      process.umask(before);
    }
    for (const name of ['store', 'store/data.mdb', 'store/data.mdb-lock', 'backup', 'backup/data.mdb'])
      expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0]);
  });
});

describe('a check of the data', () => {
  async function checked(spoil: (environment: ReturnType<typeof openEnvironment>) => void): Promise<DataCheck> {
    const folder = newFolder();
    const store = LmdbStore.open(folder);
    for (let n = 0; n < 600; n++)
      await store.commit([{ ...change(`bank/${n}`, 0, new Uint8Array(1)), wakeAt: n % 2 ? n : undefined }], {
        sync: false,
      });
    await store.close();
    const environment = openEnvironment(folder);
    environment.transactionSync(() => spoil(environment));
    await environment.close();
    const again = LmdbStore.open(folder);
    const check = await again.check();
    await again.close();
    return check;
  }

  it('counts what is there', async () => {
    expect(await checked(() => {})).toEqual({ records: 600, wakes: 300, faults: 0, told: [] });
  });

  it('finds a head that cannot be read, an index that knows too little, and one that knows too much', async () => {
    const { faults, told } = await checked((environment) => {
      environment.putSync([0, 'bank/4'], new Uint8Array([1, 0, 1]));
      environment.removeSync([2, 9, 'bank/9']);
      environment.putSync([2, 7, 'bank/6'], new Uint8Array(0));
      environment.putSync([2, 7, 'bank/nobody'], new Uint8Array(0));
    });
    expect(faults).toBe(4);
    expect(told.join('; ')).toMatch(/bank\/4 cannot be read.*bank\/9 is to be woken at 9.*bank\/6 at 7.*bank\/nobody/);
  });

  it('tells so many faults in words, and the number of all', async () => {
    const { faults, told } = await checked((environment) => {
      for (let n = 0; n < 100; n++) environment.putSync([0, `bank/${n}`], new Uint8Array([1]));
    });
    expect(faults).toBeGreaterThanOrEqual(100);
    expect(told).toHaveLength(FAULTS_TOLD_MAX);
  });
});

describe('a store of the first format', () => {
  it('is read, changed and kept, its parts under keys of their own', async () => {
    const folder = newFolder();
    const first = openEnvironment(folder);
    await first.transaction(() => {
      first.putSync([9, 'format'], Buffer.from('troupe-store 1'));
      first.putSync([0, 'bank/a'], Buffer.from(JSON.stringify([3, 70, 'f'])));
      first.putSync([1, 'bank/a', 'state'], new Uint8Array([1]));
      first.putSync([1, 'bank/a', 'meta'], new Uint8Array([2]));
      first.putSync([2, 70, 'bank/a'], new Uint8Array(0));
    });
    await first.close();
    const store = LmdbStore.open(folder);
    const before = { version: 3, fence: 'f', wakeAt: 70 };
    const meta = new Uint8Array([2]);
    expect(await store.load('bank/a')).toEqual({
      ...before,
      parts: new Map([
        ['meta', meta],
        ['state', new Uint8Array([1])],
      ]),
    });
    const next = { id: 'bank/a', expectedVersion: 3, fence: 'f', wakeAt: undefined };
    await store.commit([{ ...next, put: new Map([['state', new Uint8Array([9])]]), remove: [] }]);
    await store.commit([{ ...next, expectedVersion: 4, put: new Map([['new', meta]]), remove: ['state'] }]);
    expect((await store.load('bank/a'))?.parts).toEqual(
      new Map([
        ['meta', meta],
        ['new', meta],
      ]),
    );
    await store.close();
    const again = openEnvironment(folder);
    expect(Buffer.from(again.get([9, 'format']) as Uint8Array).toString()).toBe('troupe-store 3');
    await again.close();
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
  it('fails the commit with STORE_FAILED and the reason, and nothing of it is there', async (context) => {
    const folder = smallDisk();
    if (folder === undefined) return context.skip('mounting a small disk needs rights that this process has not');
    const store = LmdbStore.open(folder);
    await store.commit([change('bank/a', 0, new Uint8Array([1]))]);
    const big = new Uint8Array(1024 * 1024);
    await expect(
      store.commit([change('bank/a', 1, new Uint8Array([2])), change('bank/b', 0, big)]),
    ).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/^the commit failed: (No space left on device|Input\/output error)/),
    });
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
