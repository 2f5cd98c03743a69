import { describe, expect, it } from 'vitest';
import { type MemoryDisk, MemoryStore } from '../../../src/store/memory-store.ts';
import { encodeValue } from '../../../src/wire/codec.ts';
import { defineActor, errorOf, fateOf, Gate, type Kit, startKit } from '../actor/kernel-fixture.ts';
import { FaultyStore } from './faulty-store.ts';

const counter = defineActor({
  durable: true,
  state: (key: string) => ({ key, n: 0 }),
  receive: {
    add: (ctx, { by }: { by: number }) => {
      ctx.state.n += by;
      return ctx.state.n;
    },
    get: (ctx) => ctx.state.n,
    async slow(ctx, { by, gate }: { by: number; gate: number }) {
      ctx.state.n += by;
      await gates[gate]?.opened;
      return ctx.state.n;
    },
    boom(ctx, { by }: { by: number }) {
      ctx.state.n += by;
      ctx.tell('counter/other', { type: 'add', by: 1 });
      throw new Error('boom');
    },
    forward(ctx, { to, by }: { to: string; by: number }) {
      ctx.state.n -= by;
      ctx.tell(to, { type: 'add', by });
    },
    broken: (ctx) => {
      (ctx.state as unknown as { f: unknown }).f = () => {};
    },
  },
});

/** It takes its time before it begins again. */
const patient = defineActor({
  durable: true,
  supervision: { backoff: { initialMs: 2_000, maxMs: 2_000, factor: 1, jitter: 0 } },
  state: () => ({ n: 0 }),
  receive: {
    add: (ctx, { by }: { by: number }) => {
      ctx.state.n += by;
      return ctx.state.n;
    },
    forward: (ctx, { to, by }: { to: string; by: number }) => void ctx.tell(to, { type: 'add', by }),
  },
});

const gates: Gate[] = [];

function start(
  disk: MemoryDisk = new Map(),
  store = new FaultyStore(disk),
  startedAt = 1_000,
): Kit & { store: FaultyStore } {
  return Object.assign(startKit({ counter, patient }, {}, store, { startedAt }), { store });
}

describe('a durable actor', () => {
  it('goes on after a restart of the system with the state of its last turn', async () => {
    const disk: MemoryDisk = new Map();
    const first = start(disk);
    expect(await first.system.ask('counter/a', { type: 'add', by: 2 })).toBe(2);
    expect(await first.system.ask('counter/a', { type: 'add', by: 3 })).toBe(5);
    const second = start(disk, new FaultyStore(disk), 2_000);
    expect(await second.system.ask('counter/a', { type: 'get' })).toBe(5);
    expect(await second.system.ask('counter/b', { type: 'get' })).toBe(0);
  });

  it('goes on from a record of an older version, which counted deaths there; that part goes with the next write', async () => {
    const disk: MemoryDisk = new Map();
    const first = start(disk);
    await first.system.ask('counter/a', { type: 'add', by: 2 });
    const record = disk.get('counter/a');
    if (!record) throw new Error('a record was expected');
    const deaths = [['start', 3, Date.now()]];
    const part = encodeValue({ process: '~1.1@500', current: 'start', at: Date.now(), deaths });
    disk.set('counter/a', { ...record, parts: new Map([...record.parts, ['probation', part]]) });
    const second = start(disk, new FaultyStore(disk), 2_000);
    expect(await second.system.ask('counter/a', { type: 'get' })).toBe(2);
    expect(await second.system.ask('counter/a', { type: 'add', by: 1 })).toBe(3);
    expect(disk.get('counter/a')?.parts.has('probation')).toBe(false);
  });

  it('answers only once the turn is committed', async () => {
    const { system, store } = start();
    store.gate = new Gate();
    let reply: unknown;
    const asked = system.ask('counter/a', { type: 'add', by: 2 }).then((value) => (reply = value));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(reply).toBeUndefined();
    store.gate.open();
    await asked;
    expect(reply).toBe(2);
  });

  it('puts the turns that end while a commit is under way into the next one', async () => {
    const { system, store } = start();
    store.gate = new Gate();
    const asks = Array.from({ length: 100 }, () => system.ask('counter/a', { type: 'add', by: 1 }));
    store.gate.open();
    expect(await Promise.all(asks)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
    expect(store.commits).toBeLessThan(5);
  });

  it('puts turns of many actors into one commit', async () => {
    const { system, store } = start();
    const asks = Array.from({ length: 100 }, (_, n) => system.ask(`counter/${n}`, { type: 'add', by: 1 }));
    await Promise.all(asks);
    expect(store.commits).toBeLessThan(5);
  });

  it('commits nothing for a turn that changed nothing', async () => {
    const { system, store } = start();
    await system.ask('counter/a', { type: 'add', by: 1 });
    const { commits } = store;
    await system.ask('counter/a', { type: 'get' });
    expect(store.commits).toBe(commits);
  });

  it('undoes a turn that throws: its state, its messages; and keeps the message in the dead letters that last', async () => {
    const { system, clock } = start();
    await system.ask('counter/a', { type: 'add', by: 1 });
    expect(await fateOf(system.ask('counter/a', { type: 'boom', by: 50 }))).toBe('HANDLER_FAILED/executed');
    const next = system.ask('counter/a', { type: 'get' });
    await clock.advance(100);
    expect(await next).toBe(1);
    expect(await system.ask('counter/other', { type: 'get' })).toBe(0);
    expect(await system.deadLetters.list()).toMatchObject([
      { to: 'counter/a', message: { type: 'boom', by: 50 }, reason: 'HANDLER_FAILED' },
    ]);
  });

  it('refuses a state that is no plain data, naming the path, and goes on from the last one', async () => {
    const { system, clock } = start();
    await system.ask('counter/a', { type: 'add', by: 1 });
    const error = await errorOf(system.ask('counter/a', { type: 'broken' }));
    expect(error.code).toBe('HANDLER_FAILED');
    expect(error.message).toMatch(/state.*f/);
    const next = system.ask('counter/a', { type: 'get' });
    await clock.advance(100);
    expect(await next).toBe(1);
  });

  it('sends its messages after the commit, each once', async () => {
    const { system, store } = start();
    store.gate = new Gate();
    const asked = system.ask('counter/a', { type: 'forward', to: 'counter/b', by: 7 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    store.gate.open();
    await asked;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await system.ask('counter/b', { type: 'get' })).toBe(7);
    expect(await system.ask('counter/a', { type: 'get' })).toBe(-7);
  });
});

describe('a commit that fails', () => {
  it('undoes its turns, and handles their messages again from the record', async () => {
    const { system, store, clock } = start();
    await system.ask('counter/a', { type: 'add', by: 1 });
    store.failures = 1;
    const asks = [2, 3].map((by) => system.ask('counter/a', { type: 'add', by }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(100);
    expect(await Promise.all(asks)).toEqual([3, 6]);
  });

  it('is no failure where the record says that it was written', async () => {
    const { system, store, clock } = start();
    store.lies = 1;
    const asks = [2, 3].map((by) => system.ask('counter/a', { type: 'add', by }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(100);
    expect(await Promise.all(asks)).toEqual([2, 5]);
    expect(await system.ask('counter/a', { type: 'get' })).toBe(5);
  });

  it('is the only one until the record is read: what arrives meanwhile is no other commit, which would pass for it', async () => {
    const { system, store, clock } = start();
    gates[0] = new Gate();
    const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
    const slow = system.ask('counter/b', { type: 'slow', by: 1, gate: 0 }, { timeoutMs: 60_000 });
    await system.ask('patient/a', { type: 'forward', to: 'counter/b', by: 1 });
    store.failures = 1;
    const added = system.ask('patient/a', { type: 'add', by: 5 }, { timeoutMs: 60_000 });
    await moment();
    expect(store.failures).toBe(0);
    // The receiver acknowledges what the actor has told it, while that waits for its next start.
    gates[0]?.open();
    await slow;
    for (let n = 0; n < 19; n++) {
      await clock.advance(100);
      await moment();
    }
    await clock.advance(5_000);
    expect(await added).toBe(5);
    expect(await system.ask('patient/a', { type: 'add', by: 1 })).toBe(6);
  });

  it('again and again makes the actor fail: its askers are told, nothing is half done', async () => {
    const { system, store, clock } = start();
    await system.ask('counter/a', { type: 'add', by: 1 });
    store.failures = 1_000;
    const failed = errorOf(system.ask('counter/a', { type: 'add', by: 2 }, { timeoutMs: 60_000 }));
    for (let n = 0; n < 20; n++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await clock.advance(1_000);
    }
    expect((await failed).code).toBe('ACTOR_FAILED');
    store.failures = 0;
    await clock.advance(20_000);
    expect(await system.ask('counter/a', { type: 'get' })).toBe(1);
  });

  it('fails only those that must fail, not all that shared the transaction', async () => {
    const { system, store, clock } = start();
    await Promise.all(['a', 'b'].map((key) => system.ask(`counter/${key}`, { type: 'add', by: 1 })));
    // Somebody else has changed the record of a, as another host would.
    const record = await store.load('counter/a');
    await MemoryStore.prototype.commit.call(store, [
      {
        id: 'counter/a',
        expectedVersion: record?.version ?? 0,
        fence: record?.fence ?? '',
        wakeAt: undefined,
        put: new Map(),
        remove: [],
      },
    ]);
    const asks = ['a', 'b'].map((key) => system.ask(`counter/${key}`, { type: 'add', by: 1 }));
    expect(await asks[1]).toBe(2);
    await clock.advance(100);
    expect(await asks[0]).toBe(2);
  });
});

it('what no turn has brought waits for no disk: a turn does, what was acknowledged does not', async () => {
  const store = new FaultyStore();
  const syncs: [parts: string[], sync: boolean | undefined][] = [];
  const commit = store.commit.bind(store);
  store.commit = (changes, options?: { sync: boolean }) => {
    syncs.push([changes.flatMap(({ put, remove }) => [...put.keys(), ...remove]), options?.sync]);
    return commit(changes);
  };
  const giver = defineActor({ durable: true, receive: { give: (ctx) => void ctx.tell('taker/a', { type: 'take' }) } });
  const taker = defineActor({ durable: true, state: () => ({ n: 0 }), receive: { take: (ctx) => ++ctx.state.n } });
  const { system, clock } = startKit({ giver, taker } as unknown as Parameters<typeof startKit>[0], {}, store);
  await system.ask('giver/a', { type: 'give' });
  for (let n = 0; n < 40; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(50);
  }
  const tidied = syncs.filter(([parts]) => parts.every((part) => part.startsWith('o:')));
  expect(tidied.map(([, sync]) => sync)).toEqual([false]);
  const others = syncs.filter((one) => !tidied.includes(one));
  expect(others.length).toBeGreaterThan(1);
  expect(others.every(([, sync]) => sync === true)).toBe(true);
});
