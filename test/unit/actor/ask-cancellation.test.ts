import { describe, expect, it } from 'vitest';
import { defineActor, errorOf, Gate, startKit } from './kernel-fixture.ts';

let gate = new Gate();
let running: ReturnType<typeof startKit> | undefined;

/** As those of the clients of OpenAI and Anthropic. */
class APIUserAbortError extends Error {}
/** As that of cockatiel. */
class TaskCancelledError extends Error {}

/** What libraries make of an abort, by their own words for it. */
const OF_LIBRARIES: Record<string, () => unknown> = {
  ...Object.fromEntries(
    [
      ...['AbortError', 'TimeoutError', 'CanceledError', 'CancelError', 'CancelledError', 'CancellationError'],
      ...['RequestAbortedError', 'AbortedError', 'ResponseAborted'],
    ].map((name) => [`by the name ${name}`, () => Object.assign(new Error('canceled'), { name })]),
  ),
  ...Object.fromEntries(
    ['ABORT_ERR', 'ECANCELED', 'UND_ERR_ABORT', 'UND_ERR_ABORTED', 'ERR_ABORTED', 'ERR_CANCELED'].map((code) => [
      `by the code ${code}`,
      () => Object.assign(new Error('canceled'), { code }),
    ]),
  ),
  'by a class of the name': () => new APIUserAbortError('Request was aborted.'),
  'by another such class': () => new TaskCancelledError('Operation cancelled'),
  'as one of several tries': () =>
    new AggregateError([new Error('no route'), Object.assign(new Error('x'), { name: 'AbortError' })], 'all failed'),
};

class OrderCancelledError extends Error {
  override readonly name = 'OrderCancelledError';
}
class JobAbortedError extends Error {}

/** What a program itself has to say, in words that are like those of an abort. */
const OF_THE_PROGRAM: Record<string, () => unknown> = {
  'an order that was cancelled': () => new OrderCancelledError('the order was cancelled'),
  'a job that was aborted': () => new JobAbortedError('aborted by its owner'),
  'a code of its own': () => Object.assign(new Error('cancelled'), { code: 'ERR_CANCELLED' }),
  'words alone': () => new Error('AbortError: The operation was aborted'),
};

/** Rejects once the signal is aborted: as fetch does, with its reason; or as Node's own functions do, with an error caused by it. */
function until(signal: AbortSignal, how: 'reason' | 'abort' | 'wrapped'): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = (): void => {
      if (how === 'reason') return reject(signal.reason);
      const error = Object.assign(new Error('aborted', { cause: signal.reason }), { name: 'AbortError' });
      reject(how === 'abort' ? error : new Error('the work was not done', { cause: error }));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
}

const receive = {
  work: async (
    ctx: { state: { n: number }; signal: AbortSignal },
    { how }: { how: 'reason' | 'abort' | 'wrapped' },
  ) => {
    ctx.state.n++;
    await until(ctx.signal, how);
  },
  /** Looks for its signal only when it is too late. */
  'work-late': async (ctx: { signal: AbortSignal }) => {
    await gate.opened;
    await until(ctx.signal, 'reason');
  },
  library: async (ctx: { signal: AbortSignal }, { how }: { how: string }) => {
    await until(ctx.signal, 'reason').catch(() => {});
    throw OF_LIBRARIES[how]?.();
  },
  program: async (ctx: { signal: AbortSignal }, { how }: { how: string }) => {
    await until(ctx.signal, 'reason').catch(() => {});
    throw OF_THE_PROGRAM[how]?.();
  },
  'ask-on': (ctx: { ask(id: string, message: { type: string }): Promise<unknown> }, { to }: { to: string }) =>
    ctx.ask(to, { type: 'hold' }),
  mistake: async (ctx: { signal: AbortSignal }) => {
    await until(ctx.signal, 'reason').catch(() => {});
    throw new TypeError('a mistake');
  },
  /** Keeps its process, and the timers there, until the deadline has passed. */
  stall: () => {
    running?.clock.stall(150);
    throw new TypeError('a mistake');
  },
  'own-abort': () => Promise.reject(Object.assign(new Error('of its own'), { name: 'AbortError' })),
  hold: () => new Promise(() => {}),
  count: (ctx: { state: { n: number } }) => ctx.state.n,
};

const volatile = defineActor({ state: () => ({ n: 0 }), receive });
const durable = defineActor({ durable: true, state: () => ({ n: 0 }), receive });

function start(): ReturnType<typeof startKit> {
  gate = new Gate();
  return (running = startKit({ volatile, durable }));
}

function isCalm({ heard, dead }: ReturnType<typeof startKit>): void {
  expect([heard('actor-restarted'), heard('actor-failed'), dead()]).toEqual([[], [], []]);
}

describe.each(['volatile', 'durable'])('a %s actor whose handler rejects since its asker gave up', (kind) => {
  it.each(['reason', 'abort', 'wrapped'])('by an abort (%s) has not failed, however often', async (how) => {
    const kit = start();
    for (let n = 0; n < 8; n++) {
      const abort = new AbortController();
      const asked = errorOf(kit.system.ask(`${kind}/a`, { type: 'work', how }, { signal: abort.signal }));
      await kit.clock.settle();
      abort.abort();
      const { code, fate } = await asked;
      expect([code, fate]).toEqual(['ASK_ABORTED', 'executed']);
      await kit.clock.settle();
    }
    isCalm(kit);
    // Of a durable turn that came to nothing nothing stays.
    expect(await kit.system.ask(`${kind}/a`, { type: 'count' })).toBe(kind === 'durable' ? 0 : 8);
  });

  it.each(['reason', 'abort', 'wrapped'])(
    'by its deadline (%s) has not failed, and nobody hears of a failed handler',
    async (how) => {
      const kit = start();
      for (let n = 0; n < 8; n++) {
        const asked = errorOf(kit.system.ask(`${kind}/a`, { type: 'work', how }, { timeoutMs: 100 }));
        await kit.clock.advance(101);
        const { code, fate } = await asked;
        expect([code, fate]).toEqual(['ASK_TIMEOUT', 'executed']);
      }
      isCalm(kit);
      expect(await kit.system.ask(`${kind}/a`, { type: 'count' })).toBe(kind === 'durable' ? 0 : 8);
    },
  );

  it.each(Object.keys(OF_LIBRARIES))('and a library says so %s has not failed', async (how) => {
    const kit = start();
    for (let n = 0; n < 8; n++) {
      const abort = new AbortController();
      const aborted = errorOf(kit.system.ask(`${kind}/a`, { type: 'library', how }, { signal: abort.signal }));
      await kit.clock.settle();
      abort.abort();
      expect((await aborted).code).toBe('ASK_ABORTED');
      const late = errorOf(kit.system.ask(`${kind}/a`, { type: 'library', how }, { timeoutMs: 100 }));
      await kit.clock.advance(101);
      expect((await late).code).toBe('ASK_TIMEOUT');
    }
    isCalm(kit);
  });

  it('by the deadline that its own ask inherited has not failed', async () => {
    const kit = start();
    for (let n = 0; n < 8; n++) {
      const asked = errorOf(kit.system.ask(`${kind}/a`, { type: 'ask-on', to: 'volatile/b' }, { timeoutMs: 100 }));
      await kit.clock.advance(150);
      expect((await asked).code).toBe('ASK_TIMEOUT');
    }
    isCalm(kit);
  });

  it('before it looked at ctx.signal finds it aborted', async () => {
    const kit = start();
    const abort = new AbortController();
    const asked = errorOf(kit.system.ask(`${kind}/a`, { type: 'work-late' }, { signal: abort.signal }));
    await kit.clock.settle();
    abort.abort();
    expect((await asked).code).toBe('ASK_ABORTED');
    gate.open();
    expect(await kit.system.ask(`${kind}/a`, { type: 'count' })).toBe(0);
    isCalm(kit);
  });

  it('but fails at its deadline for another reason has failed, and its asker has a time-out all the same', async () => {
    const kit = start();
    const asked = errorOf(kit.system.ask(`${kind}/a`, { type: 'stall' }, { timeoutMs: 100 }));
    await kit.clock.advance(101);
    const { code, fate, cause } = await asked;
    expect([code, fate, (cause as Error | undefined)?.message]).toEqual(['ASK_TIMEOUT', 'executed', 'a mistake']);
    await kit.clock.advance(100);
    expect([kit.dead(), kit.heard('actor-restarted').length]).toEqual([[`${kind}/a:stall:HANDLER_FAILED`], 1]);
  });

  it.each(Object.keys(OF_THE_PROGRAM))('but throws an error of the program itself (%s) has failed', async (how) => {
    const kit = start();
    const abort = new AbortController();
    const asked = errorOf(kit.system.ask(`${kind}/a`, { type: 'program', how }, { signal: abort.signal }));
    await kit.clock.settle();
    abort.abort();
    expect((await asked).code).toBe('ASK_ABORTED');
    await kit.clock.advance(100);
    expect([kit.dead(), kit.heard('actor-restarted').length]).toEqual([[`${kind}/a:program:HANDLER_FAILED`], 1]);
  });

  it.each([
    ['mistake', 'ASK_ABORTED'],
    ['own-abort', 'HANDLER_FAILED'],
  ])('but throws for another reason (%s) has failed', async (type, code) => {
    const kit = start();
    const abort = new AbortController();
    const asked = errorOf(kit.system.ask(`${kind}/a`, { type }, { signal: abort.signal }));
    await kit.clock.settle();
    abort.abort();
    expect((await asked).code).toBe(code);
    await kit.clock.advance(100);
    expect([kit.dead(), kit.heard('actor-restarted').length]).toEqual([[`${kind}/a:${type}:HANDLER_FAILED`], 1]);
  });
});
