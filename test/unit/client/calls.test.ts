/** Calls of a client about the system: who may make which, what they answer, and what becomes of them when the connection goes. */
import { afterEach, describe, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { CLIENT_CALLS_MAX } from '../../../src/gateway/client-calls.ts';
import { EVENT_TAIL_MAX } from '../../../src/gateway/event-tail.ts';
import { CLIENT_RIGHTS, type ClientRight } from '../../../src/gateway/rights.ts';
import { FOREMOST_LISTS_MAX, type ListedLetter, SYSTEM_CALLS } from '../../../src/gateway/system-calls.ts';
import type { TailedEvents } from '../../../src/gateway/event-tail.ts';
import type { CallArgument } from '../../../src/wire/entry.ts';
import { type Served, type ServedOptions, serve } from './client-fixture.ts';

const actors = { counter: defineActor({ state: () => ({ n: 0 }), receive: { add: (ctx) => ++ctx.state.n } }) };
const ALL_NAMES = Object.keys(SYSTEM_CALLS);
const open: Served[] = [];

afterEach(async () => {
  for (const { client, clock } of open.splice(0)) {
    const closed = client.close({ timeoutMs: 0 });
    await clock.advance(10_000);
    await closed;
  }
});

async function served(options: Partial<ServedOptions> = {}): Promise<Served> {
  const made = await serve({ actors, ...options });
  open.push(made);
  return made;
}

/** The answer, or the error as `code: text`. */
async function answerOf(
  { client, clock }: Served,
  name: string,
  args: CallArgument[] = [],
  ms = 20_000,
): Promise<unknown> {
  let answer: { value: unknown } | undefined;
  client.call(name, args).then(
    (value) => (answer = { value }),
    (error) => (answer = { value: `${error.code}: ${error.message}` }),
  );
  await clock.advanceUntil(() => answer !== undefined, ms);
  return answer?.value;
}

describe('a call', () => {
  test('says what the system knows of itself', async () => {
    const one = await served();
    one.system.tell('counter/a', { type: 'add' });
    await one.clock.settle();
    expect(await answerOf(one, 'info')).toMatchObject({ name: 'test', worker: 0, pid: process.pid });
    expect(await answerOf(one, 'workers')).toEqual([]);
    expect(await answerOf(one, 'metrics')).toMatchObject({ actors: 1, messages: 1 });
    one.system.tell('nobody/a', { type: 'add', by: 1 });
    await one.clock.settle();
    expect(await answerOf(one, 'dead-letters')).toMatchObject([
      { to: 'nobody/a', type: 'add', reason: 'UNKNOWN_KIND', preview: expect.stringContaining('by: 1') },
    ]);
  });

  test('inspects an actor', async () => {
    const one = await served();
    one.system.tell('counter/a', { type: 'add' });
    await one.clock.settle();
    expect(await answerOf(one, 'inspect', ['counter/a'])).toMatchObject({ status: 'ready', state: { n: 1 } });
    expect(await answerOf(one, 'list', ['counter', 'mailbox', 10])).toMatchObject({ inMemory: 1 });
    expect(await answerOf(one, 'list', [null, 'id'])).toMatchObject({ actors: [{ id: 'counter/a' }] });
    expect(await answerOf(one, 'list', [null, 'size'])).toMatch(/^INVALID_OPTIONS/);
    const watcher = await served({ may: ['observe'] });
    expect(await answerOf(watcher, 'inspect', ['counter/a'])).toMatch(/^FORBIDDEN: .*to read/);
  });

  test(`lists the foremost in ${FOREMOST_LISTS_MAX} orders at most`, async () => {
    const one = await served();
    one.system.tell('counter/a', { type: 'add' });
    await one.clock.settle();
    const sorts = (count: number): string => Array(count).fill('id').join(',');
    expect(await answerOf(one, 'foremost', [sorts(FOREMOST_LISTS_MAX), 1])).toHaveLength(FOREMOST_LISTS_MAX);
    const lists = await answerOf(one, 'foremost', [sorts(FOREMOST_LISTS_MAX + 1), 1]);
    expect(lists).toEqual(Array(FOREMOST_LISTS_MAX).fill(expect.objectContaining({ inMemory: 1 })));
    const ofKinds = await answerOf(one, 'foremost', ['id,mailbox', 1, 'counter,counter']);
    expect(ofKinds).toMatchObject([{ actors: [{ id: 'counter/a' }] }, {}, { actors: [] }, {}]);
    expect(await answerOf(one, 'foremost', ['id', 1, 'nobody'])).toMatch(/^UNKNOWN_KIND/);
  });

  test('stops and kills an actor', async () => {
    const one = await served();
    for (const name of ['stop', 'kill']) {
      one.system.tell('counter/a', { type: 'add' });
      await one.clock.settle();
      expect(await answerOf(one, 'metrics')).toMatchObject({ actors: 1 });
      expect(await answerOf(one, name, ['counter/a'])).toBeUndefined();
      expect(await answerOf(one, 'metrics')).toMatchObject({ actors: 0 });
    }
  });

  test('that is none, or has faulty arguments, is refused in words, and the connection stays', async () => {
    const one = await served();
    expect(await answerOf(one, 'toString')).toMatch(/^INVALID_OPTIONS: .*got 'toString'/);
    expect(await answerOf(one, 'move', ['counter/a'])).toMatch(/^INVALID_OPTIONS: worker: expected a whole number/);
    expect(await answerOf(one, 'kill', ['no id'])).toMatch(/^INVALID_ACTOR_ID/);
    expect(await answerOf(one, 'ids', ['../x'])).toMatch(/^INVALID_OPTIONS: kind/);
    expect(await answerOf(one, 'ids', ['x'.repeat(5_000)])).toMatch(/^INVALID_OPTIONS/);
    expect(one.client.isConnected).toBe(true);
    expect(one.faults).toEqual([]);
  });

  test('beyond so many under way is refused, and counts no more once it is answered', async () => {
    const one = await served();
    const answers = Array.from({ length: CLIENT_CALLS_MAX + 1 }, () =>
      one.client.call('add-worker').then(
        () => 'done',
        (error) => error.code,
      ),
    );
    await one.clock.advance(1_000);
    const codes = await Promise.all(answers);
    expect(codes.filter((code) => code === 'OVERLOADED')).toHaveLength(1);
    expect(await answerOf(one, 'info')).toMatchObject({ name: 'test' });
  });

  test('under way when the connection is lost fails with the fate unknown, and is not made again', async () => {
    const one = await served();
    const fault = one.client.call('events').catch((error) => error);
    await one.clock.advance(100);
    one.reset();
    await one.clock.advance(1_000);
    expect(await fault).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    one.shut(new Error('shut'));
    one.reset();
    await one.clock.advance(10);
    expect(await answerOf(one, 'info')).toMatch(/^ACTOR_UNAVAILABLE: the client is not connected/);
  });
});

describe('rights', () => {
  const OBSERVING = [
    ...['info', 'workers', 'machines', 'metrics', 'ids', 'list', 'inspect', 'dead-letters', 'events'],
    ...[
      'history',
      'placement',
      'checkups',
      'blocked-loops',
      'cluster-checkup',
      'reminders',
      'configuration',
      'store-files',
      'machine',
      'past-places',
      'flow',
      'foremost',
    ],
  ];
  /** For whoever may ask the actor. */
  const ASKING = ['direct'];
  const ADMIN = ALL_NAMES.filter((name) => !OBSERVING.includes(name) && !ASKING.includes(name));
  const ARGS: Record<string, CallArgument[]> = { ids: ['counter'] };
  const argsOf = (name: string): CallArgument[] => ARGS[name] ?? ['counter/a'];

  test('no right but observe and admin gives any call; observe gives none that changes something', async () => {
    const usual = CLIENT_RIGHTS.filter((right) => right !== 'observe' && right !== 'admin');
    const guest = await served({ may: usual });
    for (const name of [...OBSERVING, ...ADMIN])
      expect(await answerOf(guest, name, argsOf(name)), name).toMatch(/^FORBIDDEN/);
    for (const name of ASKING) expect(await answerOf(guest, name, argsOf(name)), name).toBeUndefined();
    const teller = await served({ may: ['tell', 'observe', 'admin'] as ClientRight[] });
    for (const name of ASKING) expect(await answerOf(teller, name, argsOf(name)), name).toMatch(/^FORBIDDEN/);
    const watcher = await served({ may: ['observe'] as ClientRight[] });
    for (const name of ADMIN) expect(await answerOf(watcher, name, argsOf(name)), name).toMatch(/^FORBIDDEN/);
    expect(ADMIN.length).toBeGreaterThan(9);
    expect(await answerOf(watcher, 'info')).toMatchObject({ name: 'test' });
  });

  test('for some kinds reach no other one, and nothing of the whole system', async () => {
    const one = await served({ may: CLIENT_RIGHTS, kinds: ['counter'] });
    for (const name of ['stop', 'kill', 'remove', 'move'])
      expect(await answerOf(one, name, ['user/a', 1]), name).toMatch(/^FORBIDDEN/);
    for (const args of [['user'], [null, 'id']]) expect(await answerOf(one, 'list', args)).toMatch(/^FORBIDDEN/);
    expect(await answerOf(one, 'ids', ['user'])).toMatch(/^FORBIDDEN/);
    for (const name of ['shutdown', 'reload', 'add-worker', 'resend', 'dead-letters', 'events'])
      expect(await answerOf(one, name), name).toMatch(/^FORBIDDEN/);
    expect(await answerOf(one, 'kill', ['counter/a'])).toBeUndefined();
  });

  test('without read, dead letters come without what they say', async () => {
    const one = await served({ may: ['observe'] });
    one.system.tell('nobody/a', { type: 'add', secret: 'x' });
    await one.clock.settle();
    const [letter] = (await answerOf(one, 'dead-letters')) as ListedLetter[];
    expect(letter).toEqual({
      ...{ to: 'nobody/a', type: 'add', reason: 'UNKNOWN_KIND', at: expect.any(Number), worker: 0 },
    });
  });
});

describe('events', () => {
  test('come with the next call, small and without the contents of messages', async () => {
    const one = await served();
    expect(await answerOf(one, 'events', [0])).toEqual({ events: [], missed: 0 });
    one.system.tell('counter/a', { type: 'add' });
    one.system.tell('nobody/a', { type: 'add', secret: 'x' });
    await one.clock.settle();
    const { events } = (await answerOf(one, 'events')) as TailedEvents;
    expect(events).toMatchObject([
      { event: 'actor-started', id: 'counter/a' },
      { event: 'dead-letter', to: 'nobody/a', type: 'add' },
    ]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  test('are waited for, and an empty answer comes in the end', async () => {
    const one = await served();
    const started = one.clock.now();
    expect(await answerOf(one, 'events', [2_000])).toEqual({ events: [], missed: 0 });
    expect(one.clock.now() - started).toBeGreaterThanOrEqual(2_000);
  });

  test('beyond so many that are not fetched are counted: the newest are kept', async () => {
    const one = await served();
    await answerOf(one, 'events', [0]);
    for (let n = 0; n < EVENT_TAIL_MAX + 5; n++) one.system.tell(`nobody/${n}`, { type: 'add' });
    await one.clock.settle();
    const { events, missed } = (await answerOf(one, 'events')) as TailedEvents;
    expect([events.length, missed]).toEqual([EVENT_TAIL_MAX, 5]);
    expect(events.at(-1)).toMatchObject({ to: `nobody/${EVENT_TAIL_MAX + 4}` });
  });
});
