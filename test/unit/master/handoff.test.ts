import { describe, expect, test } from 'vitest';
import { HANDOFF_MS_MAX, RELEASE_MS, UNITS_PER_MOVE } from '../../../src/master/handoff-service.ts';
import { rendezvous } from '../../../src/placement/placement-strategies.ts';
import type { MasterRequest, MoveOrder } from '../../../src/wire/control.ts';
import { homesOf, idOn, type Reply, request, startTestSystem, type TestSystem } from './system.ts';

function claim(system: TestSystem, id: string, worker: number, fresh = false): Reply {
  const what: MasterRequest = { kind: 'claim', id, role: '', worker, fresh, strategy: 'hash' };
  return request(system.self, what);
}

/** A claim of an id whose shard is on worker 1, for worker 2, of which nothing has come yet. */
async function claimUnderWay(count = 3): Promise<{ system: TestSystem; id: string; reply: Reply; move: MoveOrder }> {
  const system = await startTestSystem({ groups: [{ role: 'worker', count }] });
  for (const worker of system.host.forked) worker.behave = {};
  const id = idOn(system, 'counter', 1);
  const reply = claim(system, id, 2);
  await system.clock.advance(1);
  const move = system.self.all('hold')[0]?.move as MoveOrder;
  return { system, id, reply, move };
}

describe('a claim', () => {
  test('of a fresh id is pinned without a hold, and answered only after the change was sent', async () => {
    const system = await startTestSystem();
    const { clock, self } = system;
    const reply = claim(system, idOn(system, 'counter', 1), 2, true);
    await clock.advance(1);
    expect(reply.value()).toBe(2);
    expect(self.all('hold')).toEqual([]);
    const types = self.types();
    expect(types.lastIndexOf('table')).toBeLessThan(types.indexOf('reply'));
  });

  test('with many others of one turn is one table change', async () => {
    const system = await startTestSystem();
    const replies = Array.from({ length: 50 }, (_, n) => claim(system, `counter/fresh-${n}`, 2, true));
    await system.clock.advance(1);
    expect(replies.every((reply) => reply.value() === 2)).toBe(true);
    expect(system.self.all('table').length).toBe(2);
    expect(system.self.all('table')[1]?.change.pins.length).toBe(50);
  });

  test('of an id that lives elsewhere by its shard is a hand-off from there, told to every process', async () => {
    const { system, id, reply, move } = await claimUnderWay();
    expect(move).toMatchObject({
      purpose: 'claim',
      units: [id],
      from: { index: 1, incarnation: 1 },
      to: { index: 2, incarnation: 1 },
    });
    for (const process of [system.self, ...system.host.forked])
      expect(process.all('hold').map(({ move: of }) => of)).toEqual([move]);
    system.host.worker(2).say({ type: 'installed', move: move.id });
    await system.clock.advance(1);
    expect(reply.value()).toBe(2);
    expect(system.self.all('table').at(-1)?.change).toMatchObject({ pins: [[id, 2]], endedMoves: [move.id] });
    expect(system.host.faults).toEqual([]);
  });

  test('of an id under which an actor lives is refused with what its host says, and everybody releases', async () => {
    const { system, id, reply, move } = await claimUnderWay();
    system.host
      .worker(1)
      .say({ type: 'refused', move: move.id, error: { code: 'ALREADY_EXISTS', message: 'expected nobody; got it' } });
    await system.clock.advance(1);
    expect(reply.error()).toMatchObject({ code: 'ALREADY_EXISTS' });
    for (const process of [system.self, ...system.host.forked])
      expect(process.all('abort')).toEqual([{ type: 'abort', move: move.id }]);
    expect([system.self.table?.pinOf(id), system.self.table?.epoch]).toEqual([undefined, 1]);
  });

  test('of which nothing comes ends at its deadline, not before, and a late word changes nothing', async () => {
    const { system, id, reply, move } = await claimUnderWay();
    await system.clock.advance(HANDOFF_MS_MAX - 10);
    expect(reply.isThere()).toBe(false);
    await system.clock.advance(20);
    expect(reply.error()?.code).toBe('ACTOR_UNAVAILABLE');
    expect(system.self.all('abort')).toEqual([{ type: 'abort', move: move.id }]);
    system.host.worker(2).say({ type: 'installed', move: move.id });
    await system.clock.advance(1);
    expect(system.self.table?.pinOf(id)).toBeUndefined();
  });

  test('of an id that is being claimed already waits for its turn', async () => {
    const { system, id, reply, move } = await claimUnderWay();
    const second = claim(system, id, 3);
    await system.clock.advance(10);
    expect(system.self.all('hold').length).toBe(1);
    system.host.worker(2).say({ type: 'installed', move: move.id });
    await system.clock.advance(1);
    const next = system.self.all('hold')[1]?.move as MoveOrder;
    expect(next).toMatchObject({ from: { index: 2 }, to: { index: 3 } });
    system.host.worker(2).say({ type: 'refused', move: next.id, error: { code: 'ALREADY_EXISTS', message: 'got it' } });
    await system.clock.advance(1);
    expect([reply.value(), second.error()?.code, system.self.table?.pinOf(id)]).toEqual([2, 'ALREADY_EXISTS', 2]);
    expect(system.host.faults).toEqual([]);
  });

  test.each([0, 4, 99])('for worker %i, which cannot host, is refused with NO_WORKER', async (worker) => {
    const system = await startTestSystem();
    const reply = claim(system, 'counter/a', worker, true);
    await system.clock.advance(1);
    expect([reply.error()?.code, system.self.table?.epoch]).toEqual(['NO_WORKER', 1]);
  });
});

describe('a hand-off in which somebody dies', () => {
  test('the old host: the very change that declares it dead commits the move at its new host', async () => {
    const { system, id, reply, move } = await claimUnderWay();
    system.host.worker(1).exit();
    await system.clock.advance(1);
    const { change } = system.self.all('table').at(-1) ?? {};
    expect(change).toMatchObject({ epoch: 2, dead: { index: 1 }, pins: [[id, 2]], endedMoves: [move.id] });
    expect(reply.value()).toBe(2);
  });

  test('the new host: the unit stays, and the very change that declares it dead ends the hold', async () => {
    const { system, id, reply, move } = await claimUnderWay();
    system.host.worker(2).exit();
    await system.clock.advance(1);
    const { change } = system.self.all('table').at(-1) ?? {};
    expect(change).toMatchObject({ epoch: 2, dead: { index: 2 }, endedMoves: [move.id], pins: [] });
    expect([system.self.table?.hostOf(id, ''), reply.error()?.code]).toEqual([1, 'ACTOR_UNAVAILABLE']);
  });

  test('both, one after the other: the unit goes to the one that is left, and the move ends once', async () => {
    const { system, id, move } = await claimUnderWay();
    system.host.worker(1).exit();
    system.host.worker(2).exit();
    await system.clock.advance(1);
    expect(system.self.table?.hostOf(id, '')).toBe(3);
    expect(system.self.all('table').flatMap(({ change }) => change.endedMoves)).toEqual([move.id]);
  });

  test('a bystander: the move goes on, the change of that death ends no hold', async () => {
    const { system, id, move } = await claimUnderWay();
    system.host.worker(3).exit();
    await system.clock.advance(1);
    expect(system.self.all('table').at(-1)?.change).toMatchObject({ dead: { index: 3 }, endedMoves: [] });
    system.host.worker(2).say({ type: 'installed', move: move.id });
    await system.clock.advance(1);
    expect(system.self.table?.pinOf(id)).toBe(2);
  });

  test('the new host right after its installed: the unit is placed there first and then falls with it', async () => {
    const { system, id, move } = await claimUnderWay();
    system.host.worker(2).say({ type: 'installed', move: move.id });
    await Promise.resolve();
    system.host.worker(2).exit();
    await system.clock.advance(1);
    expect(system.self.all('table').flatMap(({ change }) => change.endedMoves)).toEqual([move.id]);
    expect([system.self.table?.pinOf(id), system.self.table?.hostOf(id, '')]).toEqual([undefined, 1]);
  });

  test('installed from a process whose exit was handled is ignored', async () => {
    const { system, id, move } = await claimUnderWay();
    const dead = system.host.worker(2);
    dead.exit();
    dead.sayAnyway({ type: 'installed', move: move.id });
    await system.clock.advance(5);
    expect([system.self.table?.pinOf(id), system.self.table?.hostOf(id, '')]).toEqual([undefined, 1]);
  });

  test('a process that comes in the middle is welcomed with the standing holds', async () => {
    const { system, move } = await claimUnderWay();
    system.host.worker(3).exit();
    await system.clock.advance(200);
    expect(system.host.worker(3).all('welcome')[0]?.holds).toEqual([move]);
  });
});

describe('an ended actor with a pin', () => {
  async function pinned(): Promise<{ system: TestSystem; id: string }> {
    const system = await startTestSystem();
    const id = idOn(system, 'counter', 1);
    claim(system, id, 2, true);
    await system.clock.advance(1);
    return { system, id };
  }

  test('goes back to its shard by a hand-off', async () => {
    const { system, id } = await pinned();
    system.host.worker(2).say({ type: 'ended', ids: [id] });
    await system.clock.advance(RELEASE_MS + 10);
    expect(system.self.all('hold')[0]?.move).toMatchObject({
      purpose: 'release',
      units: [id],
      from: { index: 2 },
      to: { index: 1 },
    });
    expect([system.self.table?.pinOf(id), system.self.table?.hostOf(id, '')]).toEqual([undefined, 1]);
  });

  test('keeps its place where it lives again by then', async () => {
    const { system, id } = await pinned();
    system.host.worker(2).say({ type: 'ended', ids: [id] });
    system.host.worker(2).say({ type: 'spawned', records: [{ id, args: 1 }] });
    await system.clock.advance(RELEASE_MS * 3);
    expect([system.self.all('hold'), system.self.table?.pinOf(id)]).toEqual([[], 2]);
  });

  test('keeps its place where its host refuses to let go', async () => {
    const { system, id } = await pinned();
    system.host.worker(1).behave = {};
    system.host.worker(2).behave = { handoffs: 'refuse' };
    system.host.worker(2).say({ type: 'ended', ids: [id] });
    await system.clock.advance(RELEASE_MS * 3);
    expect([system.self.all('abort').length, system.self.table?.pinOf(id)]).toEqual([1, 2]);
  });

  test('whose shard lives where it was pinned is unpinned without a hold', async () => {
    const system = await startTestSystem();
    const id = idOn(system, 'counter', 2);
    claim(system, id, 2, true);
    await system.clock.advance(1);
    system.host.worker(2).say({ type: 'ended', ids: [id] });
    await system.clock.advance(RELEASE_MS + 10);
    expect([system.self.all('hold'), system.self.table?.pinOf(id)]).toEqual([[], undefined]);
  });
});

describe('a pin', () => {
  const args = { id: 'counter/x', args: 1 };

  test('stays where the end of a former incarnation is told late, by another worker', async () => {
    const system = await startTestSystem();
    const { clock, host, self } = system;
    const id = idOn(system, 'counter', 1);
    claim(system, id, 2, true);
    host.worker(2).say({ type: 'spawned', records: [{ ...args, id }] });
    await clock.advance(1);
    host.worker(1).say({ type: 'ended', ids: [id] });
    await clock.advance(RELEASE_MS * 3);
    expect([self.all('hold'), self.table?.pinOf(id)]).toEqual([[], 2]);
    host.worker(2).exit();
    await clock.advance(1);
    expect(host.worker(1).started).toEqual([{ ...args, id }]);
  });

  test('stays where it is claimed again right after its end', async () => {
    const system = await startTestSystem();
    const { clock, host, self } = system;
    const id = idOn(system, 'counter', 1);
    claim(system, id, 2, true);
    await clock.advance(1);
    host.worker(2).say({ type: 'ended', ids: [id] });
    await clock.advance(1);
    claim(system, id, 2);
    await clock.advance(RELEASE_MS * 3);
    expect([self.all('hold'), self.table?.pinOf(id)]).toEqual([[], 2]);
  });

  test('is given back where the process that claimed it has died meanwhile', async () => {
    const system = await startTestSystem({ groups: [{ role: 'worker', count: 3 }] });
    const { clock, host, self } = system;
    for (const worker of host.forked) worker.behave = {};
    const id = idOn(system, 'counter', 1);
    request(host.worker(3), { kind: 'claim', id, role: '', worker: 2, fresh: false, strategy: 'hash' });
    await clock.advance(1);
    const { move } = self.all('hold')[0] as { move: MoveOrder };
    host.worker(3).exit();
    for (const worker of host.forked) worker.behave = { handoffs: 'install' };
    host.worker(2).say({ type: 'installed', move: move.id });
    await clock.advance(1);
    expect(self.table?.pinOf(id)).toBe(2);
    await clock.advance(RELEASE_MS * 2);
    expect(self.table?.pinOf(id)).toBeUndefined();
  });
});

describe('a worker that joins later', () => {
  test('is told to go right after it has linked, and gets its share by moves from whoever has it', async () => {
    const system = await startTestSystem();
    const { clock, host, self } = system;
    const reply = request(self, { kind: 'add-worker' });
    await clock.advance(1_000);
    expect(reply.value()).toBe(3);
    expect(host.worker(3).role).toBe('worker');
    expect(self.table?.column('')).toEqual(Array.from({ length: 1024 }, (_, shard) => rendezvous(shard, [1, 2, 3])));
    expect(self.all('hold').every(({ move }) => move.purpose === 'move' && move.to.index === 3)).toBe(true);
    expect(host.faults).toEqual([]);
  });

  test('leaves alone what its host refuses to hand over, and does not ask without end', async () => {
    const system = await startTestSystem();
    const { clock, host, self } = system;
    host.behave = () => ({});
    for (const worker of host.forked) worker.behave = { handoffs: 'refuse' };
    request(self, { kind: 'add-worker' });
    await clock.advance(1_000);
    expect(homesOf(system)).toEqual([1, 2]);
    const asked = (): number => host.forked.flatMap((process) => process.all('prepare')).length;
    const before = asked();
    expect(before).toBeGreaterThan(0);
    await clock.advance(60_000);
    expect(asked()).toBe(before);
    expect(self.all('abort').length).toBe(before);
    expect(self.all('hold')).toEqual([]);
  });
});

describe('a live move', () => {
  /** Of an id on worker 1 to worker 2, held by all, of which nothing has come yet. */
  async function moveUnderWay(): Promise<{ system: TestSystem; id: string; reply: Reply; move: MoveOrder }> {
    const system = await startTestSystem({ groups: [{ role: 'worker', count: 3 }] });
    for (const worker of system.host.forked) worker.behave = {};
    const id = idOn(system, 'counter', 1);
    const reply = request(system.self, { kind: 'move', id, worker: 2 });
    await system.clock.advance(1);
    const { move } = system.host.worker(1).all('prepare')[0] as { move: MoveOrder };
    system.host.worker(1).say({ type: 'prepared', move: move.id, subtree: [], subscriptions: [] });
    await system.clock.advance(1);
    return { system, id, reply, move };
  }

  test('is held by all only when its old host stands still, with the places of its family', async () => {
    const system = await startTestSystem({ groups: [{ role: 'worker', count: 3 }] });
    for (const worker of system.host.forked) worker.behave = {};
    const id = idOn(system, 'counter', 1);
    request(system.self, { kind: 'move', id, worker: 2 });
    await system.clock.advance(1);
    const { move } = system.host.worker(1).all('prepare')[0] as { move: MoveOrder };
    expect(system.self.all('hold')).toEqual([]);
    const subscriptions: [string, string][] = [['news', id]];
    system.host.worker(1).say({ type: 'prepared', move: move.id, subtree: ['child/a'], subscriptions });
    await system.clock.advance(1);
    expect(system.self.all('hold').map(({ move: held }) => held)).toMatchObject([
      { id: move.id, units: [id, 'child/a'], subscriptions },
    ]);
  });

  test('of a busy actor is tried again with more patience, to the deadline and no further', async () => {
    const system = await startTestSystem({ groups: [{ role: 'worker', count: 3 }] });
    const old = system.host.worker(1);
    for (const worker of system.host.forked) worker.behave = {};
    const id = idOn(system, 'counter', 1);
    const reply = request(system.self, { kind: 'move', id, worker: 2 });
    const timeout: number[] = [];
    for (let asked = 0; !reply.isThere() && asked < 100; ) {
      await system.clock.advance(5);
      const prepares = old.all('prepare');
      if (prepares.length === asked) continue;
      asked = prepares.length;
      const { move, quiesceMs, isLast } = prepares.at(-1) as { move: MoveOrder; quiesceMs: number; isLast: boolean };
      timeout.push(isLast ? -quiesceMs : quiesceMs);
      await system.clock.advance(quiesceMs);
      const error = { code: 'ACTOR_UNAVAILABLE' as const, message: 'counter/a did not end its turn in time' };
      old.say({ type: 'refused', move: move.id, error, isBusy: true });
    }
    expect(timeout).toEqual([50, 100, 200, 400, 800, 1_600, -2_000]);
    expect(reply.error()?.code).toBe('ACTOR_UNAVAILABLE');
    expect(system.self.table?.hostOf(id, '')).toBe(1);
  });

  test('whose old host dies ends at its new host, also where that is about to leave', async () => {
    const { system, id, move } = await moveUnderWay();
    request(system.self, { kind: 'restart-worker', index: 2 });
    await system.clock.advance(5);
    system.host.worker(1).exit();
    await system.clock.advance(5);
    const change = system.self.all('table').at(-1)?.change;
    expect([change?.endedMoves.includes(move.id), change?.abortedMoves?.includes(move.id)]).toEqual([true, false]);
    expect(system.self.table?.hostOf(id, '')).toBe(2);
  });

  test('whose new host dies stays where it is', async () => {
    const { system, id, reply, move } = await moveUnderWay();
    system.host.worker(2).exit();
    await system.clock.advance(5);
    const change = system.self.all('table').at(-1)?.change;
    expect([change?.endedMoves, change?.abortedMoves]).toEqual([[move.id], [move.id]]);
    expect([system.self.table?.hostOf(id, ''), reply.error()?.code]).toEqual([1, 'ACTOR_UNAVAILABLE']);
  });
});

test(`a worker that is added gets its share in hand-offs of ${UNITS_PER_MOVE} units at most: each holds up no more than those`, async () => {
  const { clock, host, self } = await startTestSystem();
  const added = request(self, { kind: 'add-worker' });
  await clock.advance(HANDOFF_MS_MAX);
  expect([added.value(), added.error()]).toEqual([3, undefined]);
  const moves = host.forked.flatMap((worker) => worker.all('prepare')).map(({ move }) => move.units);
  expect(Math.max(...moves.map((units) => units.length))).toBe(UNITS_PER_MOVE);
  const moved = new Set(moves.flat()).size;
  const columns = (self.table?.roles() ?? []).flatMap((role) => [...(self.table?.column(role) ?? [])]);
  expect(moved).toBe(columns.filter((worker) => worker === 3).length);
  expect(moved).toBeGreaterThan(UNITS_PER_MOVE * 5);
});
