import { describe, expect, it } from 'vitest';
import { STOP_HOOK_MS } from '../../../src/actor/closing.ts';
import { FAILED_KEPT, FailedActors } from '../../../src/actor/failed-actors.ts';
import type { SupervisionOptions } from '../../../src/supervision/supervision-options.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { defineActor, errorOf, fateOf, Gate, startKit } from './kernel-fixture.ts';

let gate = new Gate();
let hooks: string[] = [];

function frail(supervision: SupervisionOptions): ActorDefinition {
  return defineActor({
    state: () => ({ count: 0 }),
    onStart: (ctx) => void hooks.push(`start ${ctx.key}`),
    onStop: (ctx, reason) => void hooks.push(`stop ${ctx.key} ${reason} ${ctx.state.count}`),
    receive: {
      add: (ctx) => ++ctx.state.count,
      boom: (_ctx, { name }: { name?: string }) => {
        throw Object.assign(new Error('boom'), { name: name ?? 'Error' });
      },
      async 'boom-later'() {
        await gate.opened;
        throw new Error('boom');
      },
      'stop-and-boom': (ctx) => {
        ctx.stop();
        throw new Error('boom');
      },
      'no-op': () => {},
    },
    supervision,
  });
}

function start(supervision: SupervisionOptions = {}): ReturnType<typeof startKit> {
  gate = new Gate();
  hooks = [];
  return startKit({ frail: frail(supervision) });
}

describe('a handler that throws', () => {
  it('costs its actor the state, not the mail behind it, which is handled in order by the next incarnation', async () => {
    const { system, clock, dead, heard } = start();
    await system.ask('frail/a', { type: 'add' });
    system.tell('frail/a', { type: 'boom' });
    const counts = [1, 2, 3].map(() => system.ask('frail/a', { type: 'add' }));
    await clock.advance(50);
    expect(await Promise.all(counts)).toEqual([1, 2, 3]);
    expect(dead()).toEqual(['frail/a:boom:HANDLER_FAILED']);
    expect(heard('actor-restarted')).toMatchObject([{ id: 'frail/a', worker: 0, restarts: 1 }]);
    expect(hooks).toEqual(['start a', 'stop a restart 1', 'start a']);
  });

  it('does the same after an await', async () => {
    const { system, clock, dead } = start();
    const boom = fateOf(system.ask('frail/a', { type: 'boom-later' }));
    const after = system.ask('frail/a', { type: 'add' });
    gate.open();
    await clock.advance(50);
    expect([await boom, await after]).toEqual(['HANDLER_FAILED/executed', 1]);
    expect(dead()).toEqual(['frail/a:boom-later:HANDLER_FAILED']);
  });

  it('harms no other actor', async () => {
    const { system } = start();
    await system.ask('frail/b', { type: 'add' });
    system.tell('frail/a', { type: 'boom' });
    expect(await system.ask('frail/b', { type: 'add' })).toBe(2);
  });

  it('waits longer before each restart, as its backoff says', async () => {
    const { system, clock, heard } = start({
      ...{ intensity: 100, backoff: { initialMs: 100, maxMs: 300, factor: 2, jitter: 0 } },
    });
    for (const waitMs of [100, 200, 300, 300]) {
      system.tell('frail/a', { type: 'boom' });
      const before = heard('actor-restarted').length;
      await clock.advance(waitMs - 1);
      expect(heard('actor-restarted')).toHaveLength(before);
      await clock.advance(1);
      expect(heard('actor-restarted')).toHaveLength(before + 1);
    }
  });

  it('and asked for its own stop before is stopped, not restarted', async () => {
    const { system, clock, heard } = start();
    await errorOf(system.ask('frail/a', { type: 'stop-and-boom' }));
    await clock.advance(500);
    expect([heard('actor-restarted'), heard('actor-stopped')]).toMatchObject([[], [{ reason: 'stopped' }]]);
  });

  it('with resume keeps the state and goes on at once', async () => {
    const { system, heard } = start({ onFailure: 'resume' });
    await system.ask('frail/a', { type: 'add' });
    system.tell('frail/a', { type: 'boom' });
    expect(await system.ask('frail/a', { type: 'add' })).toBe(2);
    expect([heard('actor-restarted'), hooks]).toEqual([[], ['start a']]);
  });

  it('with stop ends the actor; its waiting mail goes to dead letters, later mail begins anew', async () => {
    const { system, heard, dead } = start({ onFailure: 'stop' });
    await system.ask('frail/a', { type: 'add' });
    system.tell('frail/a', { type: 'boom' });
    expect(await fateOf(system.ask('frail/a', { type: 'add' }))).toBe('ACTOR_STOPPED/not-executed');
    expect(heard('actor-stopped')).toMatchObject([{ id: 'frail/a', reason: 'failed' }]);
    expect(dead()).toEqual(['frail/a:boom:HANDLER_FAILED']);
    expect(await system.ask('frail/a', { type: 'add' })).toBe(1);
  });

  it('is decided on by a function of the error; one that throws escalates', async () => {
    const asked: unknown[] = [];
    const { system, clock, heard } = start({
      onFailure: (error, { id, restarts }) => {
        asked.push([error.name, id, restarts]);
        if (error.name === 'Fatal') throw new Error('the decider’s own');
        return error.name === 'Minor' ? 'resume' : 'restart';
      },
    });
    for (const name of ['Minor', 'Major', 'Fatal']) {
      system.tell('frail/a', { type: 'boom', name });
      await clock.advance(100);
    }
    expect(asked).toEqual([
      ['Minor', 'frail/a', 0],
      ['Major', 'frail/a', 0],
      ['Fatal', 'frail/a', 1],
    ]);
    expect(heard('actor-failed')).toMatchObject([{ id: 'frail/a' }]);
  });
});

describe('past its intensity', () => {
  const supervision = { intensity: 2, periodMs: 1_000, backoff: { initialMs: 10, jitter: 0 } };

  async function fail(kit: ReturnType<typeof startKit>): Promise<void> {
    for (let n = 0; n < 3; n++) {
      kit.system.tell('frail/a', { type: 'boom' });
      await kit.clock.advance(100);
    }
  }

  it('an actor fails: the event is raised, its waiting mail and its asks are refused at once', async () => {
    const kit = start(supervision);
    const { system, clock, heard, dead } = kit;
    for (let n = 0; n < 2; n++) {
      system.tell('frail/a', { type: 'boom' });
      await clock.advance(100);
    }
    expect(heard('actor-failed')).toEqual([]);
    system.tell('frail/a', { type: 'boom' });
    system.tell('frail/a', { type: 'no-op' });
    const waiting = fateOf(system.ask('frail/a', { type: 'add' }));
    await clock.settle();
    expect(heard('actor-failed')).toMatchObject([{ id: 'frail/a', worker: 0, error: { message: 'boom' } }]);
    expect(await waiting).toBe('ACTOR_FAILED/not-executed');
    expect(dead().slice(2)).toEqual(['frail/a:boom:HANDLER_FAILED', 'frail/a:no-op:ACTOR_FAILED']);
    expect(await fateOf(system.ask('frail/a', { type: 'add' }))).toBe('ACTOR_FAILED/not-executed');
  });

  it('an actor may be activated again after periodMs, not before', async () => {
    const kit = start(supervision);
    await fail(kit);
    await kit.clock.advance(800);
    expect(await fateOf(kit.system.ask('frail/a', { type: 'add' }))).toBe('ACTOR_FAILED/not-executed');
    await kit.clock.advance(101);
    expect(await kit.system.ask('frail/a', { type: 'add' })).toBe(1);
  });

  it('an actor may be spawned at once', async () => {
    const kit = start(supervision);
    await fail(kit);
    await kit.system.spawn('frail', { key: 'a' });
    expect(await kit.system.ask('frail/a', { type: 'add' })).toBe(1);
  });

  it('restarts that lie apart further than the period do not count', async () => {
    const { system, clock, heard } = start(supervision);
    for (let n = 0; n < 10; n++) {
      system.tell('frail/a', { type: 'boom' });
      await clock.advance(501);
    }
    expect(heard('actor-failed')).toEqual([]);
    expect(heard('actor-restarted')).toHaveLength(10);
  });

  it('failed actors are remembered up to a bound, the latest ones', () => {
    const failed = new FailedActors();
    for (let n = 0; n <= FAILED_KEPT; n++) failed.add(`frail/${n}`, 1_000);
    expect([failed.has('frail/0', 0), failed.has('frail/1', 0), failed.has(`frail/${FAILED_KEPT}`, 0)]).toEqual([
      ...[false, true, true],
    ]);
  });
});

describe('an incarnation', () => {
  it('begins with state and onStart, both awaited, before its first message', async () => {
    const seen: unknown[] = [];
    const slow = defineActor({
      state: async (key) => {
        await gate.opened;
        return { key, started: false };
      },
      onStart: async (ctx) => {
        await Promise.resolve();
        ctx.state.started = true;
      },
      receive: { look: (ctx) => void seen.push({ ...ctx.state }) },
    });
    gate = new Gate();
    const { system, clock } = startKit({ slow });
    system.tell('slow/a', { type: 'look' });
    await clock.settle();
    expect(seen).toEqual([]);
    gate.open();
    await clock.settle();
    expect(seen).toEqual([{ key: 'a', started: true }]);
  });

  it.each([
    ['state throws', { state: () => fault(), receive: {} }],
    ['state rejects', { state: async () => fault(), receive: {} }],
    ['onStart throws', { onStart: () => fault(), receive: {} }],
    ['onStart rejects', { onStart: async () => fault(), receive: {} }],
  ])(
    'whose %s is begun again within the intensity, then fails; its mail is refused, onStop is not called',
    async (_name, options) => {
      const stops: string[] = [];
      const stillborn = defineActor({
        ...options,
        onStop: (_ctx: unknown, reason: string) => void stops.push(reason),
        supervision: { intensity: 2, backoff: { initialMs: 10 } },
      } as never);
      const { system, clock, dead, heard } = startKit({ stillborn });
      system.tell('stillborn/a', { type: 'hello' });
      const ask = fateOf(system.ask('stillborn/a', { type: 'hello' }));
      await clock.advance(200);
      expect(await ask).toBe('ACTOR_FAILED/not-executed');
      expect(dead()).toEqual(['stillborn/a:hello:ACTOR_FAILED']);
      expect(heard('actor-restarted')).toHaveLength(2);
      expect([heard('actor-failed').length, stops]).toEqual([1, []]);
    },
  );

  it('whose start ends at once loses no mail: it is refused', async () => {
    const stillborn = defineActor({ state: () => fault(), receive: {}, supervision: { onFailure: 'stop' } });
    const { system, dead } = startKit({ stillborn });
    system.tell('stillborn/a', { type: 'hello' });
    expect(await fateOf(system.ask('stillborn/a', { type: 'hello' }))).toBe('ACTOR_STOPPED/not-executed');
    expect(dead()).toEqual(['stillborn/a:hello:ACTOR_STOPPED']);
  });

  it('that stops itself as it starts ends its mail too, instead of beginning for ever', async () => {
    const shy = defineActor({ onStart: (ctx) => ctx.stop(), receive: { hello: () => {} } });
    const { system, heard } = startKit({ shy });
    expect(await fateOf(system.ask('shy/a', { type: 'hello' }))).toBe('ACTOR_STOPPED/not-executed');
    expect(heard('actor-started')).toHaveLength(1);
  });

  it('has a fence that grows as a string with every start and restart', async () => {
    const fences: string[] = [];
    const fenced = defineActor({
      receive: {
        fence: (ctx) => void fences.push(ctx.fence, ctx.fence),
        boom: (ctx) => {
          fences.push(ctx.fence);
          throw new Error('boom');
        },
      },
      onStop: (ctx) => void fences.push(ctx.fence),
    });
    const { system, clock } = startKit({ fenced });
    await system.ask('fenced/a', { type: 'fence' });
    system.tell('fenced/a', { type: 'boom' });
    await clock.advance(100);
    await system.ask('fenced/a', { type: 'fence' });
    await system.stop('fenced/a');
    await system.ask('fenced/a', { type: 'fence' });
    const [first, , , , second, , , third] = fences as [string, string, string, string, string, string, string, string];
    expect(fences).toEqual([first, first, first, first, second, second, second, third, third]);
    expect(first < second && second < third).toBe(true);
  });

  it('that is over cannot act any more: what is left of its handler gets ACTOR_STOPPED', async () => {
    const caught: unknown[] = [];
    const zombie = defineActor({
      receive: {
        async haunt(ctx) {
          await gate.opened;
          for (const act of [
            () => ctx.tell('zombie/other', { type: 'hi' }),
            () => ctx.stop(),
            () => ctx.watch('zombie/x'),
          ]) {
            try {
              act();
              caught.push('acted');
            } catch (error) {
              caught.push((error as { code: string }).code);
            }
          }
          caught.push(ctx.signal.aborted, ctx.sender, ctx.deadline);
        },
        hi: () => void caught.push('told'),
      },
      onStop: (ctx) => void ctx.tell('zombie/other', { type: 'hi' }),
    });
    gate = new Gate();
    const { system, clock } = startKit({ zombie });
    const ask = fateOf(system.ask('zombie/a', { type: 'haunt' }));
    await clock.settle();
    await system.kill('zombie/a');
    expect(await ask).toBe('ACTOR_STOPPED/executed');
    await system.ask('zombie/a', { type: 'hi' });
    gate.open();
    await clock.settle();
    expect(caught).toEqual(['told', 'ACTOR_STOPPED', 'ACTOR_STOPPED', 'ACTOR_STOPPED', true, undefined, undefined]);
  });

  it('whose onStop does not come to an end is waited for so long and no longer', async () => {
    const clinging = defineActor({ receive: { hi: () => 'hi' }, onStop: () => new Promise(() => {}) });
    const { system, clock, log } = startKit({ clinging });
    await system.ask('clinging/a', { type: 'hi' });
    let stopped = false;
    void system.stop('clinging/a').then(() => (stopped = true));
    await clock.advance(STOP_HOOK_MS - 1);
    expect(stopped).toBe(false);
    await clock.advance(1);
    expect(stopped).toBe(true);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('whose onStop throws ends all the same', async () => {
    const rude = defineActor({
      receive: { hi: () => 'hi' },
      onStop: () => {
        throw new Error('slam');
      },
    });
    const { system, log } = startKit({ rude });
    await system.ask('rude/a', { type: 'hi' });
    await system.stop('rude/a');
    expect(await system.ask('rude/a', { type: 'hi' })).toBe('hi');
    expect(log.lines.some(({ text }) => text === 'onStop threw')).toBe(true);
  });
});

function fault(): never {
  throw new Error('stillborn');
}
