/** What is done to the surroundings of a system that runs: its sockets are cleaned away, its folder is removed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  childrenOf,
  idsOnAll,
  isAlive,
  kill,
  sleep,
  socketFoldersOf,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
  whenReady,
} from './harness.ts';
import { Program } from './program.ts';

const programs: Program[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const { pid } of programs.splice(0))
    for (const one of [...childrenOf(pid), pid]) if (isAlive(one)) process.kill(one, 'SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  await stopSystems();
});
afterAll(stopSystems);

describe('the sockets of a system that runs are removed', () => {
  test.each(['folder', 'sockets'])('(the %s): workers that end are replaced, and more can be added', async (what) => {
    const system = await startSystem({ workers: 3, supervision: TIRELESS });
    const [folder] = socketFoldersOf(process.pid) as [string];
    for (const round of [1, 2]) {
      if (what === 'folder') rmSync(folder, { recursive: true });
      else for (const name of readdirSync(folder)) rmSync(join(folder, name));
      await whenReady(system, 2, kill(system, 2));
      const added = await system.addWorker();
      for (const id of await idsOnAll(system, 'counter', `cleaned${round}`)) {
        await system.ask(id, { type: 'add', by: 1 });
        expect(await system.ask(id, { type: 'get' })).toBe(1);
      }
      await system.removeWorker(added);
    }
    expect(system.workers().map(({ restarts }) => restarts)).toEqual([0, 2, 0]);
    await system.shutdown();
    expect(existsSync(folder)).toBe(false);
  });

  test('with a store, which new workers reach as well', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'data-'));
    folders.push(dataDir);
    const actors = new URL('./durable-actors/', import.meta.url);
    const system = await startSystem({ workers: 2, actors, dataDir, supervision: TIRELESS });
    const ids = await idsOnAll(system, 'account', 'cleaned');
    for (const id of ids) await system.ask(id, { type: 'get' });
    const [folder] = socketFoldersOf(process.pid) as [string];
    rmSync(folder, { recursive: true });
    await whenReady(system, 2, kill(system, 2));
    for (const id of ids) expect(await system.ask(id, { type: 'get' }, { timeoutMs: 20_000 })).toBeDefined();
    await system.shutdown();
    expect(existsSync(folder)).toBe(false);
  });

  test('a reload replaces all workers, without one that does not come back', async () => {
    const system = await startSystem({ workers: 2 });
    const [folder] = socketFoldersOf(process.pid) as [string];
    rmSync(folder, { recursive: true });
    await system.reload();
    expect(system.workers().map(({ state }) => state)).toEqual(['ready', 'ready']);
    for (const id of await idsOnAll(system, 'counter', 'reloaded'))
      expect(await system.ask(id, { type: 'get' })).toBe(0);
  });
});

describe('the working folder of the program is removed', () => {
  test.each(['and is gone', 'and another one stands in its place'])('%s: workers are replaced', async (what) => {
    const folder = mkdtempSync(join(tmpdir(), 'release-'));
    folders.push(folder);
    const program = new Program('in-folder.mjs', { folder, supervision: TIRELESS });
    programs.push(program);
    const [first] = (await program.value('started')) as number[];
    rmSync(folder, { recursive: true });
    if (what !== 'and is gone') mkdirSync(folder);
    process.kill(first as number, 'SIGKILL');
    const workers = async (): Promise<{ pid: number; state: string }[]> =>
      (await program.value('workers')) as { pid: number; state: string }[];
    await until('it is replaced', async () =>
      (await workers()).every(({ pid, state }) => state === 'ready' && pid !== first),
    );
    await sleep(100);
    expect(await program.value('ask', 'counter/a', { type: 'get' })).toBe(0);
    await program.value('shutdown');
  });
});

test('a program and its libraries use node:cluster and its channels for themselves: nobody takes it for his own', async () => {
  const program = new Program('beside.mjs');
  programs.push(program);
  expect(await program.ended).toBe(0);
  const [outcome] = program.said as { odd: number }[];
  const odd = outcome?.odd as number;
  expect(outcome).toEqual({
    ...{ pids: ['same', 'same'], answer: 0, fromWorkers: 2 * odd, toWorkers: 2 * odd, odd },
    ...{ own: true, settings: true },
  });
});
