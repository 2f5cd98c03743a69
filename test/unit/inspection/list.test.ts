/** What `system.list` says: the foremost in each order, page by page, and merged from several processes. */
import { ACTORS_COUNTED_MAX, ActorRates, RATES_WINDOW_MS } from '../../../src/observe/actor-rates.ts';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { type ActorList, defineActor, type ListedActor, type ListSort } from '../../../src/index.ts';
import {
  LIST_LIMIT,
  LIST_LIMIT_MAX,
  type MachineLists,
  mergeLists,
  partsOfMachine,
} from '../../../src/inspection/list-actors.ts';
import { LIST_SLICE_MS, LISTS_MAX, listCells } from '../../../src/inspection/list-cells.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import { createTestSystem, type TestSystem } from '../../../src/testkit/index.ts';

const supervision = { intensity: 100, backoff: { initialMs: 10, maxMs: 10, factor: 1, jitter: 0 } };
const job = defineActor({
  supervision,
  receive: {
    hold: () => new Promise<void>(() => {}),
    add: () => undefined,
    fail() {
      throw new Error('on purpose');
    },
  },
});
const other = defineActor({ receive: { add: () => undefined } });

const SORTS: ListSort[] = ['id', 'mailbox', 'bytes', 'busy', 'errors', 'restarts', 'failed', 'age'];

/** Actors of which each has its own age, mail, failures and turn. */
async function populated(): Promise<TestSystem> {
  const test = createTestSystem({ actors: { job, other } });
  const { system, advance, settle } = test;
  const random = seededRandom(3);
  for (let n = 0; n < 60; n++) {
    const id = `job/${Math.floor(random() * 1e6)}`;
    for (let fails = Math.floor(random() * 5); fails > 0; fails--) {
      system.tell(id, { type: 'fail' });
      await advance(20);
    }
    system.tell(id, { type: 'add' });
    if (random() < 0.7) {
      system.tell(id, { type: 'hold' });
      for (let more = Math.floor(random() * 4); more > 0; more--)
        system.tell(id, { type: 'add', text: 'x'.repeat(Math.floor(random() * 3) * 2_000) });
    }
    await settle();
    await advance(700);
  }
  for (let n = 0; n < 5; n++) system.tell(`other/${n}`, { type: 'add' });
  await settle();
  return test;
}

function isIn(sort: ListSort, actor: ListedActor): boolean {
  if (sort === 'mailbox' || sort === 'bytes') return actor.mailbox > 0;
  if (sort === 'busy') return actor.status === 'busy';
  if (sort === 'restarts' || sort === 'children') return actor[sort] > 0;
  if (sort === 'errors') return actor.failures > 0;
  return sort === 'failed' ? actor.failedAt !== undefined : true;
}

function rank(sort: ListSort, actor: ListedActor): number {
  if (sort === 'mailbox' || sort === 'bytes' || sort === 'restarts' || sort === 'children') return -actor[sort];
  if (sort === 'busy') return actor.since;
  if (sort === 'errors') return -actor.failures;
  if (sort === 'failed') return -(actor.failedAt as number);
  return sort === 'age' ? actor.inMemorySince : 0;
}

test('every order begins with its foremost, and its pages have each actor once', async () => {
  const { system, shutdown } = await populated();
  const { actors: all, inMemory, next } = await system.list({ kind: 'job', limit: LIST_LIMIT_MAX });
  expect(inMemory).toBe(all.length);
  expect(next).toBeUndefined();
  expect((await system.list()).inMemory).toBe(all.length + 5);
  for (const sort of SORTS) {
    const wanted = all
      .filter((actor) => isIn(sort, actor))
      .sort((one, two) => rank(sort, one) - rank(sort, two) || (one.id < two.id ? -1 : 1));
    expect(wanted.length).toBeGreaterThan(15);
    const found: ListedActor[] = [];
    let after: string | undefined;
    do {
      const page = await system.list({ kind: 'job', sort, limit: 7, after });
      expect(page.actors.length).toBeGreaterThan(0);
      found.push(...page.actors);
      // Pages of one process come without a turn of the event loop: without an end they would never come to it.
      expect(found.length, `${sort}: actors on all pages`).toBeLessThanOrEqual(wanted.length);
      after = page.next;
    } while (after !== undefined);
    expect([sort, found.map(({ id }) => id)]).toEqual([sort, wanted.map(({ id }) => id)]);
  }
  await shutdown();
});

test('a row says what an actor does and what waits for it', async () => {
  const { system, clock, advance, settle, shutdown } = createTestSystem({ actors: { job, other } });
  const at = clock.wall();
  system.tell('job/a', { type: 'hold' });
  system.tell('job/a', { type: 'add' });
  await settle();
  await advance(900);
  expect(await system.list({ sort: 'busy' })).toEqual({
    actors: [
      {
        ...{ id: 'job/a', worker: 0, status: 'busy', since: at, turn: 'hold', mailbox: 1, bytes: 256, restarts: 0 },
        ...{ inMemorySince: expect.closeTo(at, -3.4), failedAt: undefined, failures: 0 },
        ...{ perSecond: undefined, handlingMs: undefined, parent: undefined, children: 0 },
      },
    ],
    ...{ inMemory: 1, next: undefined, silent: [], workMs: expect.any(Number) },
  });
  await shutdown();
});

test('the lists of processes become one, whichever has how many', () => {
  const random = seededRandom(5);
  const actor = (id: string): ListedActor => ({ id }) as ListedActor;
  for (let run = 0; run < 100; run++) {
    const all = Array.from({ length: 40 }, (_, n) => [Math.floor(random() * 6), `job/${n}`, 1 + (n % 3)] as const);
    const limit = 1 + Math.floor(random() * 50);
    const by = new Map<string, number>(all.map(([, id, worker]) => [id, worker - 1]));
    const sorted = [...all].sort(([a, x], [b, y]) => a - b || (x < y ? -1 : 1));
    const answers = [1, 2, 3].map((worker) => {
      const own = sorted.filter(([, , by]) => by === worker);
      const ranked = own.slice(0, limit).map(([at, id]) => [at, actor(id)] as const);
      return { worker, parts: [{ inMemory: own.length, ranked, hasMore: own.length > limit }], workMs: worker * 2 };
    });
    const queries = [{ kind: undefined, sort: 'id', limit, after: undefined }] as const;
    const own = partsOfMachine(answers, queries, [1, 2, 3, 4], undefined);
    const [list] = mergeLists(own, [], queries);
    const { actors, inMemory, next, silent, workMs } = list as ActorList;
    expect(actors.map(({ id }) => id)).toEqual(sorted.slice(0, limit).map(([, id]) => id));
    expect([inMemory, silent, workMs]).toEqual([40, [4], 6]);
    const last = sorted[limit - 1];
    expect(next).toBe(limit < 40 && last ? `${last[0]} ${last[1]}` : undefined);
    // The same by machines, of which one does not answer, and one not wholly.
    const machines = answers.map((answer, at) => partsOfMachine([answer], queries, [answer.worker, 5 * at], `m${at}`));
    const gone: MachineLists = { machine: 'm4', parts: undefined, silent: [] };
    const [all3] = mergeLists(machines[0] as MachineLists, [...machines.slice(1), gone], queries);
    const { actors: found, silentMachines, ...rest } = all3 as ActorList;
    expect(found).toEqual(actors.map(({ id }) => ({ id, machine: `m${by.get(id)}` })));
    expect(rest).toEqual({ inMemory: 40, next, silent: [0], workMs: 6 });
    expect(silentMachines).toEqual([
      { machine: 'm1', workers: [5] },
      { machine: 'm2', workers: [10] },
      { machine: 'm4', workers: [] },
    ]);
  }
});

test('what is no list is refused', async () => {
  const { system, shutdown } = createTestSystem({ actors: { job, other } });
  const bad: [options: unknown, text: string][] = [
    [{ sort: 'speed' }, 'sort: expected one of id, mailbox, bytes, busy, restarts, errors, rate, latency, failed, age'],
    [{ limit: 0 }, 'limit: expected a whole number from 1 to 1000'],
    [{ limit: LIST_LIMIT_MAX + 1 }, 'limit: expected'],
    [{ kind: 'Not a kind' }, 'kind: expected a name'],
    [{ after: 'job/a' }, 'after: expected the `next` of a list'],
    [{ after: 7 }, 'after: expected the `next` of a list'],
    [{ order: 1 }, 'list() takes { kind, sort, limit, after }'],
    [null, 'list() takes'],
  ];
  for (const [options, text] of bad)
    await expect(system.list(options as never)).rejects.toMatchObject({
      ...{ code: 'INVALID_OPTIONS', message: expect.stringContaining(text) },
    });
  await expect(system.list({ kind: 'jbo' })).rejects.toMatchObject({ code: 'UNKNOWN_KIND' });
  await shutdown();
});

test('a long list leaves the loop to others between its slices, and so many are made at once', async () => {
  // Time is what cells take, whatever else the machine does: a little more than one that is not in a cache.
  let now = 0;
  const CELL_MS = 0.002;
  const clock = Object.assign(systemClock(), { now: () => now });
  const cell = {
    behaviour: { kind: 'job' },
    bornAt: 0,
    lastActiveAt: 0,
    id: 'job/a',
    mailbox: { length: 0, bytes: 0 },
  };
  let worst = 0;
  let beats = 0;
  let last = now;
  function* cells(): Iterable<unknown> {
    for (let n = 0; n < 30_000; n++) {
      now += CELL_MS;
      yield cell;
    }
  }
  const actors = { kernel: { worker: 1, clock }, size: 30_000, cells } as never;
  const queries = [{ kind: undefined, sort: 'mailbox', limit: 10, after: undefined }] as const;
  let isOver = false;
  const beat = (): void => {
    worst = Math.max(worst, now - last);
    last = now += 1;
    beats++;
    if (!isOver) setImmediate(beat);
  };
  setImmediate(beat);
  const { parts, workMs } = await listCells(actors, queries, () => now);
  isOver = true;
  // What others have done with the loop meanwhile is no work of the list.
  expect(workMs).toBeCloseTo(30_000 * CELL_MS);
  expect(parts).toEqual([{ inMemory: 30_000, ranked: [], hasMore: false }]);
  expect(beats).toBeGreaterThan(5);
  // The clock is not looked at for each cell.
  expect(worst).toBeLessThan(LIST_SLICE_MS + 2);
  const many = await Promise.all(Array.from({ length: LISTS_MAX + 1 }, () => listCells(actors, queries)));
  expect(many.filter((one) => one.parts === undefined)).toHaveLength(1);
  expect(() => partsOfMachine(many, queries, [], undefined)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  expect((await listCells(actors, queries)).parts).toHaveLength(1);
});

test('for several lists all actors are gone through once', async () => {
  const clock = systemClock();
  let seen = 0;
  function* cells() {
    for (; seen < 100; seen++) yield { behaviour: { kind: 'job' }, restarts: seen, mailbox: { length: 0 } };
  }
  const query = { kind: undefined, limit: 0, after: undefined };
  const orders = (['mailbox', 'restarts', 'bytes'] as const).map((sort) => ({ ...query, sort }));
  const { parts } = await listCells({ kernel: { worker: 1, clock }, size: 100, cells } as never, orders);
  expect(parts?.map(({ inMemory, hasMore }) => [inMemory, hasMore])).toEqual([
    [100, false],
    [100, true],
    [100, false],
  ]);
  expect(seen).toBe(100);
});

test('by rate and by latency: a first list measures for a second, and a minute after the last one nothing is measured', async () => {
  const { system, clock, advance, settle, shutdown } = createTestSystem({
    actors: {
      job: defineActor({
        receive: {
          work: (_ctx, { ms }: { type: string; ms: number }) =>
            new Promise<void>((done) => void clock.setTimer(ms, done)),
        },
      }),
    },
  });
  const listed = async (sort: ListSort): Promise<unknown[]> => {
    const list = system.list({ sort });
    for (let ms = 0; ms < 1_000; ms += 100) {
      for (let n = 0; n < 3; n++) system.tell('job/often', { type: 'work', ms: 5 });
      // The scheduler looks at its clock in between.
      await advance(1);
      if (ms === 200) system.tell('job/slow', { type: 'work', ms: 400 });
      await advance(99);
    }
    await settle();
    return (await list).actors;
  };
  const byRate = (await listed('rate')) as ListedActor[];
  expect(byRate.map(({ id }) => id)).toEqual(['job/often', 'job/slow']);
  expect(byRate[0]?.perSecond).toBeGreaterThan(20);
  expect(byRate[1]).toMatchObject({ handlingMs: 400 });
  const byLatency = (await listed('latency')) as ListedActor[];
  expect(byLatency.map(({ id }) => id)).toEqual(['job/slow', 'job/often']);
  await advance(60_000);
  const { actors } = await system.list();
  expect(actors.map(({ perSecond }) => perSecond)).toEqual([undefined, undefined]);
  await shutdown();
});

test('mail that waits for the end of a pause is in a list, and so is that of an actor that has nothing else to show', async () => {
  const { system, settle, shutdown } = createTestSystem({ actors: { job, other } });
  for (const id of ['job/a', 'job/b', 'other/a']) await system.ask(id, { type: 'add' });
  await system.pause('job/a');
  for (const id of ['job/a', 'job/a', 'other/a']) system.tell(id, { type: 'add' });
  system.tell('job/b', { type: 'hold' });
  system.tell('job/b', { type: 'add' });
  await settle();
  const rows = async (): Promise<unknown[]> =>
    (await system.list({ sort: 'mailbox' })).actors.map(({ id, mailbox, status }) => [id, mailbox, status]);
  expect(await rows()).toEqual([
    ['job/a', 2, 'paused'],
    ['job/b', 1, 'busy'],
  ]);
  await system.resume('job/a');
  await settle();
  expect(await rows()).toEqual([['job/b', 1, 'busy']]);
  await shutdown();
});

test('a list by rate counts the others of its kind, and has none that has ended', async () => {
  const { system, advance, settle, shutdown } = createTestSystem({ actors: { job, other } });
  for (let n = 0; n < 7; n++) await system.ask(`job/${n}`, { type: 'add' });
  const turns = async (): Promise<void> => {
    for (const id of ['job/1', 'job/2', 'job/2', 'other/a', 'other/a', 'other/a'])
      await system.ask(id, { type: 'add' });
  };
  const first = system.list({ sort: 'rate' });
  await settle();
  await turns();
  await advance(1_000);
  const ids = ({ actors }: ActorList): string[] => actors.map(({ id }) => id);
  expect(ids(await first)).toEqual(['other/a', 'job/2', 'job/1']);
  const ofKind = await system.list({ sort: 'rate', kind: 'job', limit: 1 });
  expect([ids(ofKind), ofKind.inMemory]).toEqual([['job/2'], 7]);
  const rest = await system.list({ sort: 'rate', kind: 'job', limit: 1, after: ofKind.next });
  expect([ids(rest), rest.next]).toEqual([['job/1'], undefined]);
  await system.stop('job/2');
  await system.ask('job/2', { type: 'add' });
  const later = await system.list({ sort: 'rate' });
  expect(ids(later)).toEqual(['other/a', 'job/1', 'job/2']);
  expect(later.actors[2]?.perSecond).toBe(later.actors[1]?.perSecond);
  expect(later.inMemory).toBe(8);
  await shutdown();
});

test('the turns of no more actors are counted than may be, and those of the busiest are kept', () => {
  const rates = new ActorRates(0, 100);
  const busy = {};
  const all = Array.from({ length: 1_000 }, () => ({}));
  for (const one of all) {
    rates.add(one, 1, 1);
    rates.add(busy, 2, 1);
  }
  rates.look(1_000);
  expect(rates.of(busy)).toEqual({ perSecond: 1_000, ms: 2 });
  expect(all.filter((one) => rates.of(one) !== undefined).length).toBeLessThan(100);
});

/** Those that are gone through, each with the figures that are told of it alone. */
function seenOnce(rates: ActorRates): object[] {
  const seen: object[] = [];
  rates.each((actor, perSecond, ms) => {
    seen.push(actor);
    expect({ perSecond, ms }).toEqual(rates.of(actor));
  });
  expect(new Set(seen).size).toBe(seen.length);
  return seen;
}

test('actors that are counted are gone through once each, of this window and of the one before', () => {
  const rates = new ActorRates(0);
  const [before, both, recent] = [{}, {}, {}];
  rates.add(before, 1, 2);
  rates.add(both, 2, 3);
  rates.look(RATES_WINDOW_MS);
  rates.add(recent, 3, 5);
  rates.add(both, 6, 1);
  rates.look(RATES_WINDOW_MS + 2_000);
  expect(new Set(seenOnce(rates))).toEqual(new Set([before, both, recent]));
  expect(rates.of(both)).toEqual({ perSecond: 4 / 12, ms: 3 });
});

test('so many actors are counted, unless told otherwise, and for one window at least', () => {
  const rates = new ActorRates(0);
  const all = Array.from({ length: ACTORS_COUNTED_MAX + 1 }, () => ({}));
  for (const one of all.slice(1)) rates.add(one, 1, 1);
  expect(seenOnce(rates)).toHaveLength(ACTORS_COUNTED_MAX);
  rates.add(all[0] as object, 1, 2);
  expect(seenOnce(rates).length).toBeLessThan(ACTORS_COUNTED_MAX);
  const isKnown = (): boolean => rates.of(all[0] as object) !== undefined;
  for (const [at, known] of [
    [RATES_WINDOW_MS - 1, true],
    [RATES_WINDOW_MS, true],
    [2 * RATES_WINDOW_MS - 1, true],
    [2 * RATES_WINDOW_MS, false],
  ] as const) {
    rates.look(at);
    expect([at, isKnown()]).toEqual([at, known]);
  }
});

test('a list has so many actors, unless more are asked for', async () => {
  const { system, settle, shutdown } = createTestSystem({ actors: { job, other } });
  for (let n = 0; n <= LIST_LIMIT; n++) system.tell(`job/${n}`, { type: 'add' });
  await settle();
  expect((await system.list()).actors).toHaveLength(LIST_LIMIT);
  expect((await system.list({ limit: LIST_LIMIT + 1 })).actors).toHaveLength(LIST_LIMIT + 1);
  await shutdown();
});

test('a list of many actors lets other work in after each slice', async () => {
  let now = 0;
  let pauses = 0;
  // Each look at the clock finds a millisecond gone.
  const clock = {
    now: () => now++,
    wall: () => 0,
    defer(task: () => void) {
      pauses++;
      setImmediate(task);
    },
  };
  const looks = 40;
  const cell = { isQuiet: true, behaviour: { kind: 'other' } };
  const cells = new Array(512 * looks).fill(cell);
  const actors = { kernel: { worker: 1, clock, timing: undefined }, size: cells.length, cells: () => cells };
  const query = { sort: 'mailbox', limit: 1, kind: 'job', after: undefined };
  const { parts } = await listCells(actors as never, [query as never]);
  expect(parts?.[0]?.inMemory).toBe(0);
  expect(pauses).toBe(looks / LIST_SLICE_MS);
});
