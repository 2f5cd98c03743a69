import { describe, expect, it } from 'vitest';
import { CELL_TURNS, FIRST_TURNS } from '../../../src/actor/scheduler.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { defineActor, fateOf, Gate, startKit } from './kernel-fixture.ts';

function keeper(gate?: Gate): ActorDefinition {
  return defineActor({
    state: (): { got: unknown[] } => ({ got: [] }),
    receive: {
      async hold(_ctx) {
        await gate?.opened;
      },
      put(ctx, { n }: { n: number }) {
        ctx.state.got.push(n);
      },
      list: (ctx) => ctx.state.got,
    },
    mailbox: { capacity: 4 },
  });
}

describe('a mailbox', () => {
  it('gives the messages of one sender in the order sent, tells and asks alike', async () => {
    const { system } = startKit({ keeper: defineActor({ ...(keeper().options as object), mailbox: {} } as never) });
    const asks: Promise<unknown>[] = [];
    for (let n = 0; n < CELL_TURNS * 3; n++) {
      if (n % 3 === 0) asks.push(system.ask('keeper/a', { type: 'put', n }));
      else system.tell('keeper/a', { type: 'put', n });
    }
    await Promise.all(asks);
    expect(await system.ask('keeper/a', { type: 'list' })).toEqual([...Array(CELL_TURNS * 3).keys()]);
  });

  it('refuses the newest message when it is full: a tell becomes a dead letter, an ask is rejected, not executed', async () => {
    const gate = new Gate();
    const { system, clock, dead } = startKit({ keeper: keeper(gate) });
    system.tell('keeper/a', { type: 'hold' });
    await clock.settle();
    for (let n = 1; n <= 4; n++) system.tell('keeper/a', { type: 'put', n });
    expect(dead()).toEqual([]);
    expect(system.tell('keeper/a', { type: 'put', n: 5 })).toBe(false);
    const ask = fateOf(system.ask('keeper/a', { type: 'list' }));
    expect(dead()).toEqual(['keeper/a:put:MAILBOX_FULL']);
    expect(await ask).toBe('MAILBOX_FULL/not-executed');
    gate.open();
    await clock.settle();
    expect(await system.ask('keeper/a', { type: 'list' })).toEqual([1, 2, 3, 4]);
  });

  it('says false from half full on, and drained() resolves when what was sent is handled', async () => {
    const gate = new Gate();
    const { system, clock } = startKit({ keeper: keeper(gate) });
    system.tell('keeper/a', { type: 'hold' });
    await clock.settle();
    expect([1, 2, 3].map((n) => system.tell('keeper/a', { type: 'put', n }))).toEqual([true, true, false]);
    let drained = false;
    const waiting = system.drained().then(() => (drained = true));
    await clock.advance(60_000);
    expect(drained).toBe(false);
    gate.open();
    await waiting;
    expect(await system.ask('keeper/a', { type: 'list' })).toEqual([1, 2, 3]);
  });

  it('is not overrun by a sender that waits whenever tell says false', async () => {
    const { system, dead } = startKit({ keeper: keeper() });
    for (let n = 0; n < 1_000; n++) if (!system.tell('keeper/a', { type: 'put', n })) await system.drained();
    expect(dead()).toEqual([]);
    expect(await system.ask('keeper/a', { type: 'list' })).toHaveLength(1_000);
  });

  it('of an actor that tells itself does not keep drained() waiting for ever', async () => {
    const looper = defineActor({
      receive: {
        async fill(ctx) {
          for (let n = 0; n < 100 && ctx.tell(ctx.id, { type: 'no-op' }); n++);
          await ctx.drained();
          return 'went on';
        },
        'no-op': () => {},
      },
      mailbox: { capacity: 2 },
    });
    const { system } = startKit({ looper });
    expect(await system.ask('looper/a', { type: 'fill' })).toBe('went on');
  });
});

describe('an actor', () => {
  it('runs one handler at a time, awaits included', async () => {
    let running = 0;
    let most = 0;
    const busy = defineActor({
      receive: {
        async work() {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
        },
      },
    });
    const { system } = startKit({ busy });
    await Promise.all(Array.from({ length: 10 }, () => system.ask('busy/a', { type: 'work' })));
    expect(most).toBe(1);
    await Promise.all(['b', 'c'].map((key) => system.ask(`busy/${key}`, { type: 'work' })));
    expect(most).toBe(2);
  });

  it('does not keep timers and sockets from their turn, however much it tells itself', async () => {
    const spinner = defineActor({
      receive: {
        spin(ctx) {
          ctx.tell(ctx.id, { type: 'spin' });
        },
      },
    });
    const { system } = startKit({ spinner });
    system.tell('spinner/a', { type: 'spin' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await system.kill('spinner/a');
    expect((await system.metrics()).kinds.spinner?.messages).toBeGreaterThan(CELL_TURNS);
  });

  it('shares the turns with other actors: a flood to one does not keep the other waiting', async () => {
    const order: string[] = [];
    const noting = defineActor({ receive: { note: (ctx) => void order.push(ctx.key) } });
    const { system, clock } = startKit({ noting });
    for (let n = 0; n < CELL_TURNS * 4; n++) system.tell('noting/flooded', { type: 'note' });
    for (const other of ['one', 'two']) system.tell(`noting/${other}`, { type: 'note' });
    for (let n = 0; n < CELL_TURNS * 4; n++) system.tell('noting/two', { type: 'note' });
    await clock.settle();
    // The first run of a slice is a short one.
    expect(order.indexOf('one')).toBe(FIRST_TURNS);
    const again = order.indexOf('flooded', order.indexOf('two'));
    expect(order.slice(order.indexOf('two'), again)).toEqual(Array(CELL_TURNS).fill('two'));
  });

  it('that throws where no code of the runtime expects it harms no other actor', async () => {
    const trap = defineActor({
      receive: {
        spring: () =>
          Object.defineProperty({}, 'then', {
            get: () => {
              throw new Error('a getter that throws');
            },
          }),
        fine: () => 'fine',
      },
    });
    const { system } = startKit({ trap });
    expect(await fateOf(system.ask('trap/a', { type: 'spring' }))).toBe('HANDLER_FAILED/executed');
    expect(await system.ask('trap/b', { type: 'fine' })).toBe('fine');
  });
});
