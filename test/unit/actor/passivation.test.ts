import { describe, expect, it } from 'vitest';
import { defineActor, Gate, startKit } from './kernel-fixture.ts';

let gate = new Gate();

const dozing = defineActor({
  state: () => ({ count: 0 }),
  onStop: (ctx, reason) => {
    reasons.push(reason);
    return ctx.key === 'slow' ? gate.opened : undefined;
  },
  receive: {
    add: (ctx) => ++ctx.state.count,
    timer: (ctx) => void ctx.after(1_000, { type: 'add' }),
    child: async (ctx) => void (await ctx.spawn('dozing', { key: 'child' })),
    stash: (ctx) => ctx.stash(),
    hold: () => gate.opened,
    join: async (ctx) => void (await ctx.subscribe('news')),
  },
  passivateAfterMs: 100,
});
let reasons: string[] = [];

function start(): ReturnType<typeof startKit> & { lives(key: string): boolean } {
  gate = new Gate();
  reasons = [];
  const kit = startKit({ dozing });
  return { ...kit, lives: (key) => kit.process.actors.cellOf(`dozing/${key}`) !== undefined };
}

describe('passivation', () => {
  it('takes an actor out of memory after its idle time, not before, and its state with it', async () => {
    const { system, clock, lives } = start();
    await system.ask('dozing/a', { type: 'add' });
    await clock.advance(60);
    await system.ask('dozing/a', { type: 'add' });
    await clock.advance(95);
    expect(lives('a')).toBe(true);
    await clock.advance(30);
    expect([lives('a'), reasons]).toEqual([false, ['passivated']]);
    expect(await system.ask('dozing/a', { type: 'add' })).toBe(1);
  });

  it.each(['timer', 'child', 'stash'])('does not come while there is a %s', async (type) => {
    const { system, clock, lives } = start();
    system.tell('dozing/a', { type });
    await clock.advance(500);
    expect(lives('a')).toBe(true);
  });

  it('does not come while a turn runs', async () => {
    const { system, clock, lives } = start();
    system.tell('dozing/a', { type: 'hold' });
    await clock.advance(500);
    expect(lives('a')).toBe(true);
    gate.open();
    await clock.advance(500);
    expect(lives('a')).toBe(false);
  });

  it('loses no mail that comes while onStop runs', async () => {
    const { system, clock } = start();
    await system.ask('dozing/slow', { type: 'add' });
    await clock.advance(200);
    expect(reasons).toEqual(['passivated']);
    const counts = [1, 2].map(() => system.ask('dozing/slow', { type: 'add' }));
    gate.open();
    await clock.settle();
    expect(await Promise.all(counts)).toEqual([1, 2]);
  });

  it('keeps subscriptions: a message to the topic activates the actor', async () => {
    const { system, clock, lives } = start();
    await system.ask('dozing/a', { type: 'join' });
    await clock.advance(500);
    expect(lives('a')).toBe(false);
    system.publish('news', { type: 'add' });
    expect(await system.ask('dozing/a', { type: 'add' })).toBe(2);
  });
});
