/** What `system.inspect` says of actors of one process, on a clock that only the test moves. */
import { afterEach, describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { type ActorInspection, defineActor } from '../../../src/index.ts';
import { STATE_READ_MAX } from '../../../src/inspection/inspect-absent.ts';
import { LISTED_MAX, MAIL_COUNTED_MAX, MAIL_SHOWN_MAX } from '../../../src/inspection/inspect-cell.ts';
import { createTestSystem, type TestSystem } from '../../../src/testkit/index.ts';

let open = (): void => {};

const worker = defineActor({
  state: () => ({ done: 0, secret: [1, 2] }),
  supervision: { onFailure: 'restart', backoff: { initialMs: 500, maxMs: 500, factor: 1, jitter: 0 } },
  receive: {
    async wait() {
      await new Promise<void>((resolve) => (open = resolve));
    },
    async ask(ctx, { to, of }: { to: string; of: string }) {
      return await ctx.ask(to, { type: of }, { timeoutMs: 2_000 });
    },
    async child(ctx) {
      await ctx.spawn('worker', { key: 'kid' });
    },
    follow(ctx, { id, topic }: { id: string; topic: string }) {
      ctx.watch(id);
      void ctx.subscribe(topic);
    },
    later(ctx, { inMs, everyMs }: { inMs: number; everyMs?: number }) {
      if (everyMs === undefined) ctx.after(inMs, { type: 'add' });
      else ctx.every(everyMs, { type: 'add' });
    },
    stash: (ctx) => ctx.stash(),
    add(ctx) {
      ctx.state.done++;
    },
    fail() {
      throw new RangeError('out of paper');
    },
  },
});

const starter = defineActor({
  supervision: { onFailure: 'restart', backoff: { initialMs: 500, maxMs: 500, factor: 1, jitter: 0 } },
  onStart: () => new Promise<void>((resolve) => (open = resolve)),
  receive: {
    fail() {
      throw new Error('again');
    },
  },
});

const account = defineActor({
  durable: true,
  passivateAfterMs: 1_000,
  state: () => ({ sum: 0, starts: 0, text: '' }),
  onStart(ctx) {
    ctx.state.starts++;
  },
  receive: {
    add(ctx, { n }: { n: number }) {
      ctx.state.sum += n;
    },
    fill(ctx, { bytes }: { bytes: number }) {
      ctx.state.text = 'x'.repeat(bytes);
    },
    remind(ctx, { atMs }: { atMs: number }) {
      ctx.remind('fee', { atMs }, { type: 'add', n: -1 });
    },
    sum: (ctx) => ctx.state.sum,
  },
});

const light = defineActor({
  machine: createMachine({ initial: 'red', states: { red: { on: { go: 'green' } }, green: {} } }),
});

const lamp = defineActor({
  durable: true,
  passivateAfterMs: 1_000,
  machine: createMachine({ initial: 'off', context: { watts: 40 }, states: { off: { on: { go: 'on' } }, on: {} } }),
});

let test0: TestSystem | undefined;
function start(): TestSystem {
  return (test0 = createTestSystem({ actors: { worker, account, light, lamp, starter } }));
}
afterEach(async () => {
  open();
  await test0?.shutdown();
  test0 = undefined;
});

async function look(system: TestSystem['system'], id: string): Promise<ActorInspection> {
  const found = await system.inspect(id);
  // What a door may show is JSON.
  expect(JSON.parse(JSON.stringify(found))).toEqual(JSON.parse(JSON.stringify({ ...found })));
  return found;
}

describe('an inspection says', () => {
  test('what an actor does, since when, and what waits behind it', async () => {
    const { system, clock, advance, settle } = start();
    const beganAt = clock.wall();
    system.tell('worker/a', { type: 'wait' });
    await settle();
    await advance(3_000);
    system.tell('worker/a', { type: 'add' });
    void system.ask('worker/a', { type: 'ask', to: 'worker/z', of: 'wait' }, { timeoutMs: 9_000 }).catch(() => {});
    await settle();
    await advance(1_000);
    const found = await look(system, 'worker/a');
    expect(found).toMatchObject({
      ...{ id: 'worker/a', kind: 'worker', worker: 0, pid: process.pid, durable: false, status: 'busy', restarts: 0 },
      turn: { type: 'wait', sender: undefined, since: beganAt, deadline: undefined },
      ...{ since: beganAt, waitsFor: [], state: { done: 0, secret: [1, 2] }, stateCut: undefined },
    });
    expect(found.mailbox).toMatchObject({
      ...{ count: 2, types: { add: 1, ask: 1 } },
      first: [
        { type: 'add', sender: undefined, deadline: undefined },
        { type: 'ask', sender: undefined, deadline: beganAt + 12_000 },
      ],
    });
    expect(found.mailbox.bytes).toBeGreaterThan(0);
    open();
    await settle();
    expect(await look(system, 'worker/a')).toMatchObject({
      ...{ status: 'busy', since: beganAt + 4_000, turn: { type: 'ask', deadline: beganAt + 12_000 } },
      ...{ waitsFor: [{ what: 'reply', of: 'worker/z', type: 'wait' }], mailbox: { count: 0 }, state: { done: 1 } },
    });
  });

  test('how long the first message waits, at least, once somebody has looked', async () => {
    const { system, advance, settle } = start();
    system.tell('worker/a', { type: 'wait' });
    system.tell('worker/a', { type: 'add' });
    await settle();
    await advance(5_000);
    expect((await look(system, 'worker/a')).mailbox.oldestWaitMs).toBe(0);
    await advance(700);
    expect((await look(system, 'worker/a')).mailbox.oldestWaitMs).toBe(700);
    open();
    await settle();
    expect((await look(system, 'worker/a')).mailbox.oldestWaitMs).toBeUndefined();
    // Of an ask it is known at the first look.
    system.tell('worker/b', { type: 'wait' });
    void system.ask('worker/b', { type: 'add' }, { timeoutMs: 60_000 }).catch(() => {});
    await settle();
    await advance(250);
    expect((await look(system, 'worker/b')).mailbox.oldestWaitMs).toBe(250);
  });

  test('which asks of its turn are under way, of whom, since when and until when', async () => {
    const { system, clock, advance, settle } = start();
    system.tell('worker/slow', { type: 'wait' });
    await settle();
    await advance(100);
    const askedAt = clock.wall();
    system.tell('worker/a', { type: 'ask', to: 'worker/slow', of: 'add' });
    await settle();
    await advance(400);
    const { waitsFor, turn } = await look(system, 'worker/a');
    expect(turn).toMatchObject({ type: 'ask', since: askedAt });
    expect(waitsFor).toEqual([
      { what: 'reply', of: 'worker/slow', type: 'add', since: askedAt, until: askedAt + 2_000 },
    ]);
    // The other end of it.
    expect((await look(system, 'worker/slow')).mailbox.first).toEqual([
      { type: 'add', sender: 'worker/a', deadline: askedAt + 2_000 },
    ]);
    open();
    await settle();
    expect(await look(system, 'worker/a')).toMatchObject({ status: 'ready', turn: undefined, waitsFor: [] });
  });

  test('timers, the next one first; what was put aside; watches, topics, children and parent', async () => {
    const { system, clock, settle } = start();
    for (const inMs of [900, 100, 500]) await ask(system, 'worker/a', { type: 'later', inMs });
    await ask(system, 'worker/a', { type: 'later', everyMs: 300 });
    system.tell('worker/a', { type: 'stash' });
    await ask(system, 'worker/a', { type: 'follow', id: 'worker/b', topic: 'news' });
    system.tell('worker/b', { type: 'add' });
    await ask(system, 'worker/a', { type: 'follow', id: 'worker/b', topic: 'news' });
    await ask(system, 'worker/a', { type: 'child' });
    system.watch('worker/a', () => {});
    await settle();
    const found = await look(system, 'worker/a');
    const now = clock.wall();
    expect(found.timers.count).toBe(4);
    expect(found.timers.first.map(({ at, everyMs, type }) => [at - now, everyMs, type])).toEqual([
      [100, undefined, 'add'],
      [300, 300, 'add'],
      [500, undefined, 'add'],
      [900, undefined, 'add'],
    ]);
    expect(found.stash).toEqual({ count: 1 });
    expect(found.topics).toEqual({ count: 1, first: ['news'] });
    expect(found.watching).toEqual({ count: 1, first: ['worker/b'] });
    expect(found.watchers).toEqual({ count: 1, first: ['~0.1'] });
    expect((await look(system, 'worker/b')).watchers).toEqual({ count: 1, first: ['worker/a'] });
    const [kid] = found.children.first;
    expect(found.children.count).toBe(1);
    expect((await look(system, kid as string)).parent).toBe('worker/a');
  });

  test('how it failed, and when it starts again', async () => {
    const { system, clock, advance, settle } = start();
    await ask(system, 'worker/a', { type: 'add' });
    await advance(200);
    system.tell('worker/a', { type: 'ask', to: 'worker/b', of: 'fail' });
    await settle();
    const failedAt = clock.wall();
    await advance(100);
    const paused = await look(system, 'worker/a');
    expect(paused).toMatchObject({
      ...{ status: 'restarting', since: failedAt },
      lastFailure: { at: failedAt, error: expect.stringMatching(/threw RangeError: out of paper$/) },
      waitsFor: [{ what: 'backoff', since: failedAt, until: failedAt + 500 }],
    });
    await advance(500);
    expect(await look(system, 'worker/a')).toMatchObject({
      ...{
        status: 'ready',
        restarts: 1,
        waitsFor: [],
        lastFailure: { error: expect.stringContaining('out of paper') },
      },
    });
    expect(await system.metrics()).toMatchObject({ restarts: 2, kinds: { worker: { restarts: 2 } } });
    for (let n = 0; n < 10; n++) {
      system.tell('worker/a', { type: 'fail' });
      await advance(600);
    }
    const failed = await look(system, 'worker/a');
    expect(failed).toMatchObject({ status: 'failed', since: undefined });
    expect(failed.until).toBeGreaterThan(clock.wall());
  });

  test('since when it starts, the first time and after a failure', async () => {
    const { system, clock, advance, settle } = start();
    await advance(100);
    let startedAt = clock.wall();
    system.tell('starter/a', { type: 'fail' });
    for (const before of [0, 1]) {
      await settle();
      await advance(70);
      expect(await look(system, 'starter/a')).toMatchObject({
        ...{ status: 'starting', since: startedAt, restarts: before, turn: undefined, state: undefined },
        ...{ waitsFor: [{ what: 'start', since: startedAt }], mailbox: { count: 1 - before } },
      });
      open();
      await settle();
      await advance(500);
      startedAt = clock.wall();
    }
  });

  test('the state of a machine as its value and context', async () => {
    const { system } = start();
    await ask(system, 'light/a', { type: 'go' });
    expect((await look(system, 'light/a')).state).toMatchObject({ value: 'green', context: {}, status: 'active' });
  });

  test('the state of a machine that sleeps likewise, from its record', async () => {
    const { system, advance, settle } = start();
    await ask(system, 'lamp/a', { type: 'go' });
    const awake = (await look(system, 'lamp/a')).state;
    await advance(5_000);
    await settle();
    const { status, state, stateCut } = await look(system, 'lamp/a');
    expect([status, stateCut]).toEqual(['passivated', undefined]);
    expect(state).toEqual(awake);
    expect(state).toEqual({ value: 'on', context: { watts: 40 }, status: 'active' });
  });

  test('of a durable one in memory its reminders; of one that sleeps its record, and does not wake it', async () => {
    const { system, clock, advance, settle } = start();
    await ask(system, 'account/a', { type: 'add', n: 5 });
    const atMs = clock.wall() + 3_600_000;
    await ask(system, 'account/a', { type: 'remind', atMs });
    const reminders = { count: 1, first: [{ name: 'fee', at: atMs, everyMs: undefined, type: 'add' }] };
    expect(await look(system, 'account/a')).toMatchObject({ status: 'ready', durable: true, reminders });
    expect((await system.metrics()).workers[0]?.commits).toMatchObject({ commits: 3, records: 3, failed: 0 });
    await advance(5_000);
    await settle();
    const asleep = await look(system, 'account/a');
    expect(asleep).toMatchObject({
      ...{ status: 'passivated', durable: true, since: undefined, until: atMs, reminders },
      state: { sum: 5, starts: 1, text: '' },
    });
    await advance(1_000);
    expect((await system.where('account/a')).active).toBe(false);
    expect((await look(system, 'account/a')).state).toEqual({ sum: 5, starts: 1, text: '' });
    expect(await look(system, 'account/none')).toMatchObject({ status: 'absent', state: undefined });
    expect(await look(system, 'worker/none')).toMatchObject({ status: 'absent', durable: false });
    expect((await system.where('worker/none')).active).toBe(false);
    expect((await system.metrics()).actors).toBe(0);
  });
});

test('the state of one that sleeps is read up to a number of bytes', async () => {
  const { system, advance, settle } = start();
  const stateOf = async (bytes: number): Promise<ActorInspection> => {
    await ask(system, 'account/large', { type: 'fill', bytes });
    await advance(5_000);
    await settle();
    return look(system, 'account/large');
  };
  expect(await stateOf(STATE_READ_MAX / 2)).toMatchObject({ status: 'passivated', state: { sum: 0 } });
  expect(await stateOf(STATE_READ_MAX)).toMatchObject({
    ...{ status: 'passivated', state: undefined },
    stateCut: expect.stringMatching(`^its \\d+ bytes on disk are more than ${STATE_READ_MAX}$`),
  });
});

test('lists and counts of an inspection are bounded', async () => {
  const { system, settle } = start();
  system.tell('worker/a', { type: 'wait' });
  await settle();
  for (let n = 0; n < 20_000; n++) system.tell('worker/a', { type: `type-${n % 500}-${'x'.repeat(500)}` });
  for (let n = 0; n < 80; n++) await ask(system, 'worker/b', { type: 'later', inMs: 1_000 + n });
  const { mailbox } = await look(system, 'worker/a');
  expect(mailbox.count).toBe(20_000);
  expect(mailbox.first).toHaveLength(MAIL_SHOWN_MAX);
  expect(Object.keys(mailbox.types)).toHaveLength(LISTED_MAX);
  expect(Object.values(mailbox.types).reduce((sum, count) => sum + count, 0)).toBe(
    (MAIL_COUNTED_MAX / 500) * LISTED_MAX,
  );
  for (const type of Object.keys(mailbox.types)) expect(type.length).toBeLessThanOrEqual(256);
  const { timers } = await look(system, 'worker/b');
  expect(timers.count).toBe(80);
  expect(timers.first).toHaveLength(LISTED_MAX);
});

test('an inspection of what cannot be is refused', async () => {
  const { system } = start();
  await expect(system.inspect('nobody')).rejects.toMatchObject({ code: 'INVALID_ACTOR_ID' });
  await expect(system.inspect('wroker/a')).rejects.toMatchObject({ code: 'UNKNOWN_KIND' });
});

async function ask(
  system: TestSystem['system'],
  id: string,
  message: { type: string; [key: string]: unknown },
): Promise<unknown> {
  return system.ask(id, message);
}
