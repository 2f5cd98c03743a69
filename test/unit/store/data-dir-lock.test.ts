import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirLock, SILENT_MS_MAX } from '../../../src/store/data-dir-lock.ts';
import { openEnvironment } from '../../../src/store/lmdb-environment.ts';
import { markOf, type ProcessMark } from '../../../src/store/process-identity.ts';

let dataDir: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

async function sleeper(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  return child;
}

/** As a process that was killed leaves it behind. */
async function leaveBehind(owner: ProcessMark, workers: ProcessMark[], seenAt = 5): Promise<void> {
  const environment = openEnvironment(join(dataDir, 'lock'));
  const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  await environment.transaction(() => {
    environment.putSync([0, 'owner'], bytes({ ...owner, system: 'bank', since: 5, seenAt }));
    for (const worker of workers) environment.putSync([1, worker.pid], bytes(worker));
  });
  await environment.close();
}

describe('the lock of a dataDir', () => {
  it('is held by one system, and tells the second who that is', async () => {
    const lock = await DataDirLock.acquire(dataDir, 'bank', 1_000);
    const second = DataDirLock.acquire(dataDir, 'shop', 2_000);
    await expect(second).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await expect(second).rejects.toThrow(new RegExp(`'bank', process ${process.pid} on .*1970-01-01T00:00:01`));
    await lock.release();
    await (await DataDirLock.acquire(dataDir, 'shop', 2_000)).release();
  });

  it('is refused while the process that holds it runs, and taken over once it is dead', async () => {
    const owner = await sleeper();
    await leaveBehind(markOf(owner.pid as number), []);
    await expect(DataDirLock.acquire(dataDir, 'bank', 1)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await (await DataDirLock.acquire(dataDir, 'bank', 1)).release();
  });

  it('is taken over from a process whose number another one has now', async () => {
    const other = await sleeper();
    await leaveBehind({ ...markOf(other.pid as number), began: '1' }, []);
    await (await DataDirLock.acquire(dataDir, 'bank', 1)).release();
    expect(other.exitCode).toBeNull();
    expect(other.signalCode).toBeNull();
  });

  it('of another host is believed for as long as it gives signs of life', async () => {
    const elsewhere = { ...markOf(process.pid), host: 'another-host' };
    await leaveBehind(elsewhere, [{ ...elsewhere, pid: 2 }], 1_000_000);
    const soon = DataDirLock.acquire(dataDir, 'bank', 1_000_000 + SILENT_MS_MAX - 1);
    await expect(soon).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    const lock = await DataDirLock.acquire(dataDir, 'bank', 1_000_000 + SILENT_MS_MAX);
    lock.sign(2_000_000);
    await expect(DataDirLock.acquire(dataDir, 'shop', 3_000_000)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await lock.release();
  });

  it('ends the workers that outlived their master, stopped ones too, and nobody else', async () => {
    const [worker, stranger] = [await sleeper(), await sleeper()];
    worker.kill('SIGSTOP');
    const dead = { ...markOf(process.pid), pid: 2 ** 22 + 1 };
    await leaveBehind(dead, [markOf(worker.pid as number), { ...markOf(stranger.pid as number), began: '1' }]);
    const ended = once(worker, 'exit');
    const lock = await DataDirLock.acquire(dataDir, 'bank', 1);
    expect((await ended)[1]).toBe('SIGKILL');
    expect(stranger.signalCode).toBeNull();
    await lock.release();
  });

  it('counts starts upwards, also where the clock was put back', async () => {
    const first = await DataDirLock.acquire(dataDir, 'bank', 1_000);
    expect(first.startedAt).toBe(1_000);
    await first.release();
    const second = await DataDirLock.acquire(dataDir, 'bank', 400);
    expect(second.startedAt).toBe(1_001);
    await second.release();
  });
});
