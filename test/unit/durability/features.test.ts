import { REMINDER_NAME_MAX } from '../../../src/actor/actor-context.ts';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { WALL_LOOK_MS } from '../../../src/durability/wall-timers.ts';
import { type MemoryDisk, MemoryStore } from '../../../src/store/memory-store.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { defineActor, errorOf, type Kit, startKit } from '../actor/kernel-fixture.ts';

/** Several systems, one after the other, on one disk and one clock; those before count as killed. */
class Machine {
  readonly disk: MemoryDisk = new Map();
  readonly clock: VirtualClock = new VirtualClock();
  #starts = 0;

  start(actors: Record<string, ActorDefinition>, durableInMemoryMax?: number): Kit {
    const startedAt = 1_000 + ++this.#starts;
    const more = durableInMemoryMax === undefined ? {} : { durableInMemoryMax };
    return startKit(actors, {}, new MemoryStore(this.disk), { clock: this.clock, startedAt, ...more });
  }

  wall(): number {
    return this.clock.wall();
  }
}

/** As a crash leaves it: its timers do nothing any more. */
async function crash(kit: Kit): Promise<void> {
  await kit.process.actors.kernel.durability;
  for (const id of kit.process.actors.ids()) kit.process.actors.endAtOnce(id);
  await kit.system.shutdown({ timeoutMs: 0 });
}

interface ReminderOf {
  name: string;
  when: { atMs: number } | { everyMs: number };
  text?: string;
  put?: 'aside';
}

/** On which a diary waits. */
let waiting: VirtualClock;

const diary = defineActor({
  durable: true,
  state: () => ({ notes: [] as string[] }),
  receive: {
    note({ state }, { text }: { text: string }) {
      state.notes.push(text);
    },
    get: ({ state }) => state.notes,
    remind(ctx, { name, when, text = name, put }: ReminderOf) {
      ctx.remind(name, when, { type: put ? 'note-later' : 'note', text });
    },
    'note-later'(ctx, { text }: { text: string }) {
      if (ctx.state.notes.length === 0) ctx.stash();
      else ctx.state.notes.push(text);
    },
    async wait(ctx, { ms, next: { name, when, text = name } }: { ms: number; next: ReminderOf }) {
      await new Promise<void>((resolve) => waiting.setTimer(ms, resolve));
      ctx.remind(name, when, { type: 'note', text });
    },
    forget: (ctx, { name }: { name: string }) => ctx.forget(name),
    both(ctx) {
      ctx.remind('kept', { atMs: ctx.state.notes.length }, { type: 'note', text: 'kept' });
      throw new Error('no');
    },
    hold(ctx, { text }: { text: string }) {
      if (ctx.state.notes.length > 0) return `held ${text}`;
      ctx.stash();
      return undefined;
    },
    open(ctx) {
      ctx.state.notes.push('open');
      ctx.unstashAll();
    },
  },
});

describe('a reminder', () => {
  it('fires once at its time, and again and again where it is for every so often', async () => {
    const machine = new Machine();
    const { system, clock } = machine.start({ diary });
    await system.ask('diary/a', { type: 'remind', name: 'once', when: { atMs: machine.wall() + 1_000 } });
    await system.ask('diary/a', { type: 'remind', name: 'often', when: { everyMs: 400 } });
    await clock.advance(399);
    expect(await system.ask('diary/a', { type: 'get' })).toEqual([]);
    await clock.advance(1);
    await clock.advance(700);
    expect(await system.ask('diary/a', { type: 'get' })).toEqual(['often', 'often', 'once']);
  });

  it(`has a name of ${REMINDER_NAME_MAX} characters at most: one more is refused at the call`, async () => {
    const machine = new Machine();
    const { system, clock } = machine.start({ diary });
    const remind = (length: number): Promise<unknown> =>
      system.ask('diary/a', { type: 'remind', name: 'x'.repeat(length), when: { everyMs: 60_000 } });
    await remind(REMINDER_NAME_MAX);
    for (const length of [0, REMINDER_NAME_MAX + 1]) {
      const refused = remind(length).catch((error: Error) => error.message);
      // The actor fails, and is there again after a moment.
      await clock.advance(5_000);
      expect(await refused).toContain(`a reminder has a name of 1 to ${REMINDER_NAME_MAX} characters; got`);
    }
  });

  it('is replaced by one of the same name, and taken back', async () => {
    const machine = new Machine();
    const { system, clock } = machine.start({ diary });
    await system.ask('diary/a', { type: 'remind', name: 'x', when: { atMs: machine.wall() + 100 } });
    await system.ask('diary/a', { type: 'remind', name: 'x', when: { atMs: machine.wall() + 500 } });
    await system.ask('diary/a', { type: 'remind', name: 'y', when: { atMs: machine.wall() + 100 } });
    await system.ask('diary/a', { type: 'forget', name: 'y' });
    await clock.advance(300);
    expect(await system.ask('diary/a', { type: 'get' })).toEqual([]);
    await clock.advance(300);
    expect(await system.ask('diary/a', { type: 'get' })).toEqual(['x']);
  });

  it('wakes an actor that has left memory, on time', async () => {
    const machine = new Machine();
    const { system, clock, process } = machine.start({ diary });
    await system.ask('diary/a', { type: 'remind', name: 'late', when: { atMs: machine.wall() + 400_000 } });
    await clock.advance(350_000);
    expect(process.actors.ids()).toEqual([]);
    await clock.advance(49_990);
    expect(process.actors.ids()).toEqual([]);
    await clock.advance(10);
    expect(process.actors.ids()).toEqual(['diary/a']);
    expect(await system.ask('diary/a', { type: 'get' })).toEqual(['late']);
  });

  it('that came due while everything was down fires once after the next start', async () => {
    const machine = new Machine();
    const first = machine.start({ diary });
    await first.system.ask('diary/a', { type: 'remind', name: 'due', when: { atMs: machine.wall() + 100 } });
    await crash(first);
    await machine.clock.advance(5_000);
    const second = machine.start({ diary });
    await machine.clock.advance(1_000);
    expect(await second.system.ask('diary/a', { type: 'get' })).toEqual(['due']);
    await machine.clock.advance(5_000);
    expect(await second.system.ask('diary/a', { type: 'get' })).toEqual(['due']);
  });

  it('that comes due while the mailbox is full fires when there is room, on its own', async () => {
    const busy = defineActor({
      durable: true,
      mailbox: { capacity: 2 },
      state: () => ({ fired: 0 }),
      receive: {
        arm: (ctx, { atMs }: { atMs: number }) => ctx.remind('x', { atMs }, { type: 'fire' }),
        slow: () => new Promise((resolve) => clock.setTimer(500, () => resolve(0))),
        fire: (ctx) => void ctx.state.fired++,
        fired: (ctx) => ctx.state.fired,
      },
    });
    const machine = new Machine();
    const { clock } = machine;
    const { system, dead } = machine.start({ busy });
    await system.ask('busy/a', { type: 'arm', atMs: machine.wall() + 100 });
    system.tell('busy/a', { type: 'slow' });
    await clock.settle();
    // One runs, and as many wait as can.
    for (let n = 0; n < 4; n++) system.tell('busy/a', { type: 'slow' });
    expect(dead()).toHaveLength(2);
    await clock.advance(3_100);
    expect(await system.ask('busy/a', { type: 'fired' })).toBe(1);
    expect(dead().filter((letter) => letter.includes('fire'))).toEqual([]);
    await clock.advance(5_000);
    expect(await system.ask('busy/a', { type: 'fired' })).toBe(1);
  });

  it('is due by the wall clock: where that is set forward it fires soon, in memory or not', async () => {
    const machine = new Machine();
    const shy = defineActor({ ...(diary as { options: object }).options, passivateAfterMs: 50 } as never);
    const { system, clock, process } = machine.start({ diary, shy });
    for (const id of ['diary/a', 'shy/a'])
      await system.ask(id, { type: 'remind', name: 'hour', when: { atMs: machine.wall() + 3_600_000 } });
    await clock.advance(500);
    expect(process.actors.ids()).toEqual(['diary/a']);
    clock.stepWall(7_200_000);
    await clock.advance(WALL_LOOK_MS + 1_000);
    for (const id of ['diary/a', 'shy/a']) expect(await system.ask(id, { type: 'get' })).toEqual(['hour']);
  });

  it('that is set back with the wall clock fires when its time has come by that', async () => {
    const machine = new Machine();
    const { system, clock } = machine.start({ diary });
    await system.ask('diary/a', { type: 'remind', name: 'soon', when: { atMs: machine.wall() + 5_000 } });
    clock.stepWall(-60_000);
    await clock.advance(64_000);
    expect(await system.ask('diary/a', { type: 'get' })).toEqual([]);
    await clock.advance(1_000);
    expect(await system.ask('diary/a', { type: 'get' })).toEqual(['soon']);
  });

  it('that is replaced while it waits in the mailbox fires as what it was replaced by', async () => {
    const machine = new Machine();
    const { system, clock } = machine.start({ diary });
    const atMs = machine.wall() + 100;
    await system.ask('diary/a', { type: 'remind', name: 'x', when: { atMs }, text: 'old' });
    waiting = clock;
    system.tell('diary/a', { type: 'wait', ms: 500, next: { name: 'x', when: { atMs }, text: 'new' } });
    await clock.advance(1_000);
    expect(await system.ask('diary/a', { type: 'get' })).toEqual(['new']);
  });

  it('can be put aside, and is there after a restart of everything', async () => {
    const machine = new Machine();
    const first = machine.start({ diary });
    await first.system.ask('diary/a', {
      type: 'remind',
      name: 'x',
      when: { atMs: machine.wall() + 100 },
      put: 'aside',
    });
    await machine.clock.advance(200);
    await crash(first);
    const { system, clock } = machine.start({ diary });
    await system.ask('diary/a', { type: 'open' });
    await clock.settle();
    expect(await system.ask('diary/a', { type: 'get' })).toEqual(['open', 'x']);
  });

  it('of a turn that throws is not set', async () => {
    const machine = new Machine();
    const { system, clock } = machine.start({ diary });
    await errorOf(system.ask('diary/a', { type: 'both' }));
    await clock.advance(10_000);
    expect(await system.ask('diary/a', { type: 'get' })).toEqual([]);
  });

  it('is for durable actors, has a name and a time', async () => {
    const plain = defineActor({ receive: { go: (ctx) => ctx.remind('x', { atMs: 1 }, { type: 'go' }) } });
    const wrong = defineActor({
      durable: true,
      receive: { go: (ctx, { when }: { when: never }) => ctx.remind('x', when, { type: 'go' }) },
    });
    const { system } = new Machine().start({ plain, wrong });
    expect((await errorOf(system.ask('plain/a', { type: 'go' }))).message).toMatch(/for durable actors/);
    expect((await errorOf(system.ask('wrong/a', { type: 'go', when: { everyMs: 0 } }))).message).toMatch(/everyMs/);
  });
});

describe('leaving memory', () => {
  it('and coming back loses nothing, also with fewer places than actors', async () => {
    const machine = new Machine();
    const { system, clock, process } = machine.start({ diary }, 20);
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 100 }, (_, n) => system.ask(`diary/${n}`, { type: 'note', text: `${round}` })),
      );
      await clock.advance(100);
      expect(process.actors.size).toBeLessThanOrEqual(20);
    }
    for (let n = 0; n < 100; n++) expect(await system.ask(`diary/${n}`, { type: 'get' })).toEqual(['0', '1', '2']);
  });
});

describe('an actor that has left memory', () => {
  it('has left it: nothing holds its cell', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const machine = new Machine();
    const { system, clock, process } = machine.start({ diary }, 20);
    const cells: WeakRef<object>[] = [];
    for (let n = 0; n < 500; n++) {
      await system.ask(`diary/${n}`, { type: 'note', text: 'x' });
      const cell = process.actors.cellOf(`diary/${n}`);
      if (cell) cells.push(new WeakRef(cell));
      if (n % 20 === 0) await clock.advance(30);
    }
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
    collect();
    expect(process.actors.size).toBeLessThanOrEqual(20);
    expect(cells.length).toBe(500);
    expect(cells.filter((cell) => cell.deref()).length).toBeLessThan(60);
  });
});

describe('a watch of a durable actor', () => {
  it('that is in the store and not in memory waits for its end, as that of a living one', async () => {
    const machine = new Machine();
    const first = machine.start({ diary });
    await first.system.ask('diary/a', { type: 'note', text: 'here' });
    await crash(first);
    const { system } = machine.start({ diary });
    const ends: unknown[] = [];
    system.watch('diary/a', (end) => ends.push(end));
    await machine.clock.advance(10);
    expect(ends).toEqual([]);
    // Coming into memory, leaving it and coming back is no end.
    await system.ask('diary/a', { type: 'get' });
    await machine.clock.advance(700_000);
    await system.ask('diary/a', { type: 'get' });
    expect(ends).toEqual([]);
    await system.stop('diary/a');
    expect(ends).toEqual([{ id: 'diary/a', reason: 'stopped' }]);
  });

  it('of which there is nothing is told at once', async () => {
    const { system, clock } = new Machine().start({ diary });
    const ends: unknown[] = [];
    system.watch('diary/nobody', (end) => ends.push(end));
    await clock.advance(10);
    expect(ends).toEqual([{ id: 'diary/nobody', reason: 'not-found' }]);
  });

  it('by another actor, and taken back, tells nothing', async () => {
    const watcher = defineActor({
      state: () => ({ ended: [] as string[] }),
      receive: {
        watch: (ctx, { id }: { id: string }) => ctx.watch(id),
        watchAndNot(ctx, { id }: { id: string }) {
          ctx.watch(id);
          ctx.unwatch(id);
        },
        get: (ctx) => ctx.state.ended,
      },
      onTerminated: (ctx, { id, reason }) => void ctx.state.ended.push(`${id} ${reason}`),
    }) as ActorDefinition;
    const machine = new Machine();
    const first = machine.start({ diary, watcher });
    await first.system.ask('diary/a', { type: 'note', text: 'here' });
    await crash(first);
    const { system, clock } = machine.start({ diary, watcher });
    await system.ask('watcher/w', { type: 'watch', id: 'diary/a' });
    await system.ask('watcher/w', { type: 'watchAndNot', id: 'diary/b' });
    await clock.advance(10);
    expect(await system.ask('watcher/w', { type: 'get' })).toEqual([]);
    await system.kill('diary/a');
    await clock.advance(10);
    expect(await system.ask('watcher/w', { type: 'get' })).toEqual(['diary/a killed']);
  });
});

describe('what is put aside', () => {
  it('is there after a restart of everything, in order, and handled once', async () => {
    const machine = new Machine();
    const first = machine.start({ diary });
    for (const text of ['a', 'b']) first.system.tell('diary/x', { type: 'hold', text });
    await first.system.ask('diary/x', { type: 'get' });
    await crash(first);
    const { system } = machine.start({ diary });
    await system.ask('diary/x', { type: 'open' });
    expect(await system.ask('diary/x', { type: 'get' })).toEqual(['open']);
    expect([...(machine.disk.get('diary/x')?.parts.keys() ?? [])].filter((name) => name.startsWith('s:'))).toEqual([]);
  });
});

describe('the state of an older version', () => {
  const shape = (version: number, migrate: Record<number, (old: object) => unknown>): ActorDefinition =>
    defineActor({
      durable: { version, migrate },
      state: () => ({ v: version }),
      receive: { get: (ctx) => ctx.state, set: (ctx) => void Object.assign(ctx.state, { set: true }) },
    }) as ActorDefinition;

  it('goes through the migrations, one after the other', async () => {
    const machine = new Machine();
    const first = machine.start({ shape: shape(1, {}) });
    await first.system.ask('shape/a', { type: 'set' });
    await crash(first);
    const steps = { 1: (old: object) => ({ ...old, one: true }), 2: (old: object) => ({ ...old, two: true }) };
    const { system } = machine.start({ shape: shape(3, steps) });
    expect(await system.ask('shape/a', { type: 'get' })).toEqual({ v: 1, set: true, one: true, two: true });
  });

  it('of a newer version is refused, naming both, and kept', async () => {
    const machine = new Machine();
    const first = machine.start({ shape: shape(2, { 1: (old) => old }) });
    await first.system.ask('shape/a', { type: 'set' });
    await crash(first);
    const before = machine.disk.get('shape/a');
    const second = machine.start({ shape: shape(1, {}) });
    const asked = errorOf(second.system.ask('shape/a', { type: 'get' }, { timeoutMs: 60_000 }));
    for (let n = 0; n < 10; n++) await machine.clock.advance(1_000);
    expect((await asked).code).toBe('ACTOR_FAILED');
    expect(second.log.lines.map(({ fields }) => String(fields.err)).join()).toMatch(
      /has version 2, of a newer program; this one knows versions up to 1/,
    );
    expect(machine.disk.get('shape/a')).toEqual(before);
  });
});

describe('a record of a machine', () => {
  const machineKind = defineActor({ durable: true, machine: setup({}).createMachine({ on: { look: {} } }) });
  const stateKind = defineActor({ durable: true, state: () => ({ n: 0 }), receive: { look: (ctx) => ++ctx.state.n } });
  const forms = { machine: machineKind as ActorDefinition, state: stateKind as ActorDefinition };

  it.each([
    ['machine', 'state', /is that of a machine, and its kind is no machine now/],
    ['state', 'machine', /is that of no machine, and its kind is a machine now/],
  ] as const)(
    'is none for other code, nor the other way round (%s, then %s): refused, and kept',
    async (was, is, words) => {
      const machine = new Machine();
      const first = machine.start({ shape: forms[was] });
      await first.system.ask('shape/a', { type: 'look' });
      await crash(first);
      const before = machine.disk.get('shape/a');
      const second = machine.start({ shape: forms[is] });
      const asked = errorOf(second.system.ask('shape/a', { type: 'look' }, { timeoutMs: 60_000 }));
      for (let n = 0; n < 10; n++) await machine.clock.advance(1_000);
      expect((await asked).code).toBe('ACTOR_FAILED');
      expect(second.log.lines.map(({ fields }) => String(fields.err)).join()).toMatch(words);
      expect(machine.disk.get('shape/a')).toEqual(before);
    },
  );
});

describe('a durable machine', () => {
  const order = setup({
    types: {} as { context: { paid: number }; events: { type: 'pay'; amount: number } | { type: 'look' } },
  }).createMachine({
    context: { paid: 0 },
    initial: 'open',
    states: {
      open: {
        on: { pay: { target: 'paid', actions: assign({ paid: ({ event }) => event.amount }) } },
        after: { 86400000: 'expired' },
      },
      paid: { after: { 3600000: 'shipped' } },
      shipped: {},
      expired: {},
    },
  });
  const actors = { order: defineActor({ durable: true, machine: order }) };

  it('goes on where it was, with what is left of its delays, however often everything is killed', async () => {
    const machine = new Machine();
    const first = machine.start(actors);
    expect(await first.system.ask('order/a', { type: 'pay', amount: 7 })).toMatchObject({ value: 'paid' });
    await first.system.ask('order/b', { type: 'look' });
    await machine.clock.advance(1_800_000);
    await crash(first);
    const second = machine.start(actors);
    expect(await second.system.ask('order/a', { type: 'look' })).toMatchObject({ value: 'paid', context: { paid: 7 } });
    await machine.clock.advance(1_790_000);
    expect(await second.system.ask('order/a', { type: 'look' })).toMatchObject({ value: 'paid' });
    await machine.clock.advance(20_000);
    expect(await second.system.ask('order/a', { type: 'look' })).toMatchObject({ value: 'shipped' });
  });

  it('leaves memory while it waits, and comes back by itself when its delay is over', async () => {
    const machine = new Machine();
    const { system, clock, process } = machine.start(actors);
    await system.ask('order/b', { type: 'look' });
    await clock.advance(1_000_000);
    expect(process.actors.ids()).toEqual([]);
    await clock.advance(86_400_000 - 1_000_000);
    expect(process.actors.ids()).toEqual(['order/b']);
    expect(await system.ask('order/b', { type: 'look' })).toMatchObject({ value: 'expired' });
  });
});
