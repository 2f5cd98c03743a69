import { describe, expect, it } from 'vitest';
import { START_HOOK_MS } from '../../../src/actor/lifecycle.ts';
import { SPAWN_TIMEOUT_MS } from '../../../src/actor/local-wait.ts';
import { STOP_TIMEOUT_MS } from '../../../src/actor/sender.ts';
import { defineActor, errorOf, fateOf, Gate, startKit } from './kernel-fixture.ts';

let gate = new Gate();
let failures: unknown[] = [];

/** Notes how a wait failed, and lets the turn go on. */
function note(error: { code: string; fate: string }): void {
  failures.push(`${error.code}/${error.fate}`);
}

const never = (): Promise<never> => new Promise(() => {});

const actor = defineActor({
  receive: {
    ping: () => 'pong',
    hold: () => gate.opened,
    'stop-self': (ctx) => ctx.self.stop().catch(note),
    'stop-later': async (ctx, { other }: { other: string }) => {
      await gate.opened;
      await ctx.ref(`actor/${other}`).stop().catch(note);
      return ctx.key;
    },
    'stop-now': (ctx, { other }: { other: string }) => ctx.ref(other).stop().catch(note),
    'ask-later': async (ctx, { other }: { other: string }) => {
      await gate.opened;
      return ctx.ask(`actor/${other}`, { type: 'ping' }).catch(note);
    },
  },
});

/** Asks its parent for something before it takes mail. */
const child = defineActor({
  state: (_key, args: { parent: string; early?: boolean }) => args,
  onStart: (ctx) => ctx.ask(ctx.state.parent, { type: 'settings' }).catch(note),
  receive: { ping: () => 'pong' },
});

/** Asks its parent for something as it ends. */
const leaving = defineActor({
  state: (_key, args: { parent: string }) => args,
  onStop: (ctx) => ctx.ask(ctx.state.parent, { type: 'settings' }).catch(note),
  receive: { ping: () => 'pong' },
});

const stuck = defineActor({ onStart: never, receive: { ping: () => 'pong' } });

const parent = defineActor({
  receive: {
    settings: () => 'settings',
    begin: async (ctx, { kind }: { kind: string }) => {
      await ctx.spawn(kind, { key: ctx.key, args: { parent: ctx.id } });
      return 'begun';
    },
    'begin-stuck': (ctx) => ctx.spawn('stuck').then(() => 'begun', note),
    /** Begins without waiting, so that the child asks while no turn of its parent runs. */
    'begin-alone': (ctx) => {
      setImmediate(() => void ctx.spawn('child', { key: ctx.key, args: { parent: ctx.id } }).catch(note));
    },
    hold: () => gate.opened,
    leave: (ctx) => ctx.stop(),
  },
});

function start(more: Parameters<typeof startKit>[0] = {}): ReturnType<typeof startKit> {
  gate = new Gate();
  failures = [];
  return startKit({ actor, child, leaving, stuck, parent, ...more });
}

describe('a stop that is waited for', () => {
  it('of the actor itself fails with ASK_CYCLE; it stands, and later mail begins another incarnation', async () => {
    const { system, clock, heard } = start();
    const now = clock.now();
    await system.ask('actor/a', { type: 'stop-self' });
    expect([failures, clock.now()]).toEqual([['ASK_CYCLE/unknown'], now]);
    expect(await system.ask('actor/a', { type: 'ping' })).toBe('pong');
    expect([heard('actor-started').length, heard('actor-stopped').length]).toEqual([2, 1]);
  });

  it('in a ring fails for the one that closes it; both end', async () => {
    const { system, clock, heard } = start();
    const turns = [
      ['a', 'b'],
      ['b', 'a'],
    ].map(([from, other]) => system.ask(`actor/${from}`, { type: 'stop-later', other }));
    await clock.settle();
    gate.open();
    expect(await Promise.all(turns)).toEqual(['a', 'b']);
    await clock.settle();
    expect(failures).toEqual(['ASK_CYCLE/unknown']);
    expect(heard('actor-stopped').map(({ id }) => id)).toEqual(expect.arrayContaining(['actor/a', 'actor/b']));
  });

  it('is part of a ring with asks', async () => {
    const { system, clock } = start();
    const stops = system.ask('actor/a', { type: 'stop-later', other: 'b' });
    const asks = system.ask('actor/b', { type: 'ask-later', other: 'a' });
    await clock.settle();
    gate.open();
    await Promise.all([stops, asks]);
    expect(failures).toEqual(['ASK_CYCLE/not-executed']);
  });

  it('is part of a ring with the onStop of the one that is to end', async () => {
    const { system, clock } = start({
      farewell: defineActor({
        receive: { ping: () => 'pong' },
        onStop: (ctx) => ctx.ask('actor/a', { type: 'ping' }).catch(note),
      }),
    });
    await system.ask('farewell/x', { type: 'ping' });
    const now = clock.now();
    await system.ask('actor/a', { type: 'stop-now', other: 'farewell/x' });
    expect([failures, clock.now()]).toEqual([['ASK_CYCLE/not-executed'], now]);
  });

  it('ends with ASK_TIMEOUT where the actor does not; the stop stands', async () => {
    const { system, clock, heard } = start();
    const held = system.ask('actor/a', { type: 'hold' }, { timeoutMs: 60_000 });
    const stopped = errorOf(system.stop('actor/a'));
    await clock.advance(STOP_TIMEOUT_MS + 1);
    const { code, fate, message } = await stopped;
    expect([code, fate]).toEqual(['ASK_TIMEOUT', 'unknown']);
    expect(message).toBe(`actor/a did not end within ${STOP_TIMEOUT_MS} ms; the stop stands`);
    gate.open();
    await held;
    await clock.settle();
    expect(heard('actor-stopped')).toMatchObject([{ id: 'actor/a', reason: 'stopped' }]);
  });

  it('in a turn is waited for no longer than the asker of that turn waits', async () => {
    const { system, clock } = start();
    void system.ask('actor/b', { type: 'hold' }, { timeoutMs: 60_000 });
    const turn = fateOf(system.ask('actor/a', { type: 'stop-now', other: 'actor/b' }, { timeoutMs: 100 }));
    await clock.advance(101);
    expect([await turn, failures]).toEqual(['ASK_TIMEOUT/executed', ['ASK_TIMEOUT/unknown']]);
    gate.open();
    await clock.settle();
  });
});

describe('the start of a child', () => {
  it('that asks its waiting parent is a ring: the ask fails at once, and the child starts without an answer', async () => {
    const { system, clock } = start();
    const now = clock.now();
    expect(await system.ask('parent/a', { type: 'begin', kind: 'child' })).toBe('begun');
    expect([failures, clock.now()]).toEqual([['ASK_CYCLE/not-executed'], now]);
  });

  it('is a ring as well where the child had asked before its parent began to wait', async () => {
    const { system, clock } = start();
    await system.ask('parent/a', { type: 'begin-alone' });
    const held = system.ask('parent/a', { type: 'hold' });
    const begun = system.ask('parent/a', { type: 'begin', kind: 'child' });
    await clock.settle();
    const now = clock.now();
    gate.open();
    expect([await held, await begun]).toEqual([undefined, 'begun']);
    expect([failures.length <= 1, clock.now()]).toEqual([true, now]);
  });

  it('is waited for no longer than the asker of the turn waits', async () => {
    const { system, clock, log } = start();
    const begun = fateOf(system.ask('parent/a', { type: 'begin-stuck' }, { timeoutMs: 100 }));
    await clock.advance(101);
    expect([await begun, failures]).toEqual(['ASK_TIMEOUT/executed', ['ASK_TIMEOUT/unknown']]);
    await clock.advance(SPAWN_TIMEOUT_MS);
    expect(log.lines.map(({ text }) => text)).not.toContain('onStop threw');
  });

  it('fails as one that throws does, past its own time', async () => {
    const { system, clock, heard } = start();
    const asked = fateOf(system.ask('stuck/a', { type: 'ping' }, { timeoutMs: START_HOOK_MS * 3 }));
    await clock.advance(START_HOOK_MS - 1);
    expect(heard('actor-restarted')).toEqual([]);
    await clock.advance(1_000);
    const [restarted] = heard('actor-restarted') as { error: Error }[];
    expect(restarted?.error.message).toBe(`the start of stuck/a did not end within ${START_HOOK_MS} ms`);
    const before = clock.timers;
    await system.kill('stuck/a');
    expect(await asked).toBe('ACTOR_STOPPED/not-executed');
    expect(clock.timers).toBe(before - 1);
  });
});

describe('the end of a child', () => {
  it('that asks its ending parent is a ring: it fails at once', async () => {
    const { system, clock } = start();
    await system.ask('parent/a', { type: 'begin', kind: 'leaving' });
    const now = clock.now();
    await system.stop('parent/a');
    expect([failures, clock.now()]).toEqual([['ASK_CYCLE/not-executed'], now]);
  });
});
