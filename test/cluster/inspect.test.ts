/** What `system.inspect` says on real processes: asked in the master and in workers, of actors anywhere, and while loops are blocked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActorInspection, ActorList, System } from 'troupe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Fault,
  faultOf,
  idOn,
  inMain,
  kill,
  listenToMains,
  MAIN,
  pidOf,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
  whenReady,
} from './harness.ts';

const ACTORS = new URL('./inspected-actors/', import.meta.url);
let dataDir: string;
let system: System;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-inspect-'));
  const options = { actors: ACTORS, workers: 3, dataDir, main: MAIN, supervision: TIRELESS };
  system = await startSystem({ ...options, history: { turns: 4, kinds: ['desk'] } });
  await listenToMains(system);
});
afterAll(async () => {
  await stopSystems();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Two clocks are compared at each look: a time may be a millisecond off. */
function nearly(part: unknown): unknown {
  if (typeof part === 'number' && part > 1e12) return expect.closeTo(part, -1);
  if (Array.isArray(part)) return part.map(nearly);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, nearly(value)]));
}

/** Asked in the master, in the worker of the actor, and in another one: all say the same. */
async function inspectEverywhere(id: string): Promise<ActorInspection> {
  const found = await system.inspect(id);
  for (const worker of [1, 2, 3]) {
    const outcome = await inMain(system, worker, 'inspect', id);
    const { mailbox, ...there } = outcome.value as ActorInspection;
    const { mailbox: own, ...here } = found;
    expect(there).toEqual(nearly(here));
    expect(mailbox.count).toBe(own.count);
  }
  return found;
}

test('an actor that waits for an actor of another worker, which waits itself, and their mail', async () => {
  const [one, other] = [await idOn(system, 'desk', 1), await idOn(system, 'desk', 2)];
  const askedAt = Date.now();
  const done = system.ask(one, { type: 'ask', to: other, ms: 3_000 });
  for (let n = 0; n < 40; n++) system.tell(one, { type: 'add' });
  await until('the other one works', async () => (await system.inspect(other)).status === 'busy');
  const asker = await inspectEverywhere(one);
  expect(asker).toMatchObject({
    ...{ worker: 1, pid: pidOf(system, 1), status: 'busy', durable: false, turn: { type: 'ask', sender: undefined } },
    waitsFor: [{ what: 'reply', of: other, type: 'wait' }],
    ...{
      mailbox: { count: 40, types: { add: 40 } },
      state: { done: 0, at: '1970-01-01T00:00:00.000Z', map: [['a', '1n']] },
    },
  });
  expect(asker.turn?.since).toBeGreaterThan(askedAt - 100);
  expect(asker.waitsFor[0]?.since).toBeLessThan(askedAt + 2_000);
  const asked = await inspectEverywhere(other);
  expect(asked).toMatchObject({ worker: 2, status: 'busy', turn: { type: 'wait', sender: one }, waitsFor: [] });
  expect(asked.turn?.deadline).toBeGreaterThan(askedAt + 4_000);
  await done;
  await until('all mail is handled', async () => (await system.inspect(one)).mailbox.count === 0);
  expect(await system.inspect(one)).toMatchObject({ status: 'ready', turn: undefined, state: { done: 40 } });
});

test('a mailbox that grows', async () => {
  const id = await idOn(system, 'desk', 3, 'grow');
  system.tell(id, { type: 'wait', ms: 1_500 });
  for (const most of [1_000, 3_000]) {
    for (let n = 0; n < 1_000; n++) system.tell(id, { type: 'add' });
    if (most > 1_000) for (let n = 0; n < 1_000; n++) system.tell(id, { type: 'fail' });
    await until(`${most} wait`, async () => (await system.inspect(id)).mailbox.count === most);
  }
  const { mailbox } = await system.inspect(id);
  expect(mailbox.types).toEqual({ add: 1_000 });
  expect(mailbox.bytes).toBeGreaterThan(3_000 * 100);
  expect(mailbox.oldestWaitMs).toBeGreaterThan(0);
});

test('a worker whose event loop is blocked does not answer, and is named; others do', async () => {
  const id = await idOn(system, 'desk', 2, 'block');
  const other = await idOn(system, 'desk', 1, 'free');
  system.tell(id, { type: 'block', ms: 4_000 });
  let fault: Fault | undefined;
  await until('it is blocked', async () => (fault = await faultOf(system.inspect(id)).catch(() => undefined)));
  const free = await system.inspect(other);
  expect(fault).toMatchObject({ code: 'ACTOR_UNAVAILABLE', message: expect.stringContaining('worker 2') });
  expect(free.status).toBe('absent');
  await until(
    'the loop is free',
    async () => (await system.inspect(id).catch(() => undefined))?.status === 'ready',
    10_000,
  );
});

test('lists of all workers are one, asked anywhere; a worker that is blocked is named', async () => {
  const ids: string[] = [];
  for (const worker of [1, 2, 3]) ids.push(await idOn(system, 'desk', worker, 'listed'));
  const began = Date.now();
  ids.forEach((id, n) => {
    system.tell(id, { type: 'wait', ms: 2_000 });
    for (let more = 0; more < 500 * (n + 1); more++) system.tell(id, { type: 'add' });
  });
  const top = ['1500', '1000', '500'];
  const mailboxes = async (): Promise<string[]> =>
    (await system.list({ kind: 'desk', sort: 'mailbox', limit: 3 })).actors.map(({ mailbox }) => String(mailbox));
  await until('all mail has arrived', async () => (await mailboxes()).join() === top.join());
  const first = await system.list({ sort: 'mailbox', limit: 2 });
  const wanted = [ids[2], ids[1]];
  expect(first.actors.map(({ id, worker, turn }) => [id, worker, turn])).toEqual([
    [wanted[0], 3, 'wait'],
    [wanted[1], 2, 'wait'],
  ]);
  expect((await system.list({ sort: 'mailbox', limit: 2, after: first.next })).actors[0]?.id).toBe(ids[0]);
  const { value } = await inMain(system, 1, 'list', { sort: 'mailbox', limit: 2 });
  const { workMs, ...same } = first;
  const { workMs: ofOther, ...other } = value as typeof first;
  expect(other).toEqual(nearly(JSON.parse(JSON.stringify(same))));
  for (const ms of [workMs, ofOther]) expect(ms).toBeGreaterThan(0);
  expect(first.silent).toEqual([]);
  expect(Date.now() - began).toBeLessThan(2_000);
  await until('all is done', async () => (await mailboxes()).length === 0);
  system.tell(ids[1] as string, { type: 'block', ms: 6_000 });
  let without: ActorList | undefined;
  await until('it is blocked', async () => {
    without = await system.list({ kind: 'desk', limit: 1_000 });
    return without.silent.join() === '2';
  });
  expect(without?.actors.map(({ worker }) => worker)).not.toContain(2);
  await until('the loop is free', async () => (await system.list()).silent.length === 0, 10_000);
});

test('a durable one that sleeps is read and not woken; one that is not placed yet is not placed', async () => {
  await system.ask('vault/a', { type: 'add', n: 7 });
  await until('it sleeps', async () => !(await system.where('vault/a')).active);
  for (let n = 0; n < 3; n++) {
    const asleep = await inspectEverywhere('vault/a');
    expect(asleep).toMatchObject({
      ...{ status: 'passivated', durable: true, state: { sum: 7, starts: 1 }, turn: undefined, waitsFor: [] },
      reminders: { count: 1, first: [{ name: 'audit', type: 'add' }] },
    });
    expect(asleep.until).toBeGreaterThan(Date.now() + 3_000_000);
  }
  expect(await system.ask('vault/a', { type: 'get' })).toEqual({ sum: 7, starts: 2 });
  expect(await system.inspect('rover/a')).toMatchObject({ status: 'absent', worker: undefined });
  const pid = await system.ask<number>('rover/a', { type: 'add' });
  expect(await inspectEverywhere('rover/a')).toMatchObject({ status: 'ready', pid });
});

test('metrics have the processor time, loop, queues and commits of each process', async () => {
  const id = await idOn(system, 'desk', 1, 'busy');
  await system.metrics();
  await new Promise((resolve) => setTimeout(resolve, 300));
  system.tell(id, { type: 'block', ms: 400 });
  for (let n = 0; n < 20; n++) system.tell(id, { type: 'add' });
  await system.ask('vault/counted', { type: 'add', n: 1 });
  await until('it is done', async () => (await system.inspect(id).catch(() => undefined))?.state !== undefined);
  const { workers, queueBytes, deadLettersBy, restarts, deadLetters } = await system.metrics();
  expect(workers.map(({ worker }) => worker).sort()).toEqual([0, 1, 2, 3]);
  for (const { cpuMs, loop } of workers) {
    expect(cpuMs).toBeGreaterThan(10);
    expect(loop.utilization).toBeGreaterThan(0);
    expect(loop.utilization).toBeLessThanOrEqual(1);
  }
  const late = workers.find(({ worker }) => worker === 1)?.loop.delayMs?.max;
  expect(late).toBeGreaterThan(300);
  const commits = workers.flatMap((worker) => worker.commits ?? []);
  expect(commits.reduce((sum, one) => sum + one.commits, 0)).toBeGreaterThan(0);
  for (const { totalMs, longestMs, failed } of commits) {
    expect(longestMs).toBeLessThanOrEqual(totalMs);
    expect(failed).toBe(0);
  }
  expect(Object.values(deadLettersBy).reduce((sum, count) => sum + count, 0)).toBe(deadLetters);
  for (const { worker, links, gc } of workers) {
    expect(links.map((link) => link.worker).sort()).toEqual([0, 1, 2, 3].filter((other) => other !== worker));
    for (const { isLinked, framesIn, bytesOut } of links)
      expect([isLinked, framesIn >= 0, bytesOut >= 0]).toEqual([true, true, true]);
    expect(gc?.count).toBeGreaterThanOrEqual(0);
  }
  const [out, into] = ['bytesOut', 'bytesIn'].map(
    (name) => workers.find(({ worker }) => worker === 0)?.links.find((link) => link.worker === 1)?.[name as 'bytesIn'],
  );
  expect(out).toBeGreaterThan(100);
  expect(into).toBeGreaterThan(10);
  expect([queueBytes >= 0, restarts]).toEqual([true, expect.any(Number)]);
});

test('the last turns of an actor, asked anywhere, also of the worker where it was before', async () => {
  const id = await idOn(system, 'desk', 1, 'history');
  await system.ask(id, { type: 'wait', ms: 60 });
  await faultOf(system.ask(id, { type: 'fail' }));
  await system.move(id, 2);
  await system.ask(id, { type: 'add' });
  for (const worker of [1, 2, 3]) {
    const turns = (await inMain(system, worker, 'history', id)).value as Awaited<ReturnType<System['history']>>;
    expect(turns.map(({ type, outcome }) => [type, outcome])).toEqual([
      ['wait', 'done'],
      ['fail', 'failed'],
      ['add', 'done'],
    ]);
    expect(turns[0]?.ms).toBeGreaterThan(50);
    expect(turns[0]?.at).toBeGreaterThan(Date.now() - 60_000);
  }
  expect(await system.history('vault/a')).toEqual([]);
});

test('after a move and after the death of a worker an inspection finds it where it is', async () => {
  const id = await idOn(system, 'desk', 1, 'moved');
  await system.ask(id, { type: 'add' });
  await system.move(id, 3);
  expect(await inspectEverywhere(id)).toMatchObject({ worker: 3, status: 'ready', state: { done: 1 } });
  const pid = kill(system, 3);
  await until('the table says so', async () => (await system.inspect(id).catch(() => undefined))?.pid !== pid);
  expect(['absent', undefined]).toContain((await system.inspect(id).catch(() => undefined))?.status);
  await whenReady(system, 3, pid);
});

test('times of turns and waits by kind, of all workers, asks that timed out, and hand-offs', async () => {
  await until('nothing moves', async () => (await system.metrics()).handoffs?.open === 0);
  const before = await system.metrics();
  const id = await idOn(system, 'desk', 3, 'timed');
  await system.ask(id, { type: 'wait', ms: 200 });
  const busy = system.ask(id, { type: 'wait', ms: 400 });
  expect(await faultOf(system.ask(id, { type: 'add' }, { timeoutMs: 50 }))).toMatchObject({ code: 'ASK_TIMEOUT' });
  system.tell(id, { type: 'add' });
  await busy;
  await system.move(id, 1);
  await system.ask(id, { type: 'add' });
  const { kinds, handoffs, asksTimedOutBy, workers } = await system.metrics();
  const { handlingMs, waitMs } = kinds.desk ?? {};
  expect(handlingMs?.max).toBeGreaterThan(395);
  expect(handlingMs?.p99).toBeGreaterThan(395);
  expect(handlingMs?.p50).toBeLessThan(390);
  expect(waitMs?.max).toBeGreaterThan(200);
  expect(workers.filter(({ kinds: own }) => own.desk?.handlingMs !== undefined).length).toBeGreaterThan(1);
  expect(asksTimedOutBy.desk).toBe((before.asksTimedOutBy.desk ?? 0) + 1);
  // Those that a worker of before had begun with may have ended since, too.
  expect(handoffs?.done).toBeGreaterThan(before.handoffs?.done ?? 0);
  expect(handoffs?.ms?.max).toBeGreaterThan(0);
  expect(handoffs?.open).toBe(0);
});
