/** Who lives where: roles, strategies, spawned actors with a pin, children; and where they go after a crash. */
import type { System } from 'troupe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  collectDeadLetters,
  faultOf,
  idOn,
  inMain,
  isAlive,
  kill,
  listenToMains,
  MAIN,
  numbers,
  type Outcome,
  pidOf,
  sleep,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
  whenAllReady,
  whenReady,
} from './harness.ts';

let system: System;
let roles: System;

beforeAll(async () => {
  system = await startSystem({ workers: 3, main: MAIN, supervision: TIRELESS });
  await listenToMains(system);
  roles = await startSystem({ workers: [{ role: 'web', count: 2 }], supervision: TIRELESS });
});

afterAll(stopSystems);

test('ids spread over the workers, and every process finds each of them in the same place', async () => {
  const ids = numbers(60).map((n) => `counter/spread${n}`);
  const homes = await Promise.all(ids.map((id) => system.where(id)));
  expect(new Set(homes.map(({ worker }) => worker))).toEqual(new Set([1, 2, 3]));
  const pids = await Promise.all(ids.map((id) => system.ask(id, { type: 'pid' })));
  expect(pids).toEqual(homes.map(({ pid }) => pid));
  const fromMain = await Promise.all(ids.map((id) => inMain(system, 2, 'ask', id, { type: 'pid' })));
  expect(fromMain.map(({ value }) => value)).toEqual(pids);
});

test('without a worker of its role mail is held; a worker that is added with it gets it all, in order', async () => {
  for (const n of numbers(50)) roles.tell('clerk/held', { type: 'note', n });
  const late = await faultOf(roles.ask('clerk/b', { type: 'seen' }, { timeoutMs: 150 }));
  expect([late.code, late.fate]).toEqual(['ASK_TIMEOUT', 'not-executed']);
  await sleep(100);
  const index = await roles.addWorker({ role: 'mail' });
  const held = await roles.ask('clerk/held', { type: 'seen' });
  expect(held).toEqual({ pid: pidOf(roles, index), seen: numbers(50) });
  expect((await roles.where('clerk/held')).worker).toBe(index);
});

test('a kind with a role lives there only, and other roles do without it', async () => {
  await until('the added worker is there', () => roles.workers().length === 3);
  const index = roles.workers().find(({ role }) => role === 'mail')?.index;
  const homes = await Promise.all(numbers(40).map((n) => roles.where(`clerk/only${n}`)));
  expect(new Set(homes.map(({ worker }) => worker))).toEqual(new Set([index]));
});

test('when the last worker of a role dies its actors wait for the next one, and nothing held is lost', async () => {
  const { index, pid } = roles.workers().find(({ role }) => role === 'mail') as { index: number; pid: number };
  await roles.ask('clerk/last', { type: 'note', n: -1 });
  kill(roles, index);
  await until('its death is seen', () => roles.workers().every((worker) => worker.pid !== pid));
  for (const n of numbers(30)) roles.tell('clerk/last', { type: 'note', n });
  expect(await roles.ask('clerk/last', { type: 'seen' })).toMatchObject({ seen: numbers(30) });
  expect((await roles.where('clerk/last')).worker).toBe(index);
});

test('least-loaded actors go where the fewest are, and stay there', async () => {
  // As many as the other workers never reach here, so that no heartbeat in the middle can change the order.
  const crowd = numbers(500).map((n) => system.spawn('counter', { key: `crowd${n}`, placement: { worker: 1 } }));
  const refs = await Promise.all(crowd);
  const actorsOn = (worker: number): number => system.workers().find(({ index }) => index === worker)?.actors ?? 0;
  await until('the crowd is counted', () => actorsOn(1) >= 500 && actorsOn(2) < 250 && actorsOn(3) < 250);
  const pids = await Promise.all(numbers(30).map((n) => system.ask<number>(`roamer/r${n}`, { type: 'pid' })));
  expect(pids).not.toContain(pidOf(system, 1));
  expect(await Promise.all(numbers(30).map((n) => system.ask<number>(`roamer/r${n}`, { type: 'pid' })))).toEqual(pids);
  await Promise.all(refs.map(({ id }) => system.stop(id)));
});

test('local actors live where they were first used', async () => {
  for (const worker of [1, 2, 3]) {
    const prober = await idOn(system, 'prober', worker);
    const ask = { type: 'ask', id: `homebody/of-${worker}`, message: { type: 'pid' } };
    expect((await system.ask<Outcome>(prober, ask)).value).toBe(pidOf(system, worker));
    expect((await system.where(`homebody/of-${worker}`)).worker).toBe(worker);
  }
});

test('spawn with a pin: a worker, or a role', async () => {
  for (const worker of [1, 2, 3]) {
    const ref = await system.spawn('counter', { placement: { worker } });
    expect(await ref.ask({ type: 'pid' })).toBe(pidOf(system, worker));
    expect((await inMain(system, 1, 'ask', ref.id, { type: 'pid' })).value).toBe(pidOf(system, worker));
  }
  const mail = roles.workers().find(({ role }) => role === 'mail');
  const ref = await roles.spawn('counter', { key: 'in-role', placement: { role: 'mail' } });
  expect(await ref.ask({ type: 'pid' })).toBe(mail?.pid);
});

test('spawn on a worker that is none, or in a role that nobody has, is NO_WORKER', async () => {
  expect((await faultOf(system.spawn('counter', { placement: { worker: 77 } }))).code).toBe('NO_WORKER');
  expect((await faultOf(system.spawn('counter', { placement: { role: 'nobody' } }))).code).toBe('NO_WORKER');
});

test('spawn from main, and a pin against the id’s own shard', async () => {
  const id = await idOn(system, 'counter', 1, 'claimed');
  const key = id.slice('counter/'.length);
  const spawned = await inMain(system, 3, 'spawn', 'counter', { key, placement: { worker: 2 } });
  expect(spawned.fault).toBeUndefined();
  expect(await system.ask(id, { type: 'pid' })).toBe(pidOf(system, 2));
});

test('ALREADY_EXISTS for one that runs with other args, or elsewhere; the same args give the same actor', async () => {
  const args = { path: undefined, n: 1 };
  const one = await system.spawn('diarist', { key: 'twice', args });
  expect((await system.spawn('diarist', { key: 'twice', args })).id).toBe(one.id);
  const other = await faultOf(system.spawn('diarist', { key: 'twice', args: { n: 2 } }));
  expect([other.code, other.fate]).toEqual(['ALREADY_EXISTS', 'not-executed']);
  const { worker } = await system.where(one.id);
  const elsewhere = await faultOf(
    system.spawn('diarist', { key: 'twice', args, placement: { worker: 1 + (worker % 3) } }),
  );
  expect(elsewhere.code).toBe('ALREADY_EXISTS');
  expect((await system.where(one.id)).worker).toBe(worker);
});

test('an id is free again after its end: it may be spawned elsewhere', async () => {
  for (const worker of [1, 2, 3, 1]) {
    const ref = await system.spawn('counter', { key: 'free-again', placement: { worker } });
    expect(await ref.ask({ type: 'pid' })).toBe(pidOf(system, worker));
    await system.stop(ref.id);
  }
  await until(
    'it is hosted by its shard again',
    async () => (await system.where('counter/free-again')).active === false,
  );
});

test('children live with their parent and are addressed from everywhere', async () => {
  for (const worker of [1, 2, 3]) {
    const parent = await idOn(system, 'diarist', worker, 'parent');
    const child = await system.ask<string>(parent, { type: 'child', key: `child-of-${worker}` });
    expect(child).toBe(`diarist/child-of-${worker}`);
    expect(await system.ask(child, { type: 'pid' })).toBe(pidOf(system, worker));
    expect((await inMain(system, 1 + (worker % 3), 'ask', child, { type: 'pid' })).value).toBe(pidOf(system, worker));
  }
});

test('a child’s id is free again after the end of its parent', async () => {
  const parent = await idOn(system, 'diarist', 2, 'mortal');
  const child = await system.ask<string>(parent, { type: 'child', key: 'orphan' });
  await system.stop(parent);
  await until('it can be spawned on another worker', async () => {
    const ref = await system.spawn('diarist', { key: 'orphan', placement: { worker: 3 } }).catch(() => undefined);
    return ref !== undefined;
  });
  expect(await system.ask(child, { type: 'pid' })).toBe(pidOf(system, 3));
});

test('ids with a pin leave nothing behind in the table', async () => {
  const refs = await Promise.all(numbers(40).map(() => system.spawn('counter', { placement: { worker: 1 } })));
  await Promise.all(refs.map(({ id }) => system.stop(id)));
  const homes = async (): Promise<number> =>
    new Set((await Promise.all(refs.map(({ id }) => system.where(id)))).map(({ worker }) => worker)).size;
  await until('they are spread again', async () => (await homes()) > 1);
});

test('after a crash every strategy finds a new host among the living, and mail goes on', async () => {
  const letters = collectDeadLetters(system);
  const hash = await idOn(system, 'counter', 2, 'crash');
  const pinned = await system.spawn('counter', { key: 'crash-pinned', placement: { worker: 2 } });
  const prober = await idOn(system, 'prober', 2);
  await system.ask(prober, { type: 'ask', id: 'homebody/crash', message: { type: 'pid' } });
  const roamers: string[] = [];
  for (const n of numbers(30)) if ((await system.where(`roamer/r${n}`)).worker === 2) roamers.push(`roamer/r${n}`);
  expect(roamers.length).toBeGreaterThan(0);
  const dead = kill(system, 2);
  await until('its death is seen', () => !isAlive(dead) && system.workers().every(({ pid }) => pid !== dead));
  for (const id of [hash, pinned.id, 'homebody/crash', ...roamers]) {
    const pid = await system.ask<number>(id, { type: 'pid' });
    expect(pid).not.toBe(dead);
    expect(system.workers().map((worker) => worker.pid)).toContain(pid);
  }
  expect(letters).toEqual([]);
  await whenReady(system, 2, dead);
});

test('a worker that comes back gets its share: ids live there again', async () => {
  await whenAllReady(system);
  const dead = kill(system, 3);
  await whenReady(system, 3, dead);
  await until('an idle id lives there', async () => {
    const homes = await Promise.all(numbers(30).map((n) => system.where(`counter/share${n}`)));
    return homes.some(({ worker }) => worker === 3);
  });
});

test('a worker that is added takes its share of what is idle', async () => {
  const index = await system.addWorker();
  await until('an idle id lives there', async () => {
    const homes = await Promise.all(numbers(40).map((n) => system.where(`counter/added${n}`)));
    return homes.some(({ worker }) => worker === index);
  });
});
