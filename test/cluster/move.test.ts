/** What an actor takes along when it moves, on real processes; and what happens where it cannot. */
import type { System } from 'troupe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  collectDeadLetters,
  faultOf,
  idOn,
  kill,
  numbers,
  pidOf,
  sleep,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
  untilInTurn,
  whenAllReady,
} from './harness.ts';

let system: System;
let count = 0;

beforeAll(async () => {
  system = await startSystem({ workers: 3, supervision: TIRELESS, shutdownMs: 1_500 });
});
afterAll(stopSystems);

interface All {
  n: number;
  args: unknown;
  since: Date;
  map: Map<number, { by: { id: string; ask(message: { type: string; n: number }): Promise<unknown> } }>;
  heard: number[];
  ended: { id: string; reason: string }[];
  beats: number;
  late: [what: string, lateMs: number][];
  opened: number[];
  hooks: string[];
}

async function onWorker(worker: number, kind = 'traveller'): Promise<string> {
  return idOn(system, kind, worker, `m${++count}-`);
}

function all(id: string): Promise<All> {
  return system.ask<All>(id, { type: 'all' });
}

async function moveAround(id: string): Promise<void> {
  for (const worker of [2, 3, 1, 2]) {
    await system.move(id, worker);
    expect(await system.where(id)).toMatchObject({ worker, pid: pidOf(system, worker), active: true });
  }
}

describe('with it goes', () => {
  test('the state: all that structured clone keeps, and refs that work; no hook is called; the fence grows', async () => {
    const id = await onWorker(1);
    await system.ask(id, { type: 'add', n: 3 });
    const before = await all(id);
    const fences = [await system.ask<string>(id, { type: 'fence' })];
    for (const worker of [2, 3, 1]) {
      await system.move(id, worker);
      expect(await system.ask(id, { type: 'pid' })).toBe(pidOf(system, worker));
      fences.push(await system.ask<string>(id, { type: 'fence' }));
    }
    const after = await all(id);
    expect([after.n, after.since, after.hooks]).toEqual([3, before.since, ['start']]);
    expect(await after.map.get(3)?.by.ask({ type: 'add', n: 4 })).toBe(7);
    expect(new Set(fences).size).toBe(4);
    expect([...fences].sort()).toEqual(fences);
  });

  test('waiting mail, in order, asks among it', async () => {
    const id = await onWorker(1);
    const waited = system.ask(id, { type: 'wait', ms: 150 });
    const asks = numbers(50).map((n) => system.ask(id, { type: 'item', n }));
    await system.move(id, 2);
    expect(await waited).toBe('waited');
    expect(await Promise.all(asks)).toEqual(numbers(50));
    expect((await all(id)).opened).toEqual(numbers(50));
  });

  test('what it has stashed, with the asks in it', async () => {
    const id = await onWorker(1);
    await system.ask(id, { type: 'close' });
    for (const n of numbers(20)) system.tell(id, { type: 'item', n });
    const ask = system.ask(id, { type: 'item', n: 20 });
    await moveAround(id);
    system.tell(id, { type: 'item', n: 21 });
    system.tell(id, { type: 'open' });
    system.tell(id, { type: 'item', n: 22 });
    expect(await ask).toBe(20);
    expect((await all(id)).opened).toEqual(numbers(23));
  });

  test('its timers: those that are due on the way come once, and on time', async () => {
    const id = await onWorker(1);
    await system.ask(id, { type: 'every', ms: 50 });
    for (const ms of [5, 40, 300, 600]) await system.ask(id, { type: 'after', ms, what: `after ${ms}` });
    const began = Date.now();
    let longestMs = 0;
    for (let from = began; from - began < 700; from = Date.now()) {
      await moveAround(id);
      longestMs = Math.max(longestMs, Date.now() - from);
    }
    await sleep(100);
    const { beats, late } = await all(id);
    const elapsed = Date.now() - began;
    // What is due while its actor is on its way comes at the end of that, which takes its time on a busy machine.
    expect(beats).toBeGreaterThanOrEqual((elapsed - longestMs) / 50 - 4);
    expect(beats).toBeLessThanOrEqual(elapsed / 50 + 2);
    expect(late.map(([what]) => what)).toEqual(['after 5', 'after 40', 'after 300', 'after 600']);
    for (const [what, lateMs] of late) expect(lateMs, what).toBeLessThan(150 + longestMs);
  });

  test('whom it watches and who watches it', async () => {
    const [id, other] = [await onWorker(1), await onWorker(2)];
    await system.ask(id, { type: 'add', n: 1 });
    await system.ask(other, { type: 'add', n: 1 });
    await system.ask(other, { type: 'watch', id });
    await system.ask(id, { type: 'watch', id: other });
    const heard: string[] = [];
    system.watch(id, ({ reason }) => heard.push(reason));
    await moveAround(id);
    await moveAround(other);
    await sleep(30);
    expect([(await all(id)).ended, (await all(other)).ended, heard]).toEqual([[], [], []]);
    await system.stop(other, 'done');
    await until('it is told', async () => (await all(id)).ended.length > 0);
    expect((await all(id)).ended).toEqual([{ id: other, reason: 'done' }]);
    // Whoever watched it before the moves is told of its end as well, once.
    await system.stop(id, 'over');
    await until('it is told', () => heard.length > 0);
    await sleep(50);
    expect(heard).toEqual(['over']);
  });

  test('its subscriptions, without a message lost or twice', async () => {
    const id = await onWorker(1);
    await system.ask(id, { type: 'join', topic: id });
    let n = 0;
    const timer = setInterval(() => system.publish(id, { type: 'news', n: n++ } as { type: string }), 1);
    for (const _ of numbers(10)) await moveAround(id);
    clearInterval(timer);
    expect((await all(id)).heard).toEqual(numbers(n));
    await system.ask(id, { type: 'leave', topic: id });
    system.publish(id, { type: 'news', n: -1 } as { type: string });
    expect((await all(id)).heard).toHaveLength(n);
  });

  test('its children, and theirs: they live where it lives, and end with it', async () => {
    const id = await onWorker(1);
    const child = await system.ask<string>(id, { type: 'bear', key: `child-of-${count}` });
    const grandchild = await system.ask<string>(child, { type: 'bear', key: `grandchild-of-${count}` });
    for (const one of [id, child, grandchild]) await system.ask(one, { type: 'add', n: 2 });
    await moveAround(id);
    for (const one of [id, child, grandchild]) {
      expect((await system.where(one)).worker, one).toBe(2);
      expect((await all(one)).n, one).toBe(2);
    }
    expect((await all(child)).args).toEqual({ of: id });
    await faultOf(system.ask(child, { type: 'boom' }));
    expect((await all(child)).n).toBe(0);
    await system.stop(id);
    for (const one of [child, grandchild]) expect((await system.where(one)).active, one).toBe(false);
  });

  test('a machine’s place, and the delay that runs', async () => {
    const id = await onWorker(1, 'kettle');
    const began = Date.now();
    expect((await system.ask(id, { type: 'heat', cups: 3 })).value).toBe('heating');
    await moveAround(id);
    expect(await system.ask(id, { type: 'look' })).toMatchObject({ value: 'heating', context: { cups: 3 } });
    await until('it boils', async () => (await system.ask(id, { type: 'look' })).value === 'hot');
    expect(Date.now() - began).toBeGreaterThanOrEqual(790);
    expect(Date.now() - began).toBeLessThan(3_000);
  });

  test('its passivation clock', async () => {
    const id = await onWorker(1, 'sleeper');
    await system.ask(id, { type: 'hi' });
    await sleep(450);
    await system.move(id, 2);
    expect((await system.where(id)).active).toBe(true);
    await sleep(450);
    expect((await system.where(id)).active).toBe(false);
    // Asleep it has a place too.
    expect(await system.ask(id, { type: 'hi' })).toBe(pidOf(system, 2));
  });

  test('that it was spawned: after a crash of its new host it is started again', async () => {
    const ref = await system.spawn('traveller', { key: `spawned${count}`, args: { x: 1 }, placement: { worker: 1 } });
    await system.move(ref.id, 3);
    kill(system, 3);
    await until('it lives elsewhere', async () => {
      const home = await system.where(ref.id).catch(() => undefined);
      return home?.active && home.worker !== 3;
    });
    expect((await all(ref.id)).args).toEqual({ x: 1 });
    await whenAllReady(system);
  });

  test('nothing where nobody lives: the id has its new place all the same', async () => {
    const id = await onWorker(1);
    await system.move(id, 2);
    expect(await system.where(id)).toMatchObject({ worker: 2, active: false });
    expect(await system.ask(id, { type: 'pid' })).toBe(pidOf(system, 2));
    await system.move(id, 2);
  });
});

describe('a move is refused', () => {
  test.each([77, 3_000])('to worker %i, which is none', async (worker) => {
    const id = await onWorker(1);
    await system.ask(id, { type: 'add', n: 1 });
    expect((await faultOf(system.move(id, worker))).code).toBe('NO_WORKER');
    expect([(await system.where(id)).worker, (await all(id)).n]).toEqual([1, 1]);
  });

  test.each([0, -1, 1.5, '2', undefined])('to %j', async (worker) => {
    expect((await faultOf(system.move('traveller/a', worker as never))).code).toBe('INVALID_OPTIONS');
  });

  test('of an id that is none, or of no known kind', async () => {
    expect((await faultOf(system.move('traveller', 1))).code).toBe('INVALID_ACTOR_ID');
    expect((await faultOf(system.move('nobody/a', 1))).code).toBe('UNKNOWN_KIND');
  });

  test('of a child: it moves with its parent', async () => {
    const id = await onWorker(1);
    const child = await system.ask<string>(id, { type: 'bear', key: `stays${count}` });
    const { code, message } = await faultOf(system.move(child, 2));
    expect([code, message]).toEqual(['INVALID_OPTIONS', expect.stringContaining(id)]);
    expect((await system.where(child)).worker).toBe(1);
    expect(await system.ask(child, { type: 'add', n: 1 })).toBe(1);
    await system.move(child, 1);
  });

  test('where the state cannot be encoded: it names the path, the actor stays and goes on', async () => {
    const id = await onWorker(1);
    await system.ask(id, { type: 'add', n: 1 });
    await system.ask(id, { type: 'spoil' });
    const { code, message } = await faultOf(system.move(id, 2));
    expect([code, message]).toEqual(['INVALID_MESSAGE', expect.stringMatching(/state\.odd/)]);
    expect(message).toContain(id);
    expect([(await system.where(id)).worker, await system.ask(id, { type: 'add', n: 1 })]).toEqual([1, 2]);
    // Its worker stays as well, and takes up work again.
    const before = pidOf(system, 1);
    expect((await faultOf(system.restartWorker(1))).message).toContain(id);
    expect((await faultOf(system.removeWorker(1))).message).toContain(id);
    expect([pidOf(system, 1), system.workers()[0]?.state]).toEqual([before, 'ready']);
    await system.ask(id, { type: 'mend' });
    await system.move(id, 2);
    expect(await system.ask(id, { type: 'add', n: 1 })).toBe(3);
    // What could move has moved when the drain was given up; a restart gives it its share again.
    await system.restartWorker(1);
  });
});

describe('a handler that does not end', () => {
  test('is told by its signal at the deadline, and what then ends moves on', async () => {
    const id = await onWorker(1);
    await system.ask(id, { type: 'add', n: 5 });
    const obeyed = system.ask(id, { type: 'obey' }, { timeoutMs: 20_000 });
    await untilInTurn(system, id, 'obey');
    const began = Date.now();
    await system.move(id, 2);
    expect(Date.now() - began).toBeGreaterThan(1_000);
    expect(await obeyed).toBe('aborted');
    expect([(await system.where(id)).worker, (await all(id)).n]).toEqual([2, 5]);
  });

  test('is given up a little later: an event, its asker is told, the mail behind it goes along, in order', async () => {
    const id = await onWorker(1);
    await system.ask(id, { type: 'add', n: 5 });
    const aborted: unknown[] = [];
    await system.subscribe(`hang-${id}`, (message) => aborted.push((message as { type: string }).type));
    const stopped: unknown[] = [];
    const off = system.on('actor-stopped', (event) => event.id === id && stopped.push(event.reason));
    const letters = collectDeadLetters(system);
    const hung = faultOf(system.ask(id, { type: 'hang', topic: `hang-${id}` }, { timeoutMs: 20_000 }));
    await until('it hangs', () => aborted.includes('hangs'));
    for (const n of numbers(10)) system.tell(id, { type: 'item', n });
    const ask = system.ask(id, { type: 'item', n: 10 }, { timeoutMs: 20_000 });
    await system.move(id, 2);
    expect((await hung).fate).toBe('executed');
    expect(await ask).toBe(10);
    const { n, opened } = await all(id);
    // Killed is killed: the incarnation at its new host is another one.
    expect([n, opened, (await system.where(id)).worker]).toEqual([0, numbers(11), 2]);
    expect(aborted).toEqual(['hangs', 'aborted']);
    expect(stopped).toEqual(['killed']);
    expect(letters.filter(({ to }) => to === id)).toEqual([]);
    off();
  });

  test('does not keep its worker from being replaced', async () => {
    const id = await onWorker(3);
    const hung = faultOf(system.ask(id, { type: 'hang', topic: 'nobody-listens' }, { timeoutMs: 20_000 }));
    await untilInTurn(system, id, 'hang');
    const before = pidOf(system, 3);
    await system.restartWorker(3);
    expect(pidOf(system, 3)).not.toBe(before);
    expect((await hung).fate).toBe('executed');
  });
});

describe('workers', () => {
  test('the last one of a role is not removed; a single one is replaced all the same', async () => {
    const roles = await startSystem({
      workers: [
        { role: 'web', count: 1 },
        { role: 'mail', count: 1 },
      ],
      supervision: TIRELESS,
    });
    await roles.ask('clerk/a', { type: 'note', n: 1 });
    const index = roles.workers().find(({ role }) => role === 'mail')?.index as number;
    const { code, message } = await faultOf(roles.removeWorker(index));
    expect([code, message]).toEqual([
      'NO_WORKER',
      `cannot remove worker ${index}: no other worker of role 'mail' can host its actors`,
    ]);
    const before = pidOf(roles, index);
    await roles.restartWorker(index);
    expect(pidOf(roles, index)).not.toBe(before);
    expect(roles.workers().map(({ role, state }) => [role, state])).toEqual([
      ['web', 'ready'],
      ['mail', 'ready'],
    ]);
    expect(await roles.ask('clerk/a', { type: 'seen' })).toMatchObject({ seen: [1] });
  });

  test.each([77, 1.5, 0])('%s is none', async (index) => {
    for (const call of [system.removeWorker(index), system.restartWorker(index)])
      expect((await faultOf(call)).code).toBe(index === 77 ? 'NO_WORKER' : 'INVALID_OPTIONS');
  });

  test('added, one gets its share of the actors that live; their state goes along', async () => {
    const ids = numbers(60).map((n) => `traveller/share-${n}`);
    for (const id of ids) await system.ask(id, { type: 'add', n: 1 });
    const index = await system.addWorker();
    await until('it hosts some', async () => {
      const homes = await Promise.all(ids.map((id) => system.where(id)));
      return homes.filter(({ worker }) => worker === index).length > 5;
    });
    for (const id of ids) expect(await system.ask(id, { type: 'add', n: 1 })).toBe(2);
    await system.removeWorker(index);
    for (const id of ids) expect(await system.ask(id, { type: 'add', n: 1 })).toBe(3);
  });
});
