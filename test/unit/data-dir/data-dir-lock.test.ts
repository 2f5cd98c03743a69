import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataDirLock, OUTLIVED_MS_MAX, type Owner, SILENT_MS_MAX } from '../../../src/data-dir/data-dir-lock.ts';
import { markOf, type ProcessMark } from '../../../src/data-dir/process-mark.ts';
import { until } from '../wire/event-loop-clock.ts';

let dataDir: string;
const children: ChildProcess[] = [];
const servers: Server[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-lock-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function sleeper(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  return child;
}

/** As a process that was killed leaves it behind. */
function leaveBehind(mark: ProcessMark, more: Partial<Owner> = {}, workers: ProcessMark[] = [], seenAt = 5): void {
  const folder = join(dataDir, 'lock');
  mkdirSync(folder, { recursive: true });
  const owner: Owner = { ...mark, system: 'bank', since: 5, startedAt: 5, socket: undefined, ...more };
  const path = join(folder, 'owner-000000000003');
  writeFileSync(path, JSON.stringify(owner));
  utimesSync(path, seenAt / 1_000, seenAt / 1_000);
  for (const worker of workers) writeFileSync(join(folder, `worker-${worker.pid}`), JSON.stringify(worker));
}

function listenAt(name: string): Promise<void> {
  mkdirSync(join(dataDir, 'lock'), { recursive: true });
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  return new Promise((resolve) => server.listen(join(dataDir, 'lock', name), resolve));
}

const LOCKED = { code: 'STORE_LOCKED' };

describe('the lock of a dataDir', () => {
  it('is held by one system, and tells the second who that is', async () => {
    const lock = await DataDirLock.acquire(dataDir, 'bank', 1_000);
    const second = DataDirLock.acquire(dataDir, 'shop', 2_000);
    await expect(second).rejects.toMatchObject(LOCKED);
    await expect(second).rejects.toThrow(new RegExp(`'bank', process ${process.pid} on .*1970-01-01T00:00:01`));
    lock.release();
    (await DataDirLock.acquire(dataDir, 'shop', 2_000)).release();
  });

  it('goes to one of many that start at once', async () => {
    leaveBehind({ ...markOf(process.pid), pid: 2 ** 22 + 1 });
    const tries = Array.from({ length: 20 }, (_, n) => DataDirLock.acquire(dataDir, `s${n}`, 1_000));
    const taken = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled');
    expect(taken).toHaveLength(1);
    (taken[0] as PromiseFulfilledResult<DataDirLock>).value.release();
  });

  it('of a folder whose path is longer than a socket may have is held all the same', async () => {
    const long = join(dataDir, 'x'.repeat(150));
    const lock = await DataDirLock.acquire(long, 'bank', 1_000);
    await expect(DataDirLock.acquire(long, 'shop', 2_000)).rejects.toMatchObject(LOCKED);
    lock.release();
    (await DataDirLock.acquire(long, 'shop', 2_000)).release();
  });

  it('is refused while somebody listens for it, whatever its process number means here', async () => {
    await listenAt('a.sock');
    const dead = { ...markOf(process.pid), pid: 2 ** 22 + 1 };
    leaveBehind({ ...dead, namespace: 'pid:[1]' }, { socket: 'a.sock' });
    await expect(DataDirLock.acquire(dataDir, 'bank', 1e12)).rejects.toMatchObject(LOCKED);
  });

  it('is taken over once nobody listens for it, though another process has its number', async () => {
    const other = await sleeper();
    await listenAt('a.sock');
    const path = join(dataDir, 'lock', 'a.sock');
    // As a killed process leaves its socket behind: the file is there, and nobody behind it.
    renameSync(path, `${path}.kept`);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    renameSync(`${path}.kept`, path);
    leaveBehind(markOf(other.pid as number), { socket: 'a.sock' });
    (await DataDirLock.acquire(dataDir, 'bank', 1)).release();
  });

  it('without a socket is refused while the process that holds it runs, and taken over once it is dead', async () => {
    const owner = await sleeper();
    leaveBehind(markOf(owner.pid as number));
    await expect(DataDirLock.acquire(dataDir, 'bank', 1)).rejects.toMatchObject(LOCKED);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    (await DataDirLock.acquire(dataDir, 'bank', 1)).release();
  });

  it('without a socket is taken over from a process whose number another one has now', async () => {
    const other = await sleeper();
    leaveBehind({ ...markOf(other.pid as number), began: '1' });
    (await DataDirLock.acquire(dataDir, 'bank', 1)).release();
    expect(other.exitCode).toBeNull();
    expect(other.signalCode).toBeNull();
  });

  it.each([
    ['another machine', { host: 'another-host', boot: 'another-boot' }],
    ['another machine of the same name', { boot: 'another-boot' }],
    ['a container that has no sockets here', { namespace: 'pid:[1]' }],
  ])('of %s is believed for as long as it gives signs of life', async (_, where) => {
    leaveBehind({ ...markOf(process.pid), ...where }, {}, [{ ...markOf(2), ...where }], 1_000_000);
    const soon = DataDirLock.acquire(dataDir, 'bank', 1_000_000 + SILENT_MS_MAX - 1);
    await expect(soon).rejects.toMatchObject(LOCKED);
    const lock = await DataDirLock.acquire(dataDir, 'bank', 1_000_000 + SILENT_MS_MAX);
    await expect(DataDirLock.acquire(dataDir, 'shop', 3_000_000)).rejects.toMatchObject(LOCKED);
    lock.release();
  });

  it('gives signs of life, and tells when it was removed, or taken by another system', async () => {
    const lock = await DataDirLock.acquire(dataDir, 'bank', 1_000);
    expect(lock.sign(7_000_000)).toBeUndefined();
    const [file] = readdirSync(join(dataDir, 'lock')).filter((name) => name.startsWith('owner-'));
    expect(statSync(join(dataDir, 'lock', file as string)).mtimeMs).toBe(7_000_000);
    leaveBehind(markOf(process.pid));
    expect(lock.sign(8_000_000)).toMatch(/written by another system/);
    rmSync(join(dataDir, 'lock'), { recursive: true });
    expect(lock.sign(8_000_000)).toMatch(/removed or replaced/);
    lock.release();
  });

  it('of a file that was never written is taken over after a moment', async () => {
    mkdirSync(join(dataDir, 'lock'));
    writeFileSync(join(dataDir, 'lock', 'owner-000000000001'), '');
    (await DataDirLock.acquire(dataDir, 'bank', 1)).release();
  });

  it('ends the workers that outlived their master, stopped ones too, and nobody else', async () => {
    const [worker, stranger] = [await sleeper(), await sleeper()];
    worker.kill('SIGSTOP');
    const dead = { ...markOf(process.pid), pid: 2 ** 22 + 1 };
    leaveBehind(dead, {}, [markOf(worker.pid as number), { ...markOf(stranger.pid as number), began: '1' }]);
    const ended = once(worker, 'exit');
    const lock = await DataDirLock.acquire(dataDir, 'bank', 1);
    expect((await ended)[1]).toBe('SIGKILL');
    expect(stranger.signalCode).toBeNull();
    lock.release();
  });

  it(`waits ${OUTLIVED_MS_MAX} ms for such a worker to be gone, and then begins nothing beside it`, async () => {
    const worker = await sleeper();
    const dead = { ...markOf(process.pid), pid: 2 ** 22 + 1 };
    leaveBehind(dead, {}, [markOf(worker.pid as number)]);
    // As one that hangs in the kernel, on a disk that is gone: it is there, whatever it is sent.
    const kill = process.kill.bind(process);
    const kills = vi.spyOn(process, 'kill').mockImplementation((pid, signal) => signal !== 0 || kill(pid, 0));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000 });
    let fault: unknown;
    const acquired = DataDirLock.acquire(dataDir, 'bank', 1_000).catch((error: unknown) => (fault = error));
    await until(() => kills.mock.calls.some(([, signal]) => signal === 'SIGKILL'), 'the kill of that worker');
    await vi.advanceTimersByTimeAsync(OUTLIVED_MS_MAX - 10);
    expect(fault).toBeUndefined();
    await vi.advanceTimersByTimeAsync(20);
    await acquired;
    expect(fault).toMatchObject({ code: 'STORE_FAILED', message: expect.stringMatching(/does not end$/) });
  });

  it('counts starts upwards, also where the clock was put back', async () => {
    const first = await DataDirLock.acquire(dataDir, 'bank', 1_000);
    expect(first.startedAt).toBe(1_000);
    first.release();
    const second = await DataDirLock.acquire(dataDir, 'bank', 400);
    expect(second.startedAt).toBe(1_001);
    second.release();
  });

  it('leaves two files of owners, however often it was taken, and may be read by its owner alone', async () => {
    for (let n = 0; n < 5; n++) (await DataDirLock.acquire(dataDir, 'bank', n)).release();
    const names = readdirSync(join(dataDir, 'lock'));
    expect(names).toEqual(['owner-000000000004', 'owner-000000000005']);
    for (const name of names) expect(statSync(join(dataDir, 'lock', name)).mode & 0o077).toBe(0);
    expect(statSync(join(dataDir, 'lock')).mode & 0o077).toBe(0);
  });

  it('in a folder that cannot be written is STORE_FAILED', async () => {
    writeFileSync(join(dataDir, 'lock'), 'a file');
    chmodSync(join(dataDir, 'lock'), 0o600);
    await expect(DataDirLock.acquire(dataDir, 'bank', 1)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });
});
