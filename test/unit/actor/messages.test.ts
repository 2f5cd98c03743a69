import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { DEAD_LETTERS_KEPT } from '../../../src/observe/dead-letters.ts';
import { CHECKED_IDS_KEPT, checkId, UNKNOWN_IDS_MAX } from '../../../src/actor/sender.ts';
import { defineActor, errorOf, fateOf, Gate, startKit, thrownBy } from './kernel-fixture.ts';

const box = defineActor({
  state: () => ({ got: [] as unknown[] }),
  receive: {
    put(ctx, message: { value: unknown }) {
      ctx.state.got.push(message.value);
    },
    got: (ctx) => ctx.state.got.length,
    same: (_ctx, message: { value: unknown }) => Object.isFrozen(message) && Object.isFrozen(message.value),
    'tell-odd': (ctx) => ctx.tell('box/other', { type: 'put', value: () => {} }),
  },
});
const INHERITED = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'];

test('ids are checked also beyond those that are remembered, and once those are forgotten', () => {
  for (let n = 0; n < CHECKED_IDS_KEPT + UNKNOWN_IDS_MAX + 10; n++) expect(checkId(`box/${n}`)).toBe(`box/${n}`);
  for (const id of [
    'box',
    'box/',
    '/a',
    'Box/a',
    '-box/a',
    `b${'o'.repeat(64)}/a`,
    'box/\u0007',
    'box/\u0085',
    'box/\ud800',
  ])
    expect(thrownBy(() => checkId(id))).toMatchObject({ code: 'INVALID_ACTOR_ID' });
  for (const id of ['box/a/b', 'b-0/é', 'box/🎈', `box/${'x'.repeat(512)}`, `b${'o'.repeat(63)}/ `])
    expect(checkId(id)).toBe(id);
});

describe('a message', () => {
  it.each(['nope', ...INHERITED])(
    'of the unknown type %s is a dead letter, or fails its ask with UNKNOWN_MESSAGE',
    async (type) => {
      const { system, dead, heard } = startKit({ box });
      system.tell('box/a', { type });
      expect(await fateOf(system.ask('box/a', { type }))).toBe('UNKNOWN_MESSAGE/not-executed');
      expect([dead(), heard('actor-restarted')]).toEqual([[`box/a:${type}:UNKNOWN_MESSAGE`], []]);
    },
  );

  it.each(['nope', 'constructor', 'valueof'])(
    'to the unknown kind %s is a dead letter, or fails its ask with UNKNOWN_KIND',
    async (kind) => {
      const { system, dead } = startKit({ box });
      expect(system.tell(`${kind}/a`, { type: 'put' })).toBe(true);
      expect(await fateOf(system.ask(`${kind}/a`, { type: 'put' }))).toBe('UNKNOWN_KIND/not-executed');
      expect(dead()).toEqual([`${kind}/a:put:UNKNOWN_KIND`]);
    },
  );

  it.each([undefined, null, 'text', 7, {}, { type: 7 }, { kind: 'put' }])(
    'that is %j is a mistake seen at the call',
    (message) => {
      const { system } = startKit({ box });
      for (const call of ['tell', 'ask'] as const) {
        const error = thrownBy(() => system[call]('box/a', message as never));
        expect(error.code).toBe('INVALID_MESSAGE');
      }
      expect(thrownBy(() => system.publish('news', message as never)).code).toBe('INVALID_MESSAGE');
    },
  );

  it.each(['', 'box', '/a', 'Box/a', 'box/', 'box/\n', `box/${'x'.repeat(513)}`, '~0.1', 7])(
    'to %j is a mistake seen at the call',
    (id) => {
      const { system } = startKit({ box });
      for (const call of ['tell', 'ask'] as const) {
        expect(thrownBy(() => system[call](id as string, { type: 'put' })).code).toBe('INVALID_ACTOR_ID');
      }
    },
  );

  it('that is not plain data is INVALID_MESSAGE, naming the path', async () => {
    const { system, dead } = startKit({ box });
    const value = { list: [1, { call: () => {} }] };
    expect(system.tell('box/a', { type: 'put', value })).toBe(true);
    const error = await errorOf(system.ask('box/a', { type: 'put', value }));
    expect([error.code, error.fate]).toEqual(['INVALID_MESSAGE', 'not-executed']);
    expect(error.message).toContain('message.value.list[1].call');
    await system.ask('box/b', { type: 'tell-odd' });
    expect(dead()).toEqual(['box/a:put:INVALID_MESSAGE', 'box/other:put:INVALID_MESSAGE']);
    expect(await system.ask('box/a', { type: 'got' })).toBe(0);
  });

  it('is frozen where messages are checked, and handed over as it is', async () => {
    const { system } = startKit({ box });
    const value = { deep: { er: 1 } };
    expect(await system.ask('box/a', { type: 'same', value })).toBe(true);
    expect(Object.isFrozen(value.deep)).toBe(true);
  });

  it('is neither checked nor frozen where the system does not check', async () => {
    const { system, dead } = startKit({ box }, { checkMessages: false });
    const value = { call: () => {} };
    system.tell('box/a', { type: 'put', value });
    expect(await system.ask('box/a', { type: 'got' })).toBe(1);
    expect(await system.ask('box/a', { type: 'same', value: {} })).toBe(false);
    expect(dead()).toEqual([]);
  });

  it('of more than messageBytesMax encoded bytes is MESSAGE_TOO_LARGE; one that fits exactly is not', async () => {
    const limit = 100_000;
    const { system, process, dead } = startKit({ box }, { messageBytesMax: limit });
    const sized = (length: number): { type: string; value: string } => ({ type: 'put', value: 'x'.repeat(length) });
    let length = limit;
    while (process.kernel.encodedBytes(sized(length)) > limit) length--;
    await system.ask('box/a', sized(length));
    expect(await fateOf(system.ask('box/a', sized(length + 1)))).toBe('MESSAGE_TOO_LARGE/not-executed');
    system.tell('box/a', sized(length + 1));
    expect(dead()).toEqual(['box/a:put:MESSAGE_TOO_LARGE']);
  });
});

describe('a schema', () => {
  const checked = z.discriminatedUnion('type', [
    z.object({ type: z.literal('add'), by: z.coerce.number().int() }),
    z.object({ type: z.literal('hold') }),
  ]);
  const gates = { schema: new Gate(), handler: new Gate() };
  const later = z.object({ type: z.string(), by: z.number().optional() }).refine(async ({ by }) => {
    await gates.schema.opened;
    return by !== 13;
  }, 'an unlucky number');

  const options = {
    state: () => ({ sum: 0 }),
    receive: {
      add: (ctx: { state: { sum: number } }, { by }: { by: number }) => (ctx.state.sum += by),
      hold: () => gates.handler.opened,
    },
  };
  const sync = defineActor({ ...options, messages: checked });
  const async = defineActor({ ...options, messages: later });
  const broken = defineActor({
    ...options,
    messages: {
      '~standard': {
        ...{ version: 1, vendor: 'test' },
        validate: () => {
          throw new Error('the schema’s own fault');
        },
      },
    },
  });

  function start(): ReturnType<typeof startKit> {
    gates.schema = new Gate();
    gates.handler = new Gate();
    return startKit({ sync, async, broken });
  }

  it('gives the handler its output', async () => {
    const { system } = start();
    expect(await system.ask('sync/a', { type: 'add', by: '7' })).toBe(7);
  });

  it('refuses what does not pass with INVALID_MESSAGE: the path, and nothing restarts', async () => {
    const { system, dead, heard } = start();
    const error = await errorOf(system.ask('sync/a', { type: 'add', by: 1.5 }));
    expect([error.code, error.fate]).toEqual(['INVALID_MESSAGE', 'not-executed']);
    expect(error.message).toMatch(/schema; got one of type 'add': by: /);
    system.tell('sync/a', { type: 'add', by: 'x' });
    expect(await system.ask('sync/a', { type: 'add', by: 1 })).toBe(1);
    expect([dead(), heard('actor-restarted')]).toEqual([['sync/a:add:INVALID_MESSAGE'], []]);
  });

  it('that throws refuses, with what it threw', async () => {
    const { system } = start();
    expect((await errorOf(system.ask('broken/a', { type: 'add', by: 1 }))).message).toContain('the schema’s own fault');
  });

  it('may be async: the mail behind waits, in order', async () => {
    const { system, clock } = start();
    const asks = [1, 13, 2].map((by) => system.ask('async/a', { type: 'add', by }).catch((error) => error.code));
    await clock.settle();
    expect(await Promise.race([...asks, 'open'])).toBe('open');
    gates.schema.open();
    await clock.settle();
    expect(await Promise.all(asks)).toEqual([1, 'INVALID_MESSAGE', 3]);
  });

  it('that is still looking when the actor is killed leaves the message to the dead letters, the ask not executed', async () => {
    const { system, clock, dead } = start();
    system.tell('async/a', { type: 'add', by: 1 });
    const ask = fateOf(system.ask('async/b', { type: 'add', by: 1 }));
    await clock.settle();
    await system.kill('async/a');
    await system.kill('async/b');
    expect([dead(), await ask]).toEqual([['async/a:add:ACTOR_STOPPED'], 'ACTOR_STOPPED/not-executed']);
    gates.schema.open();
    await clock.settle();
    expect(await system.ask('async/a', { type: 'add', by: 1 })).toBe(1);
  });

  it('that is done after the deadline does not have the message run', async () => {
    const { system, clock } = start();
    const ask = fateOf(system.ask('async/a', { type: 'add', by: 1 }, { timeoutMs: 50 }));
    await clock.advance(60);
    expect(await ask).toBe('ASK_TIMEOUT/not-executed');
    gates.schema.open();
    expect(await system.ask('async/a', { type: 'add', by: 5 })).toBe(5);
  });

  it('that refuses the last message of an actor that is to end lets it end', async () => {
    const parent = defineActor({
      receive: { spawn: async (ctx) => void (await ctx.spawn('async', { key: 'child' })) },
    });
    gates.schema = new Gate();
    const { system, clock } = startKit({ parent, async });
    await system.ask('parent/p', { type: 'spawn' });
    system.tell('async/child', { type: 'add', by: 13 });
    await clock.settle();
    let stopped = false;
    void system.stop('parent/p').then(() => (stopped = true));
    await clock.settle();
    gates.schema.open();
    await clock.settle();
    expect(stopped).toBe(true);
  });
});

describe('dead letters', () => {
  it('say to whom, from whom, what, why and when', async () => {
    const { system, clock } = startKit({ box });
    await system.ask('box/b', { type: 'tell-odd' });
    system.tell('box/a', { type: 'nope' });
    await clock.settle();
    expect(system.deadLetters()).toMatchObject([
      { to: 'box/other', sender: 'box/b', reason: 'INVALID_MESSAGE', at: clock.wall() },
      { to: 'box/a', sender: undefined, message: { type: 'nope' }, reason: 'UNKNOWN_MESSAGE' },
    ]);
  });

  it('are kept up to a bound, the newest; the count goes on', async () => {
    const { system, clock } = startKit({ box });
    for (let n = 0; n < DEAD_LETTERS_KEPT + 5; n++) system.tell('none/a', { type: 'put', n });
    await clock.settle();
    const kept = system.deadLetters().map(({ message }) => (message as unknown as { n: number }).n);
    expect(kept).toEqual(Array.from({ length: DEAD_LETTERS_KEPT }, (_, i) => i + 5));
    expect((await system.metrics()).deadLetters).toBe(DEAD_LETTERS_KEPT + 5);
  });
});
