/** A call that is refused leaves nothing behind: no ask under way, no reminder, no place, nothing that fails later. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { errorOf, startKit, thrownBy } from './kernel-fixture.ts';

const detached = (): Uint8Array => {
  const data = new Uint8Array(8);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  return data;
};

const fickle = (): object => {
  let looks = 0;
  return {
    when: new Date(1),
    get part(): unknown {
      return looks++ === 0 ? 1 : () => 1;
    },
  };
};

/** What can be asked of an actor. */
type Call = { type: 'call'; what: keyof typeof CALLS };

const CALLS = {
  tellNobody: (ctx: Ctx) => ctx.tell(undefined as never, { type: 'get' }),
  askNobody: (ctx: Ctx) => ctx.ask(ctx.sender as never, { type: 'get' }),
  subscribeToNothing: (ctx: Ctx) => ctx.subscribe(''),
  unsubscribeFromNothing: (ctx: Ctx) => ctx.unsubscribe(''),
  watchNobody: (ctx: Ctx) => ctx.watch('nobody'),
  spawnWithDetached: (ctx: Ctx) => ctx.spawn('counter', { key: 'child', args: { data: detached() } }),
  spawnWithFickle: (ctx: Ctx) => ctx.spawn('counter', { key: 'child', args: fickle() }),
  fakeSignal: (ctx: Ctx) =>
    ctx.ask('counter/b', { type: 'get' }, { signal: Object.create(AbortSignal.prototype) as AbortSignal }),
};

type Ctx = Parameters<NonNullable<Parameters<typeof defineActor>[0]['onStart']>>[0];

const counter = defineActor({
  state: () => ({ n: 0 }),
  supervision: { onFailure: 'resume' },
  receive: {
    get: (ctx) => ctx.state.n,
    async call(ctx, { what }: Call) {
      try {
        await CALLS[what](ctx as never);
        return 'no throw';
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
    },
  },
});

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(() => void process.on('unhandledRejection', note));
afterEach(() => {
  process.off('unhandledRejection', note);
  expect(unhandled.splice(0)).toEqual([]);
});

test.each<[keyof typeof CALLS, string]>([
  ['tellNobody', 'INVALID_ACTOR_ID'],
  ['askNobody', 'INVALID_ACTOR_ID'],
  ['subscribeToNothing', 'INVALID_OPTIONS'],
  ['unsubscribeFromNothing', 'INVALID_OPTIONS'],
  ['watchNobody', 'INVALID_ACTOR_ID'],
  ['spawnWithDetached', 'INVALID_MESSAGE'],
  ['spawnWithFickle', 'INVALID_MESSAGE'],
  ['fakeSignal', 'INVALID_OPTIONS'],
])('%s in a handler is %s, and no ask is left open', async (what, code) => {
  const { system, clock, process: local } = startKit({ counter });
  expect(await system.ask('counter/a', { type: 'call', what } as never)).toBe(code);
  expect(local.kernel.pending.size).toBe(0);
  await clock.advance(60_000);
  expect(local.actors.size).toBe(1);
  expect(await system.ask('counter/a', { type: 'get' })).toBe(0);
});

test('the first call of a sender is checked like all others', () => {
  const { system, process: local } = startKit({ counter });
  for (const call of [
    () => system.tell(undefined as never, { type: 'get' }),
    () => system.ask(undefined as never, { type: 'get' }),
  ])
    expect(thrownBy(call).code).toBe('INVALID_ACTOR_ID');
  expect(local.kernel.pending.size).toBe(0);
});

test('a message that looks plain and cannot be measured is INVALID_MESSAGE for its ask, a dead letter for a tell', async () => {
  const { system, dead, process: local } = startKit({ counter }, { messageBytesMax: 1_000 });
  const large = (): object => ({ type: 'get', when: new Map(), pad: 'x'.repeat(400), data: detached() });
  expect((await errorOf(system.ask('counter/a', large() as never))).code).toBe('INVALID_MESSAGE');
  system.tell('counter/a', large() as never);
  system.publish('news', large() as never);
  expect(dead().map((letter) => letter.split(':').pop())).toEqual(['INVALID_MESSAGE', 'INVALID_MESSAGE']);
  expect(local.kernel.pending.size).toBe(0);
});

test('a spawn from outside with arguments that cannot be copied is refused, and the key is free', async () => {
  const { system, process: local } = startKit({ counter });
  expect((await errorOf(system.spawn('counter', { key: 'x', args: { data: detached() } }))).code).toBe(
    'INVALID_MESSAGE',
  );
  expect([local.kernel.pending.size, local.actors.size]).toEqual([0, 0]);
  await system.spawn('counter', { key: 'x', args: { data: 1 } });
  expect(await system.ask('counter/x', { type: 'get' })).toBe(0);
});

test('a reminder with a message that cannot be kept is refused at the call, and the turn goes on', async () => {
  const clerk = defineActor({
    durable: true,
    state: () => ({ n: 0 }),
    receive: {
      remind(ctx, { odd }: { odd: string }) {
        const message = {
          type: 'add',
          part: odd === 'detached' ? detached() : odd === 'function' ? () => 1 : 'x'.repeat(5_000),
        };
        try {
          ctx.remind('later', { everyMs: 10 }, message as never);
          return 'no throw';
        } catch (error) {
          ctx.state.n++;
          return (error as { code?: string }).code;
        }
      },
      add: (ctx) => void (ctx.state.n += 100),
      get: (ctx) => ctx.state.n,
    },
  });
  const { system, clock } = startKit({ clerk }, { messageBytesMax: 1_000 });
  for (const [odd, code] of [
    ['detached', 'INVALID_MESSAGE'],
    ['function', 'INVALID_MESSAGE'],
    ['large', 'MESSAGE_TOO_LARGE'],
  ]) {
    expect(await system.ask('clerk/a', { type: 'remind', odd } as never)).toBe(code);
  }
  await clock.advance(1_000);
  expect(await system.ask('clerk/a', { type: 'get' })).toBe(3);
});
