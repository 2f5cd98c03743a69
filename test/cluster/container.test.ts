/** What a container is for a system: process id 1, a share of CPU and memory, small or read-only disks. All of it for real, by Linux itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { canRun, ControlGroup, type Limits, mounted, PID_NAMESPACE, type Within } from './ground.ts';
import { childrenOf, isAlive, numbers, openDiary, removeDiaries, sleep, socketFoldersOf, until } from './harness.ts';
import { Program } from './program.ts';
import { zombiesOf } from './zombies.ts';

const MB = 1024 * 1024;
const DURABLE = fileURLToPath(new URL('./durable-actors/', import.meta.url));

const programs: Program[] = [];
const folders: string[] = [];
const groups: ControlGroup[] = [];

afterEach(async () => {
  for (const { pid, child } of programs.splice(0))
    for (const one of [...childrenOf(pid), ...(child.exitCode === null ? [pid] : [])])
      if (isAlive(one)) process.kill(one, 'SIGKILL');
  for (const group of groups.splice(0)) await group.remove();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  removeDiaries();
});

function serve(within: Within, options: object = {}): Program {
  const program = new Program('serve.mjs', options, false, within);
  programs.push(program);
  return program;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'g-'));
  folders.push(folder);
  return folder;
}

function grouped(limits: Limits): Within {
  const group = ControlGroup.make(limits) as ControlGroup;
  groups.push(group);
  return group.within;
}

type Workers = { pid: number; state: string }[];
const workersOf = async (program: Program): Promise<Workers> => (await program.value('workers')) as Workers;

describe.skipIf(!canRun('a pid namespace', PID_NAMESPACE, 'true'))('as process 1 of a container', () => {
  /** As seen from outside: what runs as process 1 in there. */
  const first = (program: Program): number => childrenOf(program.pid)[0] as number;
  /** Process 1 itself, or what an init has started. */
  const masterOf = (program: Program): number => {
    const inside = childrenOf(first(program));
    return inside.length === 1 ? (inside[0] as number) : first(program);
  };

  test.each(['SIGTERM', 'SIGINT'] as const)('%s drains and exits with 0', async (signal) => {
    const program = serve(PID_NAMESPACE);
    await program.value('started');
    const diary = openDiary();
    const id = `diarist/${diary.path}?one`;
    for (const n of numbers(10)) await program.value('tell', id, { type: 'slowly', n, ms: 15 });
    const workers = childrenOf(first(program));
    expect(workers).toHaveLength(2);
    process.kill(first(program), signal);
    expect(await program.ended).toBe(0);
    expect(diary.lines().filter((line) => line.startsWith('note'))).toHaveLength(10);
    expect(diary.lines().at(-1)).toBe(`stop ${id} shutdown`);
    expect(workers.filter(isAlive)).toEqual([]);
    expect(socketFoldersOf(1)).toEqual([]);
  });

  test('a worker that is killed is reaped and replaced', async () => {
    const program = serve(PID_NAMESPACE);
    await program.value('started');
    const [worker] = childrenOf(first(program)) as [number];
    process.kill(worker, 'SIGKILL');
    const others = (): number[] => childrenOf(first(program)).filter((pid) => pid !== worker);
    await until('it is replaced', async () => {
      const states = (await workersOf(program)).map(({ state }) => state);
      return states.join() === 'ready,ready' && others().length === 2;
    });
    expect(zombiesOf(first(program))).toEqual([]);
    await program.value('shutdown');
  });

  /** Actors start processes, which their killed workers leave behind: whoever is process 1 inherits them. */
  async function zombiesWithin(within: Within): Promise<{ code: unknown; zombies: number }> {
    const program = serve(within);
    await program.value('started');
    await program.value('ask', 'hog/a', { type: 'spawn', seconds: 0.5 });
    const parent = childrenOf(masterOf(program)).find((worker) => childrenOf(worker).length > 0) as number;
    process.kill(parent, 'SIGKILL');
    await until('the worker is reaped', () => !zombiesOf(masterOf(program)).includes(parent));
    await sleep(800);
    const zombies = zombiesOf(first(program)).length;
    process.kill(first(program), 'SIGTERM');
    return { code: await program.ended, zombies };
  }

  test('Node.js itself does not reap what others leave behind', async () => {
    expect(await zombiesWithin(PID_NAMESPACE)).toEqual({ code: 0, zombies: 1 });
  });

  test.skipIf(!canRun('tini, an init for containers', ['tini', '--version']))(
    'an init in front reaps it, and hands the signal and the exit code on',
    async () => {
      expect(await zombiesWithin([...PID_NAMESPACE, 'tini', '--'])).toEqual({ code: 0, zombies: 0 });
    },
  );
});

function canLimit(limits: Limits): boolean {
  const group = ControlGroup.make(limits);
  void group?.remove();
  if (!group) console.log(`control groups that limit ${Object.keys(limits)}: not to be had on this machine, not tried`);
  return group !== undefined;
}

describe.skipIf(!canLimit({ cpus: 1 }))('a share of the CPUs', () => {
  test.each([
    [1.9, 1],
    [64, availableParallelism()],
  ])('%d CPUs: %i workers by default', async (cpus, workers) => {
    const program = serve(grouped({ cpus }), { byDefault: true });
    expect(await program.value('started')).toHaveLength(workers);
    await program.value('shutdown');
  });
});

describe.skipIf(!canLimit({ memoryBytes: 256 * MB }))('a share of the memory', () => {
  test('256 MB: one worker by default, and queues that fit', async () => {
    /** Messages of 1 MB that an actor which is busy is told before `tell` says false. */
    const taken = async (within: Within): Promise<{ workers: number; count: number }> => {
      const program = serve(within, { byDefault: true });
      const { length: workers } = (await program.value('started')) as number[];
      void program.call('ask', 'counter/a', { type: 'sleep', ms: 60_000 }, { timeoutMs: 60_000 });
      let count = 0;
      while (count < 30 && (await program.value('tell', 'counter/a', { type: 'echo', value: 'x'.repeat(MB) }))) count++;
      await program.value('shutdown', { timeoutMs: 0 });
      return { workers, count };
    };
    const bound = await taken(grouped({ memoryBytes: 256 * MB }));
    expect(bound.workers).toBe(1);
    // 256 MB for two processes, a quarter of that for queues, a quarter of that for one of them, and half of that: 4 MB.
    expect(bound.count).toBeLessThan(8);
    expect((await taken([])).count).toBe(30);
  });

  test('a worker that grows beyond it is ended by the kernel, and replaced; the others go on', async () => {
    const program = serve(grouped({ memoryBytes: 400 * MB }));
    await program.value('started');
    const pid = await program.value('ask', 'hog/a', { type: 'pid' });
    const grown = program.call('ask', 'hog/a', { type: 'grow', bytes: 600 * MB }, { timeoutMs: 20_000 });
    expect((await grown).fault).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    await until('it is replaced', async () =>
      (await workersOf(program)).every((one) => one.state === 'ready' && one.pid !== pid),
    );
    expect(await program.value('ask', 'hog/a', { type: 'pid' })).not.toBe(pid);
    await program.value('shutdown');
  });
});

describe.skipIf(!canRun('a mount namespace', mounted('mount -t tmpfs -o size=64k none /mnt'), 'true'))('disks', () => {
  const counted = async (program: Program, id: string): Promise<unknown> => {
    await program.value('started');
    const count = await program.value('ask', id, { type: 'get' });
    await program.value('shutdown');
    program.child.disconnect();
    expect(await program.ended).toBe(0);
    return count;
  };

  test('a small /tmp and a small /dev/shm do', async () => {
    const [small, dataDir] = [newFolder(), newFolder()];
    const within = mounted(
      `mount -t tmpfs -o size=16k none ${small}`,
      'mount -t tmpfs -o size=4k none /dev/shm',
      `head -c 16384 /dev/zero > ${small}/full`,
    );
    const options = { tmpdir: small, actors: DURABLE, dataDir };
    expect(await counted(serve(within, options), 'account/a')).toMatchObject({ balance: 1_000 });
  });

  test('a /tmp without room for one more file: one error', async () => {
    const full = newFolder();
    const { fault } = await serve(mounted(`mount -t tmpfs -o nr_inodes=1 none ${full}`), { tmpdir: full }).call(
      'started',
    );
    expect(fault).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(`expected a temporary folder for the sockets.*; got ${full}: ENOSPC`),
    });
  });

  const readOnly = (writable: string): Within =>
    mounted(`mount -t tmpfs none ${writable}`, 'mount -o remount,ro,bind /', `mkdir ${writable}/data`);

  test('a read-only root does where /tmp and the dataDir are not', async () => {
    const writable = newFolder();
    const options = { tmpdir: writable, actors: DURABLE, dataDir: join(writable, 'data') };
    expect(await counted(serve(readOnly(writable), options), 'account/a')).toMatchObject({ balance: 1_000 });
  });

  test('a read-only dataDir: one error', async () => {
    const [writable, dataDir] = [newFolder(), newFolder()];
    const { fault } = await serve(readOnly(writable), { tmpdir: writable, actors: DURABLE, dataDir }).call('started');
    expect(fault).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining(dataDir) });
  });

  test('a read-only /tmp: one error, that says what to set', async () => {
    const [writable, other] = [newFolder(), newFolder()];
    const { fault } = await serve(readOnly(writable), { tmpdir: other }).call('started');
    expect(fault).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(`expected a temporary folder for the sockets.*; got ${other}: EROFS`),
    });
  });

  test('a disk that is too small for the store: one error', async () => {
    const small = newFolder();
    const options = { actors: DURABLE, dataDir: small };
    const { fault } = await serve(mounted(`mount -t tmpfs -o size=16k none ${small}`), options).call('started');
    expect(fault).toMatchObject({ code: 'STORE_FAILED' });
    expect(fault?.message).toContain(small);
  });
});
