/** What users throw, reply and refuse with may be anything: it costs one turn of one actor, and the others go on. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { REASON_MAX } from '../../../src/actor/handler-refusals.ts';
import { Refusal, type TroupeError } from '../../../src/vocabulary/errors.ts';
import { ERROR_TEXT_MAX } from '../../../src/vocabulary/error-reading.ts';
import { EXIT_REASON_MAX } from '../../../src/vocabulary/exit-reason.ts';
import { openLog } from '../../../src/observe/log.ts';
import { guardedLog } from '../../../src/observe/guarded-log.ts';
import { errorOf, startKit } from './kernel-fixture.ts';

const explode = (): never => {
  throw new TypeError('not loaded yet');
};

const ODD: Record<string, () => unknown> = {
  message: () => Object.defineProperty(new Error('m'), 'message', { get: explode }),
  stack: () => Object.defineProperty(new Error('m'), 'stack', { get: explode }),
  bare: () => Object.assign(new Error('m'), { message: Object.create(null) as unknown }),
  proxy: () => new Proxy(new Error('m'), { get: explode, getPrototypeOf: explode }),
  refusal: () => Object.defineProperty(new Refusal('no'), 'data', { get: explode }),
  reason: () => Object.assign(new Refusal('no'), { reason: Symbol('s') }),
  long: () => new Error('x'.repeat(1_000_000)),
  none: () => undefined,
};

const odd = defineActor({
  state: () => ({ n: 0 }),
  supervision: { onFailure: 'resume' },
  receive: {
    throwIt(_ctx, { make }: { make: string }) {
      throw ODD[make]?.();
    },
    async rejectIt(_ctx, { make }: { make: string }) {
      await Promise.resolve();
      throw ODD[make]?.();
    },
    add: (ctx) => ++ctx.state.n,
    detached() {
      const data = new Uint8Array(8);
      structuredClone(data.buffer, { transfer: [data.buffer] });
      return { data };
    },
    cyclic() {
      const error = new Error('x');
      error.cause = error;
      return { error };
    },
    fickle() {
      let looks = 0;
      return {
        when: new Date(1),
        get call() {
          return looks++ === 0 ? 1 : () => 1;
        },
      };
    },
    refuse(_ctx, { reason, data }: { reason: string; data: unknown }) {
      throw new Refusal(reason, 'y'.repeat(100_000), data);
    },
    aborted: (ctx) => (AbortSignal.abort().reason as unknown) ?? ctx,
  },
});

test.each(Object.keys(ODD))('an error with an odd part (%s) fails its ask, and nothing else', async (make) => {
  const { system } = startKit({ odd });
  for (const type of ['throwIt', 'rejectIt'] as const) {
    const error = await errorOf(system.ask('odd/1', { type, make }));
    expect(error.code).toBe(make === 'refusal' || make === 'reason' ? 'REFUSED' : 'HANDLER_FAILED');
    expect(error.message.length).toBeLessThan(ERROR_TEXT_MAX + 200);
  }
  expect(await system.ask('odd/1', { type: 'add' })).toBe(1);
});

test.each(['detached', 'cyclic', 'fickle'])(
  'a reply that looks plain and cannot be copied (%s) is INVALID_MESSAGE',
  async (type) => {
    const { system } = startKit({ odd });
    const { code, fate, message } = await errorOf(system.ask('odd/1', { type }));
    expect([code, fate]).toEqual(['INVALID_MESSAGE', 'executed']);
    expect(message).toContain('odd/1');
    expect(await system.ask('odd/1', { type: 'add' })).toBe(1);
  },
);

test('a refusal is cut to its bounds, and goes without the data that cannot travel', async () => {
  const { system } = startKit({ odd });
  const message = { type: 'refuse', reason: 'r'.repeat(10_000), data: undefined };
  const long = await errorOf(system.ask('odd/1', message));
  expect([long.code, long.reason?.length, long.message.length]).toEqual(['REFUSED', REASON_MAX, ERROR_TEXT_MAX]);
  const { data } = (await errorOf(
    system.ask('odd/1', { ...message, reason: 'no', data: { list: [1] } }),
  )) as TroupeError;
  expect(data).toEqual({ list: [1] });
});

test('a DOMException in a reply is one for the asker, with name and message', async () => {
  const { system } = startKit({ odd });
  const reply = (await system.ask('odd/1', { type: 'aborted' })) as DOMException;
  expect(reply).toBeInstanceOf(DOMException);
  expect([reply.name, reply.message]).toEqual(['AbortError', 'This operation was aborted']);
});

test('a reason of an end is a text within its bound', async () => {
  const { system } = startKit({ odd });
  for (const reason of ['x'.repeat(EXIT_REASON_MAX + 1), 7 as unknown as string]) {
    expect(() => system.stop('odd/1', reason)).toThrow(/expected a text of at most 1024 characters; got/);
  }
  await system.stop('odd/1', 'x'.repeat(EXIT_REASON_MAX));
});

test('an error that the logger cannot serialize is logged as far as it can be read', () => {
  const lines: string[] = [];
  const pino = openLog('info', {}) as unknown as { [key: symbol]: { write(line: string): void } };
  const stream = Object.getOwnPropertySymbols(pino).find((key) => String(key) === 'Symbol(pino.stream)') as symbol;
  pino[stream] = { write: (line) => void lines.push(line) };
  const error = Object.defineProperty(new Error('half'), 'details', { get: explode, enumerable: true });
  guardedLog(pino as never).error({ err: error, actor: 'odd/1' }, 'it threw');
  expect(JSON.parse(lines[0] as string)).toMatchObject({ actor: 'odd/1', msg: 'it threw', err: { message: 'half' } });
});
