import { describe, expect, it } from 'vitest';
import { LocalReply } from '../../../src/actor/local-reply.ts';
import {
  PENDING_ASKS_MAX,
  PendingReplies,
  type PendingReply,
  TIMED_OUT_KINDS_MAX,
  TIMEOUTS_KEPT,
} from '../../../src/actor/pending-replies.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { Refusal, TroupeError } from '../../../src/vocabulary/errors.ts';
import { defineActor, errorOf, fateOf, Gate, startKit, thrownBy } from './kernel-fixture.ts';

const gates: Record<string, Gate> = {};

const worker = defineActor({
  state: () => ({ ran: [] as string[] }),
  receive: {
    async hold(ctx, { gate }: { gate: string }) {
      ctx.state.ran.push('hold');
      await gates[gate]?.opened;
      return gate;
    },
    quick(ctx) {
      ctx.state.ran.push('quick');
      return ctx.state.ran;
    },
    nothing: () => {},
    refuse: () => {
      throw new Refusal('too-late', 'the shop is closed', { opensAt: 9 });
    },
    'throw-text': () => {
      throw 'just a text';
    },
    boom: () => {
      throw new RangeError('out of it');
    },
    'left-over': async (ctx) => {
      const left = (): number => (ctx.deadline as number) - ctx.now();
      return [left(), await ctx.ask('worker/other', { type: 'left' })];
    },
    left: (ctx) => (ctx.deadline === undefined ? 'none' : ctx.deadline - ctx.now()),
    pass: (ctx, { timeoutMs }: { timeoutMs: number }) =>
      ctx.ask('worker/held', { type: 'hold', gate: 'never' }, { timeoutMs }).catch((error) => error.code),
    'watch-signal': async (ctx, { key }: { key: string }) => {
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
      aborted.push(key);
    },
  },
});
const aborted: string[] = [];

function start(limits = {}): ReturnType<typeof startKit> {
  gates.g = new Gate();
  gates.never = new Gate();
  aborted.length = 0;
  return startKit({ worker }, limits);
}

describe('an ask', () => {
  it('is answered with what the handler returns, undefined where it returns nothing', async () => {
    const { system } = start();
    expect(await system.ask('worker/a', { type: 'quick' })).toEqual(['quick']);
    expect(await system.ask('worker/a', { type: 'nothing' })).toBeUndefined();
  });

  it('fails with HANDLER_FAILED where the handler throws, and keeps its name, message and stack', async () => {
    const { system } = start();
    const error = await errorOf(system.ask('worker/a', { type: 'boom' }));
    expect([error.code, error.fate]).toEqual(['HANDLER_FAILED', 'executed']);
    const cause = error.cause as Error;
    expect([cause.name, cause.message]).toEqual(['RangeError', 'out of it']);
    expect(cause.stack).toContain('ask.test.ts');
    expect((await errorOf(system.ask('worker/b', { type: 'throw-text' }))).message).toMatch(/just a text$/);
  });

  it('is refused with reason, message and data by a Refusal, and the actor goes on', async () => {
    const { system, dead, heard } = start();
    await system.ask('worker/a', { type: 'quick' });
    const error = await errorOf(system.ask('worker/a', { type: 'refuse' }));
    expect(error).toMatchObject({
      ...{ code: 'REFUSED', fate: 'executed', reason: 'too-late', message: 'the shop is closed' },
      data: { opensAt: 9 },
    });
    expect(await system.ask('worker/a', { type: 'quick' })).toEqual(['quick', 'quick']);
    expect([dead(), heard('actor-restarted')]).toEqual([[], []]);
  });

  it('fails at its deadline, executed where the handler runs, not-executed where it waits; what waited is not run', async () => {
    const { system, clock } = start();
    const first = fateOf(system.ask('worker/a', { type: 'hold', gate: 'g' }, { timeoutMs: 100 }));
    const second = fateOf(system.ask('worker/a', { type: 'quick' }, { timeoutMs: 200 }));
    await clock.advance(99);
    expect(await Promise.race([first, 'open'])).toBe('open');
    await clock.advance(2);
    expect(await first).toBe('ASK_TIMEOUT/executed');
    await clock.advance(100);
    expect(await second).toBe('ASK_TIMEOUT/not-executed');
    gates.g?.open();
    await clock.settle();
    expect(await system.ask('worker/a', { type: 'quick' })).toEqual(['hold', 'quick']);
  });

  it('has askTimeoutMs where it names no time; with 0 it fails at once', async () => {
    const { system, clock } = start({ askTimeoutMs: 700 });
    const ask = fateOf(system.ask('worker/a', { type: 'hold', gate: 'never' }));
    await clock.advance(699);
    expect(await Promise.race([ask, 'open'])).toBe('open');
    await clock.advance(2);
    expect(await ask).toBe('ASK_TIMEOUT/executed');
    expect(await fateOf(system.ask('worker/b', { type: 'quick' }, { timeoutMs: 0 }))).toBe('ASK_TIMEOUT/not-executed');
  });

  it('inside a handler inherits what is left of the asker’s deadline, and may ask for less but not for more', async () => {
    const { system, clock } = start();
    expect(await system.ask('worker/a', { type: 'left-over' }, { timeoutMs: 1_000 })).toEqual([1_000, 1_000]);
    expect(await system.ask('worker/a', { type: 'left' })).toBe(5_000);
    const more = fateOf(system.ask('worker/a', { type: 'pass', timeoutMs: 60_000 }, { timeoutMs: 50 }));
    const less = system.ask('worker/b', { type: 'pass', timeoutMs: 20 }, { timeoutMs: 500 });
    await clock.advance(21);
    expect(await less).toBe('ASK_TIMEOUT');
    await clock.advance(40);
    expect(await more).toBe('ASK_TIMEOUT/executed');
  });

  it('gives a tell no deadline', async () => {
    const teller = defineActor({
      state: () => ({ seen: 'nothing' as unknown }),
      receive: { look: (ctx) => void (ctx.state.seen = [ctx.deadline, ctx.sender]), seen: (ctx) => ctx.state.seen },
    });
    const { system } = startKit({ teller });
    system.tell('teller/a', { type: 'look' });
    expect(await system.ask('teller/a', { type: 'seen' })).toEqual([undefined, undefined]);
  });

  it('is aborted by its signal with the fate it has by then, before it was sent too', async () => {
    const { system, clock } = start();
    const abort = new AbortController();
    const running = errorOf(system.ask('worker/a', { type: 'hold', gate: 'g' }, { signal: abort.signal }));
    const waiting = fateOf(system.ask('worker/a', { type: 'quick' }, { signal: abort.signal }));
    await clock.settle();
    abort.abort(new Error('no longer wanted'));
    const error = await running;
    expect([error.code, error.fate, (error.cause as Error).message]).toEqual([
      ...['ASK_ABORTED', 'executed', 'no longer wanted'],
    ]);
    expect(await waiting).toBe('ASK_ABORTED/not-executed');
    const late = system.ask('worker/b', { type: 'quick' }, { signal: abort.signal });
    expect(await fateOf(late)).toBe('ASK_ABORTED/not-executed');
    gates.g?.open();
    expect(await system.ask('worker/a', { type: 'quick' })).toEqual(['hold', 'quick']);
  });

  it('that was given up aborts ctx.signal of the handler that runs for it, and of no other', async () => {
    const { system, clock } = start();
    const abort = new AbortController();
    const asks = [
      fateOf(system.ask('worker/a', { type: 'watch-signal', key: 'aborted' }, { signal: abort.signal })),
      fateOf(system.ask('worker/b', { type: 'watch-signal', key: 'late' }, { timeoutMs: 300 })),
    ];
    await clock.settle();
    abort.abort();
    await clock.settle();
    expect(aborted).toEqual(['aborted']);
    await clock.advance(301);
    expect(aborted).toEqual(['aborted', 'late']);
    expect(await Promise.all(asks)).toEqual(['ASK_ABORTED/executed', 'ASK_TIMEOUT/executed']);
  });

  it('ctx.signal that was looked at between turns does not stand in for that of a turn', async () => {
    const signals: AbortSignal[] = [];
    const looker = defineActor({
      receive: {
        look: (ctx) => void signals.push(ctx.signal),
        later: (ctx) => void setImmediate(() => signals.push(ctx.signal)),
      },
    });
    const { system, clock } = startKit({ looker });
    await system.ask('looker/a', { type: 'later' });
    await clock.settle();
    await system.ask('looker/a', { type: 'look' });
    expect(new Set(signals).size).toBe(2);
  });

  it('ctx.signal of one turn is not that of the next', async () => {
    const signals: AbortSignal[] = [];
    const looker = defineActor({
      onStart: (ctx) => void signals.push(ctx.signal),
      receive: { look: (ctx) => void signals.push(ctx.signal) },
    });
    const { system } = startKit({ looker });
    await system.ask('looker/a', { type: 'look' });
    await system.ask('looker/a', { type: 'look' });
    expect(new Set(signals).size).toBe(3);
    expect(signals.some((signal) => signal.aborted)).toBe(false);
  });

  it('throws at the call for a bad id, message, time or signal', () => {
    const { system } = start();
    const codes = [
      thrownBy(() => system.ask('no-slash', { type: 'quick' })),
      thrownBy(() => system.ask('~1.1', { type: 'quick' })),
      thrownBy(() => system.ask('worker/a', { kind: 'quick' } as never)),
      thrownBy(() => system.ask('worker/a', { type: 'quick' }, { timeoutMs: -1 })),
      thrownBy(() => system.ask('worker/a', { type: 'quick' }, { timeoutMs: Number.NaN })),
      thrownBy(() => system.ask('worker/a', { type: 'quick' }, { signal: {} as AbortSignal })),
    ].map(({ code }) => code);
    expect(codes).toEqual([
      ...['INVALID_ACTOR_ID', 'INVALID_ACTOR_ID', 'INVALID_MESSAGE'],
      ...['INVALID_OPTIONS', 'INVALID_OPTIONS', 'INVALID_OPTIONS'],
    ]);
  });

  it('settles when the actor is killed, stopped or restarted under it', async () => {
    const { system, clock } = start();
    const running = fateOf(system.ask('worker/a', { type: 'hold', gate: 'never' }));
    const waiting = fateOf(system.ask('worker/a', { type: 'quick' }));
    await clock.settle();
    await system.kill('worker/a');
    expect([await running, await waiting]).toEqual(['ACTOR_STOPPED/executed', 'ACTOR_STOPPED/not-executed']);
  });

  it('are so many in a process, unless told otherwise', async () => {
    const pending = new PendingReplies(new VirtualClock(), '~0.1');
    pending.size = PENDING_ASKS_MAX - 1;
    const last = pending.open('counter/a', 0, undefined, undefined);
    expect(last.settled).toBe(false);
    const beyond = pending.open('counter/a', 0, undefined, undefined);
    await expect(beyond.promise).rejects.toMatchObject({ code: 'OVERLOADED', fate: 'not-executed' });
  });

  it('beyond those that may be under way fails with OVERLOADED, not executed', async () => {
    const pending = new PendingReplies(new VirtualClock(), '~0.1', 3);
    const open = (): Promise<unknown> => pending.open('worker/a', 10_000, undefined, undefined).promise;
    for (let n = 0; n < 3; n++) open().catch(() => {});
    expect(pending.size).toBe(3);
    expect(await fateOf(open())).toBe('OVERLOADED/not-executed');
    expect(pending.size).toBe(3);
    pending.rejectAll('SHUTTING_DOWN', 'the end');
    expect(pending.size).toBe(0);
  });

  it('that times out is counted once, whoever saw that it came too late', async () => {
    const clock = new VirtualClock();
    const pending = new PendingReplies(clock, '~0.1');
    const counts = (): unknown[] => [pending.timeouts, pending.lastTimeouts.length, [...pending.timedOutBy]];
    const here = pending.open('worker/a', clock.now() + 10, undefined, undefined);
    const there = pending.open('clerk/a', clock.now() + 1_000, undefined, undefined);
    await Promise.all([fateOf(here.promise), clock.advance(500)]);
    expect(counts()).toEqual([1, 1, [['worker', 1]]]);
    there.reject(new TroupeError('ASK_TIMEOUT', 'came to the message after its deadline', { fate: 'not-executed' }));
    expect(await fateOf(there.promise)).toBe('ASK_TIMEOUT/not-executed');
    there.expire();
    expect(counts()).toEqual([
      2,
      2,
      [
        ['worker', 1],
        ['clerk', 1],
      ],
    ]);
  });

  it('that times out is counted of so many kinds, and so many of the last are kept', async () => {
    const clock = new VirtualClock();
    const pending = new PendingReplies(clock, '~0.1');
    const asks = Array.from({ length: TIMED_OUT_KINDS_MAX + 1 }, (_, n) =>
      pending.open(`kind-${n}/a`, clock.now() + 10, undefined, undefined).promise.catch(() => {}),
    );
    await clock.advance(500);
    await Promise.all(asks);
    expect([pending.timeouts, pending.timedOutBy.size]).toEqual([TIMED_OUT_KINDS_MAX + 1, TIMED_OUT_KINDS_MAX]);
    const [first] = pending.lastTimeouts;
    expect([pending.lastTimeouts.length, first?.to]).toEqual([TIMEOUTS_KEPT, `kind-${asks.length - TIMEOUTS_KEPT}/a`]);
  });

  it('that goes onward settles who is told of it, at once and once', () => {
    const pending = new PendingReplies(new VirtualClock(), '~0.1', 2);
    const told: unknown[] = [];
    const onward = (): LocalReply =>
      new LocalReply(
        () => told.push('resolved'),
        ({ code }) => told.push(code),
      );
    const open = (): PendingReply => pending.open('worker/a', 10_000, undefined, undefined, 0, onward());
    const [one, two] = [open(), open()];
    expect(() => one.promise).toThrow('not awaited here');
    one.resolve(1);
    one.reject(new TroupeError('ACTOR_STOPPED', 'too late'));
    expect([told, one.settled, pending.size]).toEqual([['resolved'], true, 1]);
    open();
    // Beyond the limit, before it is even returned.
    expect(open().settled).toBe(true);
    two.expire();
    expect([told, pending.size]).toEqual([['resolved', 'OVERLOADED', 'ASK_TIMEOUT'], 1]);
  });
});

describe('a reply', () => {
  const shared = { list: [1] };
  const replier = defineActor({
    state: () => ({ list: [1], map: new Map([['a', 1]]) }),
    receive: {
      state: (ctx) => ctx.state,
      flat: () => shared,
      bytes: () => ({ buffer: Buffer.from('abc'), view: new Uint16Array([1, 2]) }),
      me: (ctx) => ({ refs: [ctx.self, new Map([['self', ctx.self]])] }),
      odd: () => ({ inner: { call: () => {} } }),
      id: (ctx) => ctx.id,
    },
  });

  it('is a copy: what the asker does to it does not reach the state', async () => {
    const { system } = startKit({ replier });
    const state = await system.ask('replier/a', { type: 'state' });
    state.list.push(2);
    state.map.clear();
    expect(await system.ask('replier/a', { type: 'state' })).toEqual({ list: [1], map: new Map([['a', 1]]) });
  });

  it('arrives equal: a Buffer is a Buffer, a ref is a ref', async () => {
    const { system } = startKit({ replier });
    const { buffer, view } = await system.ask('replier/a', { type: 'bytes' });
    expect(Buffer.isBuffer(buffer) && buffer.toString()).toBe('abc');
    expect(view).toEqual(new Uint16Array([1, 2]));
    const { refs } = await system.ask('replier/a', { type: 'me' });
    expect(await refs[0].ask({ type: 'id' })).toBe('replier/a');
    expect(await refs[1].get('self').ask({ type: 'id' })).toBe('replier/a');
  });

  it.each([5, 'soon', null])('is not waited for with options that are no object: %j', (options) => {
    const { system } = startKit({ replier });
    expect(thrownBy(() => system.ask('replier/a', { type: 'id' }, options as never)).code).toBe('INVALID_OPTIONS');
  });

  it('that is no plain data fails the ask with INVALID_MESSAGE naming the path, executed; the actor goes on', async () => {
    const { system, heard } = startKit({ replier });
    const error = await errorOf(system.ask('replier/a', { type: 'odd' }));
    expect([error.code, error.fate]).toEqual(['INVALID_MESSAGE', 'executed']);
    expect(error.message).toContain('reply.inner.call');
    expect(heard('actor-restarted')).toEqual([]);
  });
});
