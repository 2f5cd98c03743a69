/** Workers that stop answering without ending: frozen, or in an endless loop. They are killed first, then replaced. */
import type { System, SystemEvents } from 'troupe';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  faultOf,
  freeze,
  idOn,
  isAlive,
  pidOf,
  sleep,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
  whenReady,
} from './harness.ts';

let system: System;
const exits: SystemEvents['worker-exited'][] = [];

beforeAll(async () => {
  system = await startSystem({ workers: 3, supervision: { ...TIRELESS, hangMs: 500 } });
  system.on('worker-exited', (event) => exits.push(event));
});

afterEach(() => exits.splice(0));
afterAll(stopSystems);

test('a frozen worker is killed after hangMs and replaced; its actors live elsewhere meanwhile', async () => {
  const id = await idOn(system, 'counter', 2);
  await system.ask(id, { type: 'add', by: 1 });
  const began = Date.now();
  const pid = freeze(system, 2);
  const fault = await faultOf(system.ask(id, { type: 'get' }, { timeoutMs: 10_000 }));
  expect(Date.now() - began).toBeGreaterThan(350);
  expect(Date.now() - began).toBeLessThan(3_000);
  expect([fault.code, fault.fate]).toEqual(['ACTOR_UNAVAILABLE', 'unknown']);
  expect(await system.ask(id, { type: 'get' })).toBe(0);
  await whenReady(system, 2, pid);
  expect(exits).toMatchObject([{ worker: 2, pid, signal: 'SIGKILL' }]);
});

test('an endless loop in a handler likewise; the others go on all the time', async () => {
  const looping = await idOn(system, 'counter', 3, 'loop');
  const fine = await idOn(system, 'counter', 1, 'fine');
  const pid = pidOf(system, 3);
  const hung = faultOf(system.ask(looping, { type: 'hang' }, { timeoutMs: 10_000 }));
  let replies = 0;
  while (isAlive(pid)) {
    await system.ask(fine, { type: 'get' }, { timeoutMs: 400 });
    replies++;
    await sleep(10);
  }
  expect(replies).toBeGreaterThan(10);
  expect((await hung).code).toBe('ACTOR_UNAVAILABLE');
  await whenReady(system, 3, pid);
  expect(exits).toMatchObject([{ worker: 3, pid, signal: 'SIGKILL' }]);
});

test('a worker that is frozen for less than hangMs is left alone, and loses nothing', async () => {
  const id = await idOn(system, 'recorder', 1, 'nap');
  const pid = freeze(system, 1);
  for (let n = 0; n < 1_000; n++) system.tell(id, { type: 'note', n });
  await sleep(150);
  process.kill(pid, 'SIGCONT');
  const { main } = await system.ask(id, { type: 'seen' });
  expect(main).toHaveLength(1_000);
  expect(pidOf(system, 1)).toBe(pid);
  expect(exits).toEqual([]);
});

test('what a frozen worker would have said, and SIGCONT when it is dead, harm nothing', async () => {
  const id = await idOn(system, 'counter', 2, 'woken');
  const pid = freeze(system, 2);
  // Sent again and again, so that one may fall between the decision to kill and the kill.
  const waking = setInterval(() => {
    try {
      if (exits.length > 0) process.kill(pid, 'SIGCONT');
    } catch {
      // It is gone for good.
    }
  }, 5);
  await until('it is seen dead', () => exits.length > 0);
  await whenReady(system, 2, pid);
  clearInterval(waking);
  expect(await system.ask(id, { type: 'add', by: 1 })).toBeUndefined();
  expect(await system.ask(id, { type: 'get' })).toBe(1);
  expect(isAlive(pid)).toBe(false);
  expect(exits).toHaveLength(1);
});

test('two frozen at once are both replaced', async () => {
  const pids = [freeze(system, 1), freeze(system, 3)];
  await whenReady(system, 1, pids[0]);
  await whenReady(system, 3, pids[1]);
  for (const worker of [1, 2, 3])
    expect(await system.ask(await idOn(system, 'counter', worker, 'both'), { type: 'get' })).toBe(0);
});
