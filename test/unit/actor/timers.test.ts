import { describe, expect, it } from 'vitest';
import { TIMER_MS_MAX } from '../../../src/actor/actor-context.ts';
import { defineActor, errorOf, Gate, startKit } from './kernel-fixture.ts';

let gate = new Gate();

const ticker = defineActor({
  state: () => ({ at: [] as number[], cancel: undefined as (() => void) | undefined }),
  receive: {
    after(ctx, { ms }: { ms: number }) {
      ctx.state.cancel = ctx.after(ms, { type: 'tick', from: 'after' });
    },
    every(ctx, { ms }: { ms: number }) {
      ctx.state.cancel = ctx.every(ms, { type: 'tick', from: 'every' });
    },
    cancel: (ctx) => ctx.state.cancel?.(),
    tick: (ctx) => void ctx.state.at.push(ctx.deadline ?? now()),
    at: (ctx) => ctx.state.at,
    hold: () => gate.opened,
    boom: () => {
      throw new Error('boom');
    },
    odd: (ctx) => void ctx.after(1, { type: 'tick', call: () => {} }),
  },
});
let now = (): number => 0;

function start(): ReturnType<typeof startKit> {
  gate = new Gate();
  const kit = startKit({ ticker });
  const zero = kit.clock.now();
  now = () => kit.clock.now() - zero;
  return kit;
}

describe('after', () => {
  it('mails the actor once, on time', async () => {
    const { system, clock } = start();
    await system.ask('ticker/a', { type: 'after', ms: 100 });
    await clock.advance(99);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([]);
    await clock.advance(1_000);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([100]);
  });

  it('is cancelled by what it returned', async () => {
    const { system, clock } = start();
    await system.ask('ticker/a', { type: 'after', ms: 100 });
    await system.ask('ticker/a', { type: 'cancel' });
    await clock.advance(1_000);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([]);
  });
});

describe('every', () => {
  it('mails the actor in equal steps until it is cancelled', async () => {
    const { system, clock } = start();
    await system.ask('ticker/a', { type: 'every', ms: 30 });
    await clock.advance(100);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([30, 60, 90]);
    await system.ask('ticker/a', { type: 'cancel' });
    await clock.advance(100);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([30, 60, 90]);
  });

  it('skips the beats that the process missed and keeps its time', async () => {
    const { system, clock } = start();
    await system.ask('ticker/a', { type: 'every', ms: 30 });
    clock.stall(100);
    await clock.advance(60);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([100, 120, 150]);
  });
});

describe('timers', () => {
  it.each(['stop', 'kill', 'restart'] as const)('are gone with the incarnation: %s', async (how) => {
    const { system, clock, dead } = start();
    await system.ask('ticker/a', { type: 'every', ms: 100 });
    if (how === 'restart') await Promise.all([errorOf(system.ask('ticker/a', { type: 'boom' })), clock.advance(60)]);
    else await system[how]('ticker/a');
    await clock.advance(500);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([]);
    expect(dead()).toEqual(how === 'restart' ? ['ticker/a:boom:HANDLER_FAILED'] : []);
    expect(clock.timers).toBeLessThanOrEqual(2);
  });

  it('wait their turn like other mail', async () => {
    const { system, clock } = start();
    await system.ask('ticker/a', { type: 'after', ms: 10 });
    system.tell('ticker/a', { type: 'hold' });
    await clock.advance(50);
    gate.open();
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([50]);
  });

  it('send messages that are checked as others are', async () => {
    const { system, clock, dead } = start();
    await system.ask('ticker/a', { type: 'odd' });
    await clock.advance(5);
    expect(dead()).toEqual(['ticker/a:tick:INVALID_MESSAGE']);
  });

  it.each([-1, Number.NaN, TIMER_MS_MAX + 1, '5'])('take no time of %j', async (ms) => {
    const { system, clock } = start();
    const errors = ['after', 'every'].map((type, n) => errorOf(system.ask(`ticker/${n}`, { type, ms } as never)));
    await clock.advance(1);
    for (const error of await Promise.all(errors)) expect(error.cause).toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});
