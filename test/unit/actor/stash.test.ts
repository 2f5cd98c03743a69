import { describe, expect, it } from 'vitest';
import { STASH_CAPACITY } from '../../../src/actor/mailbox.ts';
import { defineActor, errorOf, fateOf, startKit, thrownBy } from './kernel-fixture.ts';

interface Door {
  open: boolean;
  got: number[];
}

const door = defineActor({
  state: (): Door => ({ open: false, got: [] }),
  receive: {
    pass(ctx, { n, twice }: { n: number; twice?: boolean }) {
      if (!ctx.state.open) {
        ctx.stash();
        if (twice) ctx.stash();
        return 'not seen';
      }
      ctx.state.got.push(n);
      return n;
    },
    open(ctx) {
      ctx.state.open = true;
      ctx.unstashAll();
    },
    close: (ctx) => void (ctx.state.open = false),
    got: (ctx) => ctx.state.got,
    'stash-and-throw'(ctx) {
      ctx.stash();
      throw new Error('after stashing');
    },
    async 'stash-late'(ctx) {
      if (ctx.state.open) return 'late';
      await Promise.resolve();
      ctx.stash();
      return 'not seen';
    },
    'open-later': (ctx) => {
      ctx.state.open = true;
      setImmediate(() => ctx.unstashAll());
    },
  },
});

describe('stash', () => {
  it('puts messages aside; unstashAll brings them back in order, before newer mail', async () => {
    const { system } = startKit({ door });
    for (const n of [1, 2, 3]) system.tell('door/a', { type: 'pass', n });
    system.tell('door/a', { type: 'open' });
    for (const n of [4, 5]) system.tell('door/a', { type: 'pass', n });
    expect(await system.ask('door/a', { type: 'got' })).toEqual([1, 2, 3, 4, 5]);
  });

  it('leaves an ask unanswered until it is handled again', async () => {
    const { system, clock } = startKit({ door });
    const asks = [system.ask('door/a', { type: 'pass', n: 7 }), system.ask('door/a', { type: 'stash-late' })];
    await clock.settle();
    expect(await Promise.race([...asks, 'open'])).toBe('open');
    system.tell('door/a', { type: 'open' });
    expect(await Promise.all(asks)).toEqual([7, 'late']);
  });

  it('called twice in a turn puts the message aside once', async () => {
    const { system } = startKit({ door });
    system.tell('door/a', { type: 'pass', n: 1, twice: true });
    system.tell('door/a', { type: 'open' });
    expect(await system.ask('door/a', { type: 'got' })).toEqual([1]);
  });

  it('in a turn that throws has put nothing aside: the message is a dead letter, and does not come back', async () => {
    const { system, clock, dead } = startKit({ door });
    const ask = fateOf(system.ask('door/a', { type: 'stash-and-throw' }));
    await clock.advance(100);
    expect(await ask).toBe('HANDLER_FAILED/executed');
    await system.ask('door/a', { type: 'open' });
    await clock.settle();
    expect(dead()).toEqual(['door/a:stash-and-throw:HANDLER_FAILED']);
  });

  it('comes back with a restart, in order and before newer mail', async () => {
    const { system, clock } = startKit({ door });
    for (const n of [1, 2]) system.tell('door/a', { type: 'pass', n });
    system.tell('door/a', { type: 'stash-and-throw' });
    system.tell('door/a', { type: 'pass', n: 3 });
    await clock.advance(100);
    system.tell('door/a', { type: 'open' });
    expect(await system.ask('door/a', { type: 'got' })).toEqual([1, 2, 3]);
  });

  it('outlives the end of its actor: a stop gives it to the next incarnation, a kill to the dead letters', async () => {
    const { system, dead } = startKit({ door });
    system.tell('door/a', { type: 'pass', n: 1 });
    await system.stop('door/a');
    await system.ask('door/a', { type: 'open' });
    expect(await system.ask('door/a', { type: 'got' })).toEqual([1]);
    system.tell('door/b', { type: 'pass', n: 2 });
    await system.ask('door/b', { type: 'close' });
    await system.kill('door/b');
    expect(dead()).toEqual(['door/b:pass:ACTOR_STOPPED']);
  });

  it('is brought back between turns too', async () => {
    const { system, clock } = startKit({ door });
    const ask = system.ask('door/a', { type: 'pass', n: 1 });
    await system.ask('door/a', { type: 'open-later' });
    await clock.settle();
    expect(await Promise.race([ask, 'open'])).toBe(1);
  });

  it('holds its capacity and refuses one more with OVERLOADED', async () => {
    const { system, clock } = startKit({ door });
    for (let n = 0; n < STASH_CAPACITY; n++) system.tell('door/a', { type: 'pass', n });
    const error = errorOf(system.ask('door/a', { type: 'pass', n: -1 }));
    await clock.advance(1_000);
    expect((await error).cause).toMatchObject({ code: 'OVERLOADED' });
    await system.ask('door/a', { type: 'open' });
    expect(await system.ask('door/a', { type: 'got' })).toHaveLength(STASH_CAPACITY);
  });

  it('outside of a turn is a mistake', async () => {
    const errors: string[] = [];
    const early = defineActor({
      onStart: (ctx) => void errors.push(thrownBy(() => ctx.stash()).code),
      receive: { 'no-op': () => {} },
    });
    const { system } = startKit({ early });
    await system.ask('early/a', { type: 'no-op' });
    expect(errors).toEqual(['INVALID_OPTIONS']);
  });
});
