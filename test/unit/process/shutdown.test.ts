import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { LocalProcess } from '../../../src/process/local-process.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { STORE_CLOSE_MS } from '../../../src/vocabulary/shutdown-times.ts';
import { behavioursOf } from '../../../src/worker/load-actors.ts';
import { silent } from '../peer/link-fixture.ts';
import { defineActor, errorOf, fateOf, Gate, startKit, thrownBy } from '../actor/kernel-fixture.ts';

let gate = new Gate();
let notes: string[] = [];

const actor = defineActor({
  onStop: async (ctx, reason) => {
    notes.push(`stop ${ctx.key} ${reason}`);
    if (ctx.key === 'parting') ctx.tell('actor/other', { type: 'note', n: 9 });
    await new Promise((resolve) => setImmediate(resolve));
    notes.push(`stopped ${ctx.key}`);
  },
  receive: {
    note: (ctx, { n }: { n: number }) => void notes.push(`${ctx.key} ${n}`),
    hold: () => gate.opened.then(() => 'held'),
    relay: (ctx) => ctx.ask('actor/other', { type: 'hold' }),
    tick: (ctx) => void ctx.every(10, { type: 'note', n: 1 }),
    child: async (ctx) => void (await ctx.spawn('actor', { key: `${ctx.key}-child` })),
  },
  passivateAfterMs: 60_000,
});

function start(): ReturnType<typeof startKit> {
  gate = new Gate();
  notes = [];
  return startKit({ actor });
}

/** Runs a shutdown on the virtual clock. */
async function down({ system, clock }: ReturnType<typeof startKit>, timeoutMs: number): Promise<void> {
  const ended = system.shutdown({ timeoutMs });
  await clock.advance(timeoutMs + 10);
  await ended;
}

describe('shutdown', () => {
  it('refuses new calls at once', async () => {
    const kit = start();
    const { system } = kit;
    const ref = system.ref('actor/a');
    const ended = down(kit, 1_000);
    const calls = [() => system.ask('actor/a', { type: 'note', n: 1 }), () => system.stop('actor/a'), () => ref.stop()];
    expect(calls.map((call) => thrownBy(call).code)).toEqual(calls.map(() => 'SHUTTING_DOWN'));
    for (const late of [
      () => system.spawn('actor'),
      () => system.kill('actor/a'),
      () => system.subscribe('news', () => {}),
    ]) {
      expect((await errorOf(late())).code).toBe('SHUTTING_DOWN');
    }
    await ended;
  });

  it('takes no more tells: they are false and dead letters, also when all is over, and a mistake throws all the same', async () => {
    const kit = start();
    const { system } = kit;
    const ref = system.ref('actor/a');
    const tell = (): unknown[] => [
      system.tell('actor/a', { type: 'note', n: 1 }),
      ref.tell({ type: 'tick' }),
      system.publish('news', { type: 'child' }),
    ];
    const ended = down(kit, 1_000);
    expect(tell().slice(0, 2)).toEqual([false, false]);
    await ended;
    expect(tell().slice(0, 2)).toEqual([false, false]);
    const letters = ['actor/a:note:SHUTTING_DOWN', 'actor/a:tick:SHUTTING_DOWN', 'news:child:SHUTTING_DOWN'];
    expect([kit.dead(), notes]).toEqual([[...letters, ...letters], []]);
    expect(thrownBy(() => system.tell('no id', { type: 'note' })).code).toBe('INVALID_ACTOR_ID');
    expect(thrownBy(() => system.tell('actor/a', 'note' as never)).code).toBe('INVALID_MESSAGE');
  });

  it('handles the mail there is, answers the asks that run, then calls onStop of every actor', async () => {
    const kit = start();
    const { system, clock } = kit;
    const held = system.ask('actor/a', { type: 'relay' });
    for (const n of [1, 2]) system.tell('actor/b', { type: 'note', n });
    const ended = system.shutdown();
    await clock.advance(100);
    expect(notes).toEqual(['b 1', 'b 2']);
    gate.open();
    expect(await held).toBe('held');
    await clock.advance(100);
    await ended;
    const keys = ['a', 'b', 'other'];
    expect(notes.slice(2).sort()).toEqual([
      ...keys.map((key) => `stop ${key} shutdown`),
      ...keys.map((key) => `stopped ${key}`),
    ]);
    expect(kit.process.actors.size).toBe(0);
  });

  it('ends children before their parent', async () => {
    const kit = start();
    await kit.system.ask('actor/p', { type: 'child' });
    await down(kit, 1_000);
    expect(notes).toEqual(['stop p-child shutdown', 'stopped p-child', 'stop p shutdown', 'stopped p']);
  });

  it('called again waits for the first', async () => {
    const kit = start();
    kit.system.tell('actor/a', { type: 'note', n: 1 });
    const first = kit.system.shutdown();
    const second = kit.system.shutdown({ timeoutMs: 0 });
    expect(second).toBe(first);
    await kit.clock.advance(100);
    await second;
    expect(notes).toEqual(['a 1', 'stop a shutdown', 'stopped a']);
  });

  it('kills what hangs when its time is over; the others have had their onStop, and the ask is settled', async () => {
    const kit = start();
    const held = fateOf(kit.system.ask('actor/a', { type: 'hold' }, { timeoutMs: 60_000 }));
    const behind = fateOf(kit.system.ask('actor/a', { type: 'note', n: 1 }, { timeoutMs: 60_000 }));
    await kit.system.ask('actor/b', { type: 'note', n: 2 });
    const startedAt = kit.clock.now();
    await down(kit, 1_000);
    expect(kit.clock.now() - startedAt).toBeLessThan(1_100);
    expect(notes).toEqual(['b 2', 'stop b shutdown', 'stopped b']);
    expect([await held, await behind]).toEqual(['ACTOR_STOPPED/executed', 'SHUTTING_DOWN/not-executed']);
  });

  it('leaves time for the onStop of those that do end, beside one that hangs', async () => {
    const slow = defineActor({
      receive: { hi: () => 'hi' },
      onStop: async () => {
        await new Promise<void>((resolve) => kit.clock.setTimer(150, resolve));
        notes.push('written down');
      },
    });
    const hung = defineActor({ receive: { hang: () => new Promise(() => {}) } });
    notes = [];
    const kit = startKit({ slow, hung });
    await kit.system.ask('slow/a', { type: 'hi' });
    kit.system.tell('hung/a', { type: 'hang' });
    await down(kit, 1_000);
    expect(notes).toEqual(['written down']);
  });

  it('that is over before its time leaves no timer for the rest of it', async () => {
    const kit = start();
    await kit.system.ask('actor/a', { type: 'note', n: 1 });
    const ended = kit.system.shutdown({ timeoutMs: 10_000 });
    await kit.clock.advance(20);
    await ended;
    expect(kit.clock.timers).toBe(0);
  });

  it('leaves no timer, whatever was under way', async () => {
    const before = timeouts();
    const kit = start();
    expect(timeouts()).toBe(before + 1);
    await kit.system.ask('actor/a', { type: 'tick' });
    void fateOf(kit.system.ask('actor/b', { type: 'hold' }));
    kit.system.tell('actor/none-such', { type: 'child' });
    await down(kit, 200);
    expect(kit.clock.timers).toBe(0);
    // Timers that another test has left in this process may have ended meanwhile.
    expect(timeouts()).toBeLessThanOrEqual(before);
  });

  it('takes care of what the last words of an actor have activated', async () => {
    const kit = start();
    await kit.system.ask('actor/parting', { type: 'note', n: 1 });
    await down(kit, 1_000);
    expect(kit.process.actors.size).toBe(0);
    const handled = notes.includes('other 9');
    expect(kit.dead()).toEqual(handled ? [] : ['actor/other:note:SHUTTING_DOWN']);
  });

  it('leaves nobody who could act: what still runs of a killed handler reaches no actor', async () => {
    const zombie = defineActor({
      receive: {
        async haunt(ctx) {
          const ref = ctx.ref('zombie/other');
          await gate.opened;
          ref.tell({ type: 'hi' });
        },
        hi: () => void notes.push('hi'),
      },
    });
    gate = new Gate();
    notes = [];
    const kit = startKit({ zombie });
    kit.system.tell('zombie/a', { type: 'haunt' });
    await down(kit, 100);
    gate.open();
    await kit.clock.settle();
    expect([notes, kit.process.actors.size]).toEqual([[], 0]);
    expect(kit.dead()).toEqual(['zombie/other:hi:SHUTTING_DOWN']);
  });

  it.each([-1, Number.NaN, '5', 2 ** 31])('takes no time of %j', (timeoutMs) => {
    const kit = start();
    expect(thrownBy(() => kit.system.shutdown({ timeoutMs: timeoutMs as number })).code).toBe('INVALID_OPTIONS');
  });
});

/** Timers that keep this process alive. */
function timeouts(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('a shutdown without workers', () => {
  it.each([true, false])('waits a while for its store to close, and no longer: %s', async (doesClose) => {
    const clock = new VirtualClock();
    const said: string[] = [];
    let close = (): void => {};
    const store = new MemoryStore();
    store.close = () => new Promise((resolve) => (close = resolve));
    const { system } = new LocalProcess({
      ...{ name: 'test', clock, random: () => 0.5, shutdownMs: 100, holdsProcess: false, store },
      behaviours: behavioursOf(
        [['actor', defineActor({ durable: true, state: () => ({}), receive: {} })]],
        (kind) => kind,
      ),
      log: { ...silent, error: (_: unknown, text?: string) => void said.push(`${text}`) } as typeof silent,
      limits: { askTimeoutMs: 5_000, messageBytesMax: 1_000, checkMessages: true },
      ended: () => void said.push('ended'),
      storeClosed: async () => void said.push('closed'),
    });
    let isOver = false;
    const over = system.shutdown().then(() => (isOver = true));
    await clock.advance(STORE_CLOSE_MS - 1_000);
    expect([isOver, said]).toEqual([false, []]);
    if (doesClose) close();
    await clock.advance(2_000);
    await over;
    const late = `the store has not closed within ${STORE_CLOSE_MS} ms; its dataDir is taken until it has`;
    expect(said).toEqual(doesClose ? ['ended', 'closed'] : ['ended', late]);
    close();
    await clock.advance(1);
    // Its dataDir is free then.
    expect(said.at(-1)).toBe('closed');
  });
});
