/** The end of the master, wanted or not: nothing of the system outlives it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  childrenOf,
  collectDeadLetters,
  faultOf,
  idOn,
  idsOnAll,
  isAlive,
  kill,
  MAIN,
  numbers,
  openDiary,
  removeDiaries,
  sleep,
  socketFoldersOf,
  startSystem,
  stopSystems,
  until,
} from './harness.ts';
import { SAME_SIGNAL_MS } from '../../src/os-signals.ts';
import { Program } from './program.ts';

const programs: Program[] = [];

afterEach(() => {
  for (const { pid, child } of programs.splice(0)) {
    const left = [...childrenOf(pid), ...(child.exitCode === null && child.signalCode === null ? [pid] : [])];
    for (const one of left) process.kill(one, 'SIGKILL');
  }
});
afterAll(stopSystems);
afterAll(removeDiaries);

async function serve(options: object = {}, detached = false): Promise<{ program: Program; workers: number[] }> {
  const program = new Program('serve.mjs', options, detached);
  programs.push(program);
  return { program, workers: (await program.value('started')) as number[] };
}

async function expectNothingLeft(pid: number, workers: number[], withinMs = 2_000): Promise<void> {
  await until('no worker is left', () => !workers.some(isAlive), withinMs);
  await until('no socket folder is left', () => socketFoldersOf(pid).length === 0, withinMs);
}

describe('kill -9 of the master', () => {
  test('ends every worker and removes the sockets', async () => {
    const { program, workers } = await serve({ workers: 3 });
    expect(workers.filter(isAlive)).toHaveLength(3);
    expect(socketFoldersOf(program.pid)).toHaveLength(1);
    program.kill('SIGKILL');
    await program.ended;
    await expectNothingLeft(program.pid, workers);
  });

  test('under traffic likewise', async () => {
    const { program, workers } = await serve({ workers: 2 });
    const diary = openDiary();
    for (const n of numbers(20)) await program.value('tell', `diarist/${diary.path}?${n}`, { type: 'note', n });
    void program.call('ask', 'talker/a', { type: 'talk', to: 'recorder/a', count: 1e9 }, { timeoutMs: 60_000 });
    void program.call('ask', 'talker/b', { type: 'talk', to: 'recorder/b', count: 1e9 }, { timeoutMs: 60_000 });
    await sleep(100);
    program.kill('SIGKILL');
    await expectNothingLeft(program.pid, workers);
  });

  test('leaves workers that are all busy the time to remove the sockets', async () => {
    const { program, workers } = await serve({ workers: 2 });
    const byWorker = new Map<number, string>();
    for (const n of numbers(20)) {
      const { worker } = (await program.value('where', `counter/${n}`)) as { worker: number };
      byWorker.set(worker, `counter/${n}`);
    }
    expect(byWorker.size).toBe(2);
    // Mostly beyond the first look of a watchdog, and never as long as until the second.
    for (const id of byWorker.values()) void program.call('ask', id, { type: 'block', ms: 550 });
    await sleep(100);
    program.kill('SIGKILL');
    await expectNothingLeft(program.pid, workers);
  });

  test('ends even a worker in an endless loop', async () => {
    const { program, workers } = await serve({ workers: 2 });
    void program.call('ask', 'counter/a', { type: 'hang' });
    await sleep(100);
    program.kill('SIGKILL');
    await expectNothingLeft(program.pid, workers);
  });

  test.each([30, 120, 200])(
    '%i ms after its start leaves no worker; a folder of sockets goes with the next start',
    async (ms) => {
      const program = new Program('serve.mjs', { workers: 3 });
      programs.push(program);
      await until('it has forked', () => childrenOf(program.pid).length > 0);
      await sleep(ms);
      const workers = childrenOf(program.pid);
      program.kill('SIGKILL');
      await until('no worker is left', () => !workers.some(isAlive), 2_000);
      await startSystem({ workers: 1 });
      expect(socketFoldersOf(program.pid)).toEqual([]);
      await stopSystems();
    },
  );
});

describe('SIGTERM and SIGINT', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s drains and exits with 0', async (signal) => {
    const { program, workers } = await serve();
    const diary = openDiary();
    const ids = numbers(4).map((n) => `diarist/${diary.path}?${signal}${n}`);
    for (const id of ids) {
      for (const n of numbers(10)) await program.value('tell', id, { type: 'slowly', n, ms: 15 });
    }
    program.kill(signal);
    expect(await program.ended).toBe(0);
    await expectNothingLeft(program.pid, workers);
    for (const id of ids) {
      const own = diary.lines().filter((line) => line.includes(` ${id}`));
      expect(own.filter((line) => line.startsWith('note'))).toEqual(numbers(10).map((n) => `note ${id} ${n}`));
      expect(own.at(-1)).toBe(`stop ${id} shutdown`);
    }
  });

  test('Ctrl-C, which every process gets, drains as well', async () => {
    const { program, workers } = await serve({}, true);
    const diary = openDiary();
    const id = `diarist/${diary.path}?ctrl-c`;
    for (const n of numbers(10)) await program.value('tell', id, { type: 'slowly', n, ms: 15 });
    process.kill(-program.pid, 'SIGINT');
    expect(await program.ended).toBe(0);
    expect(diary.lines().filter((line) => line.startsWith('note'))).toHaveLength(10);
    await expectNothingLeft(program.pid, workers);
  });

  test('a second one ends everything at once, but not right behind the first: then it is the same one', async () => {
    const { program, workers } = await serve();
    const diary = openDiary();
    await program.value('tell', `diarist/${diary.path}?slow`, { type: 'slowly', n: 1, ms: 8_000 });
    program.kill('SIGTERM');
    await sleep(20);
    program.kill('SIGINT');
    await sleep(SAME_SIGNAL_MS);
    expect([program.child.exitCode, program.child.signalCode]).toEqual([null, null]);
    const began = Date.now();
    program.kill('SIGTERM');
    expect(await program.ended).toBe(143);
    expect(Date.now() - began).toBeLessThan(2_000);
    await expectNothingLeft(program.pid, workers);
    expect(diary.lines().filter((line) => line.startsWith('note'))).toEqual([]);
  });

  test('Ctrl-C that arrives twice, from the terminal and from npm, drains', async () => {
    const { program, workers } = await serve({}, true);
    const diary = openDiary();
    const id = `diarist/${diary.path}?npm`;
    for (const n of numbers(10)) await program.value('tell', id, { type: 'slowly', n, ms: 15 });
    process.kill(-program.pid, 'SIGINT');
    program.kill('SIGINT');
    await sleep(100);
    program.kill('SIGINT');
    expect(await program.ended).toBe(0);
    expect(diary.lines().filter((line) => line.startsWith('note'))).toHaveLength(10);
    expect(diary.lines().at(-1)).toBe(`stop ${id} shutdown`);
    await expectNothingLeft(program.pid, workers);
  });

  test('a drain takes at most shutdownMs, then what hangs is killed', async () => {
    const { program, workers } = await serve({ shutdownMs: 300 });
    void program.call('ask', 'counter/a', { type: 'hang' });
    await sleep(50);
    const began = Date.now();
    program.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(Date.now() - began).toBeLessThan(6_000);
    await expectNothingLeft(program.pid, workers);
  });

  test('whoever else listens to the signal, the system drains and the process ends', async () => {
    const { program, workers } = await serve({ ownSignals: true });
    program.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(program.said).toEqual([{ value: 'SIGTERM' }]);
    await expectNothingLeft(program.pid, workers);
  });

  test.each([2, 0])('with signals: false they are the business of the program (workers: %i)', async (count) => {
    const { program } = await serve({ ownSignals: true, signals: false, workers: count });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      program.kill(signal);
      await until('it has heard', () => JSON.stringify(program.said.at(-1)) === JSON.stringify({ value: signal }));
    }
    await sleep(100);
    expect(await program.value('ask', 'counter/a', { type: 'get' })).toBe(0);
    await program.value('shutdown');
  });

  test.each(['SIGHUP', 'SIGTERM', 'SIGINT'] as const)(
    '%s drains and ends a process that hosts all actors itself',
    async (signal) => {
      const { program } = await serve({ workers: 0 });
      const diary = openDiary();
      const id = `diarist/${diary.path}?alone`;
      for (const n of numbers(5)) await program.value('tell', id, { type: 'slowly', n, ms: 15 });
      program.kill(signal);
      expect(await program.ended).toBe(0);
      expect(diary.lines().at(-1)).toBe(`stop ${id} shutdown`);
    },
  );

  test('to a worker alone mean nothing: workers obey the master', async () => {
    const { program, workers } = await serve();
    for (const pid of workers) for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
    await sleep(200);
    expect(workers.filter(isAlive)).toHaveLength(2);
    expect(await program.value('ask', 'counter/a', { type: 'get' })).toBe(0);
  });
});

describe('shutdown()', () => {
  test('leaves nothing that keeps the process: it exits by itself', async () => {
    const { program, workers } = await serve({ workers: 2 });
    await program.value('ask', 'counter/a', { type: 'get' });
    await program.value('shutdown');
    expect(workers.filter(isAlive)).toEqual([]);
    expect(socketFoldersOf(program.pid)).toEqual([]);
    const began = Date.now();
    program.child.disconnect();
    expect(await program.ended).toBe(0);
    expect(Date.now() - began).toBeLessThan(1_000);
  });

  test('after a crash, within its backoff, too', async () => {
    const { program, workers } = await serve({
      workers: 2,
      supervision: { backoff: { initialMs: 60_000, maxMs: 60_000 } },
    });
    process.kill(workers[0] as number, 'SIGKILL');
    await until(
      'its death is seen',
      async () => !((await program.value('started')) as number[]).includes(workers[0] as number),
    );
    await program.value('shutdown');
    program.child.disconnect();
    const late = sleep(3_000).then(() => 'late');
    expect(await Promise.race([program.ended, late])).toBe(0);
    await expectNothingLeft(program.pid, workers);
  });

  test('handles the mail there is, answers running asks, and calls onStop of every live actor', async () => {
    const system = await startSystem({ workers: 3 });
    const letters = collectDeadLetters(system);
    const diary = openDiary();
    const ids = await idsOnAll(system, 'diarist', `${diary.path}?`);
    const spawned = await system.spawn('diarist', { key: 'spawned', args: { path: diary.path } });
    const child = await system.ask<string>(ids[0] as string, {
      type: 'child',
      key: 'child',
      args: { path: diary.path },
    });
    for (const id of ids) for (const n of numbers(30)) system.tell(id, { type: 'slowly', n, ms: 5 });
    const asked = ids.map((id) => system.ask(id, { type: 'slowly', n: 30, ms: 20 }));
    const pids = system.workers().map(({ pid }) => pid);
    const down = system.shutdown();
    expect(system.shutdown()).toBeInstanceOf(Promise);
    expect(await Promise.all(asked)).toEqual([30, 30, 30]);
    await down;
    const lines = diary.lines();
    for (const id of ids) {
      expect(lines.filter((line) => line.startsWith(`note ${id} `))).toHaveLength(31);
      expect(lines.indexOf(`stop ${id} shutdown`)).toBeGreaterThan(lines.lastIndexOf(`note ${id} 30`));
    }
    expect(lines).toContain(`stop ${spawned.id} shutdown`);
    expect(lines.filter((line) => line.startsWith(`stop ${child} `))).toHaveLength(1);
    expect(lines.indexOf(lines.find((line) => line.startsWith(`stop ${child} `)) as string)).toBeLessThan(
      lines.indexOf(`stop ${ids[0]} shutdown`),
    );
    expect(pids.some(isAlive)).toBe(false);
    expect(letters).toEqual([]);
  });

  test('mail between actors that is on its way is handled as well', async () => {
    const system = await startSystem({ workers: 3 });
    const diary = openDiary();
    const id = await idOn(system, 'diarist', 3, `${diary.path}?end`);
    const talker = await idOn(system, 'talker', 1);
    system.tell(talker, { type: 'talk', to: id, count: 5_000 });
    await system.shutdown();
    expect(diary.lines().filter((line) => line.startsWith('note'))).toHaveLength(5_000);
    expect(diary.lines().at(-1)).toBe(`stop ${id} shutdown`);
  });

  test('refuses new calls from its beginning, and a second call waits for the first', async () => {
    const system = await startSystem({ workers: 2 });
    const diary = openDiary();
    const id = await idOn(system, 'diarist', 1, `${diary.path}?late`);
    system.tell(id, { type: 'slowly', n: 1, ms: 300 });
    const order: string[] = [];
    const first = system.shutdown().then(() => order.push('first'));
    // In the same turn of the event loop, and for ever after.
    expect(system.tell(id, { type: 'note', n: 3 })).toBe(false);
    await sleep(100);
    const refused = async (call: () => unknown): Promise<string | undefined> =>
      (await faultOf(Promise.resolve().then(call))).code;
    expect(system.tell(id, { type: 'note', n: 2 })).toBe(false);
    expect(await refused(() => system.ask(id, { type: 'pid' }))).toBe('SHUTTING_DOWN');
    expect(await refused(() => system.spawn('counter'))).toBe('SHUTTING_DOWN');
    expect(() => system.publish('topic', { type: 'x' })).not.toThrow();
    expect(await refused(() => system.addWorker())).toBe('SHUTTING_DOWN');
    const second = system.shutdown().then(() => order.push('second'));
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
    expect(diary.lines().some((line) => line === `note ${id} 1`)).toBe(true);
    expect(await refused(() => system.ask(id, { type: 'pid' }))).toBe('SHUTTING_DOWN');
  });

  test('takes no longer than its time, whatever hangs', async () => {
    const system = await startSystem({ workers: 2 });
    const pids = system.workers().map(({ pid }) => pid);
    const hung = faultOf(system.ask(await idOn(system, 'counter', 1), { type: 'hang' }, { timeoutMs: 20_000 }));
    await sleep(50);
    const began = Date.now();
    await system.shutdown({ timeoutMs: 300 });
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(pids.some(isAlive)).toBe(false);
    expect(['ACTOR_UNAVAILABLE', 'SHUTTING_DOWN']).toContain((await hung).code);
  });

  test('a worker that dies meanwhile does not hold it up', async () => {
    const system = await startSystem({ workers: 3 });
    const diary = openDiary();
    const ids = await idsOnAll(system, 'diarist', `${diary.path}?dies`);
    for (const id of ids) for (const n of numbers(20)) system.tell(id, { type: 'slowly', n, ms: 50 });
    const began = Date.now();
    const down = system.shutdown();
    await until('it is under way', () => diary.lines().includes(`note ${ids[1]} 0`));
    kill(system, 2);
    await down;
    expect(Date.now() - began).toBeLessThan(5_000);
    for (const id of [ids[0], ids[2]]) expect(diary.lines()).toContain(`note ${id} 19`);
  });

  test('called in main of a worker ends everything as well', async () => {
    const { program, workers } = await serve({ main: fileURLToPath(MAIN) });
    await program.value('publish', 'main-2', { type: 'call', number: 1, call: 'shutdown', args: [] });
    await until('all is over', () => !workers.some(isAlive));
    program.child.disconnect();
    expect(await program.ended).toBe(0);
    expect(socketFoldersOf(program.pid)).toEqual([]);
  });
});

test('two systems in one process know nothing of each other', async () => {
  const one = await startSystem({ workers: 2, name: 'one' });
  const two = await startSystem({ workers: 2, name: 'two' });
  await one.ask('counter/same', { type: 'add', by: 1 });
  await two.ask('counter/same', { type: 'add', by: 10 });
  expect(await one.ask('counter/same', { type: 'get' })).toBe(1);
  expect(await two.ask('counter/same', { type: 'get' })).toBe(10);
  const heard: unknown[] = [];
  await two.subscribe('news', (message) => heard.push(message));
  const exited: number[] = [];
  two.on('worker-exited', ({ pid }) => exited.push(pid));
  one.publish('news', { type: 'x' });
  const dead = kill(one, 1);
  await until('it comes back', () => one.workers().every(({ pid, state }) => state === 'ready' && pid !== dead));
  expect([heard, exited]).toEqual([[], []]);
  const folders = socketFoldersOf(process.pid).length;
  await one.shutdown();
  expect(socketFoldersOf(process.pid)).toHaveLength(folders - 1);
  expect(await two.ask('counter/same', { type: 'get' })).toBe(10);
  const again = kill(two, 2);
  await until('it comes back', () => two.workers().every(({ pid, state }) => state === 'ready' && pid !== again));
});

test('what a killed master left behind is removed by the next one', async () => {
  const { program, workers } = await serve();
  // Stopped, the workers cannot tidy up after their master.
  for (const pid of workers) process.kill(pid, 'SIGSTOP');
  program.kill('SIGKILL');
  await program.ended;
  for (const pid of workers) process.kill(pid, 'SIGKILL');
  await until('its workers are gone', () => !workers.some(isAlive));
  const [left] = socketFoldersOf(program.pid);
  expect(left && existsSync(left)).toBe(true);
  await startSystem({ workers: 1 });
  expect(socketFoldersOf(program.pid)).toEqual([]);
});
