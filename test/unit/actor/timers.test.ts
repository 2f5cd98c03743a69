import { describe, expect, it } from 'vitest';
import { BEAT_MS_MIN, TIMERS_MAX } from '../../../src/actor/message-timer.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
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
    // What a handler takes back whose time has passed while it ran.
    async 'hold-and-cancel'(ctx) {
      await gate.opened;
      ctx.state.cancel?.();
    },
    many(ctx, { count }: { count: number }) {
      for (let n = 0; n < count; n++) ctx.after(1_000, { type: 'tick' });
    },
    now: (ctx) => ctx.now(),
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

  it.each([0, 1e-10])(`beats every ${BEAT_MS_MIN} ms at most, so that time goes on: asked for %f`, async (ms) => {
    const { system, clock } = start();
    await system.ask('ticker/a', { type: 'every', ms });
    await clock.advance(4.5);
    const at: number[] = await system.ask('ticker/a', { type: 'at' });
    expect(at.map(Math.round)).toEqual([0, 1, 2, 3, 4]);
  });

  it('skips the beats that the process missed and keeps its time', async () => {
    const { system, clock } = start();
    await system.ask('ticker/a', { type: 'every', ms: 30 });
    clock.stall(100);
    await clock.advance(60);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([100, 120, 150]);
  });
});

describe('the message of a timer that waits in the mailbox', () => {
  it.each(['after', 'every'])('is taken back with its timer: %s', async (type) => {
    const { system, clock } = start();
    await system.ask('ticker/a', { type, ms: 20 } as never);
    system.tell('ticker/a', { type: 'hold-and-cancel' });
    await clock.advance(110);
    gate.open();
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([]);
    await clock.advance(110);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([]);
  });

  it('is one of a timer that beats, however slow its handler is: other mail waits behind that one only', async () => {
    const slow = defineActor({
      state: () => ({ polls: 0 }),
      onStart: (ctx) => void ctx.every(10, { type: 'poll' }),
      receive: {
        async poll(ctx) {
          ctx.state.polls++;
          await ctx.ask('pause/1', { type: 'wait' });
        },
        polls: (ctx) => ctx.state.polls,
      },
    });
    const pause = defineActor({
      receive: { wait: () => new Promise((resolve) => clock.setTimer(100, () => resolve(0))) },
    });
    const { system, clock, process } = startKit({ slow, pause });
    system.tell('slow/1', { type: 'poll' });
    await clock.advance(3_000);
    expect(process.actors.cellOf('slow/1')?.mailbox.length).toBe(1);
    const asked = system.ask('slow/1', { type: 'polls' });
    await clock.advance(250);
    // One for each time that the handler was free: none is made up for.
    expect(await asked).toBeGreaterThan(28);
    expect(await asked).toBeLessThan(35);
  });

  it('stays, as mail, when its actor is restarted', async () => {
    const { system, clock } = start();
    await system.ask('ticker/a', { type: 'after', ms: 10 });
    system.tell('ticker/a', { type: 'hold' });
    const boom = errorOf(system.ask('ticker/a', { type: 'boom' }));
    await clock.advance(20);
    gate.open();
    await boom;
    await clock.advance(100);
    expect(await system.ask('ticker/a', { type: 'at' })).toHaveLength(1);
  });

  it('has room in a mailbox that others have filled', async () => {
    const full = defineActor({
      mailbox: { capacity: 2 },
      state: () => ({ ticks: 0 }),
      receive: {
        arm: (ctx) => void ctx.after(10, { type: 'tick' }),
        hold: () => gate.opened,
        tick: (ctx) => void ctx.state.ticks++,
        ticks: (ctx) => ctx.state.ticks,
      },
    });
    gate = new Gate();
    const { system, clock, dead } = startKit({ full });
    await system.ask('full/1', { type: 'arm' });
    system.tell('full/1', { type: 'hold' });
    await clock.settle();
    for (let n = 0; n < 4; n++) system.tell('full/1', { type: 'hold' });
    expect(dead()).toHaveLength(2);
    await clock.advance(50);
    gate.open();
    await clock.settle();
    expect(await system.ask('full/1', { type: 'ticks' })).toBe(1);
    expect(dead().filter((letter) => letter.includes('tick'))).toEqual([]);
  });

  it('can be put aside, and comes back', async () => {
    const patient = defineActor({
      state: () => ({ ticks: 0, isReady: false }),
      onStart: (ctx) => void ctx.after(10, { type: 'tick' }),
      receive: {
        tick: (ctx) => (ctx.state.isReady ? void ctx.state.ticks++ : ctx.stash()),
        ready(ctx) {
          ctx.state.isReady = true;
          ctx.unstashAll();
        },
        ticks: (ctx) => ctx.state.ticks,
      },
    });
    const { system, clock } = startKit({ patient });
    system.tell('patient/1', { type: 'ticks' });
    await clock.advance(50);
    await system.ask('patient/1', { type: 'ready' });
    expect(await system.ask('patient/1', { type: 'ticks' })).toBe(1);
  });
});

describe('timers', () => {
  it('that came due while their turn was committed go off in the order of their times', async () => {
    const store = new MemoryStore(new Map());
    const commit = store.commit.bind(store);
    store.commit = async (changes, options) => {
      await new Promise<void>((resolve) => clock.setTimer(100, resolve));
      return commit(changes, options);
    };
    const sleepy = defineActor({
      durable: true,
      state: () => ({ heard: [] as number[] }),
      receive: {
        arm(ctx) {
          for (const ms of [50, 10, 30]) ctx.after(ms, { type: 'due', ms });
        },
        due: (ctx, { ms }: { ms: number }) => void ctx.state.heard.push(ms),
        heard: (ctx) => ctx.state.heard,
      },
    });
    const { system, clock } = startKit({ sleepy }, {}, store);
    system.tell('sleepy/1', { type: 'arm' });
    await clock.advance(2_000);
    const heard = system.ask('sleepy/1', { type: 'heard' });
    await clock.advance(1_000);
    expect(await heard).toEqual([10, 30, 50]);
  });

  it('take any time, a month too', async () => {
    const { system, clock } = start();
    const month = 30 * 86_400_000;
    await system.ask('ticker/a', { type: 'after', ms: month });
    await clock.advance(month - 1);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([]);
    await clock.advance(1);
    expect(await system.ask('ticker/a', { type: 'at' })).toEqual([month]);
  });

  it(`are ${TIMERS_MAX} at most of an actor: one more throws`, async () => {
    const { system } = start();
    const { cause } = await errorOf(system.ask('ticker/a', { type: 'many', count: TIMERS_MAX + 1 }));
    expect(cause).toMatchObject({ code: 'OVERLOADED' });
    await system.ask('ticker/b', { type: 'many', count: TIMERS_MAX });
  });

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

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5'])('take no time of %j', async (ms) => {
    const { system, clock } = start();
    const errors = ['after', 'every'].map((type, n) => errorOf(system.ask(`ticker/${n}`, { type, ms } as never)));
    await clock.advance(1);
    for (const error of await Promise.all(errors)) expect(error.cause).toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});

describe('the time of an actor', () => {
  it('is that of the wall, which begins at the real time and goes on with the clock of the test', async () => {
    const before = Date.now();
    const { system, clock } = start();
    const now = (await system.ask('ticker/a', { type: 'now' })) as number;
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
    await clock.advance(3_600_000);
    expect(await system.ask('ticker/a', { type: 'now' })).toBe(now + 3_600_000);
  });
});
