import { describe, expect, it } from 'vitest';
import { defineActor, errorOf, fateOf, Gate, startKit } from './kernel-fixture.ts';

let gate = new Gate();
let hooks: string[] = [];
let reach: ReturnType<typeof startKit>['system'];

const actor = defineActor({
  state: () => ({ got: [] as number[] }),
  onStop: async (ctx, reason) => {
    hooks.push(`${ctx.key}:${reason}`);
    if (ctx.key.startsWith('slow')) await gate.opened;
  },
  receive: {
    put: (ctx, { n }: { n: number }) => void ctx.state.got.push(n),
    list: (ctx) => ctx.state.got,
    hold: () => gate.opened,
    leave: (ctx, { reason }: { reason?: string }) => ctx.stop(reason),
    'leave-later': (ctx) => void setImmediate(() => ctx.stop('later')),
    'kill-me': (ctx, { how }: { how: string }): unknown => {
      void reach.kill(ctx.id);
      if (how === 'throw') throw new Error('killed itself, then threw');
      return how === 'async' ? Promise.reject(new Error('killed itself, then rejected')) : 'last words';
    },
  },
});

function start(): ReturnType<typeof startKit> {
  gate = new Gate();
  hooks = [];
  const kit = startKit({ actor });
  reach = kit.system;
  return kit;
}

describe('stop', () => {
  it('comes after the mail there is, in order; later mail begins another incarnation', async () => {
    const { system, dead } = start();
    for (const n of [1, 2]) system.tell('actor/a', { type: 'put', n });
    const before = system.ask('actor/a', { type: 'list' });
    const stopped = system.stop('actor/a');
    system.tell('actor/a', { type: 'put', n: 3 });
    const after = system.ask('actor/a', { type: 'list' });
    await stopped;
    expect([await before, await after]).toEqual([[1, 2], [3]]);
    expect([hooks, dead()]).toEqual([['a:stopped'], []]);
  });

  it('waits for the turn that runs', async () => {
    const { system, clock } = start();
    const held = system.ask('actor/a', { type: 'hold' });
    let stopped = false;
    const stop = system.stop('actor/a').then(() => (stopped = true));
    await clock.settle();
    expect(stopped).toBe(false);
    gate.open();
    expect(await held).toBeUndefined();
    await stop;
  });

  it('sent twice with mail between comes twice: the second ends what the mail began', async () => {
    const { system, process } = start();
    const first = system.stop('actor/a');
    system.tell('actor/a', { type: 'put', n: 1 });
    const second = system.stop('actor/a');
    system.tell('actor/a', { type: 'put', n: 2 });
    const third = system.stop('actor/a');
    await Promise.all([first, second, third]);
    expect(process.actors.cellOf('actor/a')).toBeUndefined();
    expect(hooks).toEqual(['a:stopped', 'a:stopped']);
  });

  it('of what does not live resolves', async () => {
    const { system } = start();
    await system.stop('actor/none');
    await system.kill('actor/none');
    expect(hooks).toEqual([]);
  });

  it('keeps the mail that comes while onStop runs for the next incarnation', async () => {
    const { system, clock } = start();
    await system.ask('actor/slow', { type: 'put', n: 1 });
    const stop = system.stop('actor/slow');
    await clock.settle();
    const list = system.ask('actor/slow', { type: 'list' });
    await clock.settle();
    expect(await Promise.race([list, 'open'])).toBe('open');
    gate.open();
    await stop;
    expect(await list).toEqual([]);
  });

  it('by ctx.stop ends after the message, with its reason', async () => {
    const { system, heard } = start();
    system.tell('actor/a', { type: 'leave', reason: 'moved-out' });
    expect(await system.ask('actor/a', { type: 'list' })).toEqual([]);
    expect(heard('actor-stopped')).toMatchObject([{ id: 'actor/a', worker: 0, reason: 'moved-out' }]);
    expect(heard('actor-started')).toHaveLength(2);
  });

  it('by ctx.stop between turns ends it too', async () => {
    const { system, clock, heard } = start();
    await system.ask('actor/a', { type: 'leave-later' });
    await clock.settle();
    expect(heard('actor-stopped')).toMatchObject([{ reason: 'later' }]);
  });
});

describe('kill', () => {
  it('ends at once: the turn is given up, waiting mail goes to dead letters, onStop is not called', async () => {
    const { system, clock, dead, heard } = start();
    const held = fateOf(system.ask('actor/a', { type: 'hold' }));
    system.tell('actor/a', { type: 'put', n: 1 });
    await clock.settle();
    await system.kill('actor/a');
    expect(await held).toBe('ACTOR_STOPPED/executed');
    expect([dead(), hooks]).toEqual([['actor/a:put:ACTOR_STOPPED'], []]);
    expect(heard('actor-stopped')).toMatchObject([{ reason: 'killed' }]);
    gate.open();
    await clock.settle();
    expect(await system.ask('actor/a', { type: 'list' })).toEqual([]);
  });

  it('does not wait for an onStop that takes its time, and settles the stop that does', async () => {
    const { system, clock, heard } = start();
    await system.ask('actor/slow', { type: 'put', n: 1 });
    const stop = system.stop('actor/slow');
    await clock.settle();
    system.tell('actor/slow', { type: 'put', n: 2 });
    await system.kill('actor/slow');
    await stop;
    expect(heard('actor-stopped')).toMatchObject([{ reason: 'killed' }]);
    gate.open();
    await clock.settle();
    expect(heard('actor-stopped')).toHaveLength(1);
  });

  it('ends an actor that waits for its restart, which does not come then', async () => {
    const frail = defineActor({
      receive: {
        boom: () => {
          throw new Error('boom');
        },
        hi: () => 'hi',
      },
    });
    const { system, clock, dead, heard } = startKit({ frail });
    system.tell('frail/a', { type: 'boom' });
    await clock.settle();
    system.tell('frail/a', { type: 'hi' });
    await system.kill('frail/a');
    await clock.advance(1_000);
    expect(heard('actor-restarted')).toEqual([]);
    expect(dead()).toEqual(['frail/a:boom:HANDLER_FAILED', 'frail/a:hi:ACTOR_STOPPED']);
    expect(await system.ask('frail/a', { type: 'hi' })).toBe('hi');
  });

  it('ends an actor that is still starting', async () => {
    const starting = defineActor({ onStart: () => gate.opened, receive: { hi: () => 'hi' } });
    gate = new Gate();
    const { system, clock } = startKit({ starting });
    const ask = fateOf(system.ask('starting/a', { type: 'hi' }));
    await clock.settle();
    await system.kill('starting/a');
    expect(await ask).toBe('ACTOR_STOPPED/not-executed');
    gate.open();
    expect(await system.ask('starting/a', { type: 'hi' })).toBe('hi');
  });

  it.each(['return', 'async', 'throw'])(
    'by its own handler gives the turn up, whatever it does then: %s',
    async (how) => {
      const { system, clock, heard } = start();
      const ask = errorOf(system.ask('actor/a', { type: 'kill-me', how }));
      system.tell('actor/a', { type: 'put', n: 1 });
      expect(await ask).toMatchObject({ code: 'ACTOR_STOPPED', fate: 'executed' });
      await clock.advance(100);
      expect(heard('actor-restarted')).toEqual([]);
      expect(heard('actor-stopped')).toMatchObject([{ reason: 'killed' }]);
      expect(await system.ask('actor/a', { type: 'list' })).toEqual([]);
    },
  );
});
