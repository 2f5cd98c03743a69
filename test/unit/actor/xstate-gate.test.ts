/** What comes from inside a machine: each event is a turn, waits for it like mail, and is committed with it. */
import { describe, expect, it } from 'vitest';
import { assign, fromCallback, fromEventObservable, fromObservable, fromPromise, sendParent, setup } from 'xstate';
import { tell } from '../../../src/actor/xstate-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { type MemoryDisk, MemoryStore } from '../../../src/store/memory-store.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { defineActor, errorOf, type Kit, startKit } from './kernel-fixture.ts';

/** Several systems, one after the other, on one disk and one clock. */
class Machine {
  readonly disk: MemoryDisk = new Map();
  readonly clock: VirtualClock = new VirtualClock();
  readonly store = (): MemoryStore => new MemoryStore(this.disk);
  #starts = 0;

  start(actors: Record<string, ActorDefinition>, store: MemoryStore = this.store()): Kit {
    return startKit(actors, {}, store, { clock: this.clock, startedAt: 1_000 + ++this.#starts });
  }
}

async function crash(kit: Kit): Promise<void> {
  for (const id of kit.process.actors.ids()) kit.process.actors.endAtOnce(id);
  await kit.system.shutdown({ timeoutMs: 0 });
}

/** Something outside that takes its time on the clock of the test, and counts how often it was asked. */
class Outside {
  begun = 0;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  after<T>(ms: number, value: T): Promise<T> {
    this.begun++;
    return new Promise((resolve) => this.#clock.setTimer(ms, () => resolve(value)));
  }
}

const notes = defineActor({
  durable: true,
  state: () => ({ texts: [] as string[] }),
  receive: {
    note: (ctx, { text }: { text: string }) => void ctx.state.texts.push(text),
    all: (ctx) => ctx.state.texts,
  },
}) as ActorDefinition;

const all = (kit: Kit): Promise<string[]> => kit.system.ask('notes/all', { type: 'all' }) as Promise<string[]>;
const note = (text: string): ReturnType<typeof tell> => tell('notes/all', { type: 'note', text });

/** Charges, for `ms`, and is paid. */
function orderOf(outside: Outside, ms = 1_500): Parameters<typeof defineActor>[0] {
  const machine = setup({
    types: {} as { context: { receipt: string } },
    actors: { charge: fromPromise(() => outside.after(ms, 'r-1')) },
  }).createMachine({
    context: { receipt: '' },
    initial: 'open',
    states: {
      open: { on: { pay: 'charging' } },
      charging: {
        invoke: {
          src: 'charge',
          onDone: { target: 'paid', actions: assign({ receipt: ({ event }) => event.output }) },
        },
      },
      paid: { entry: note('paid') },
    },
  });
  return { machine } as never;
}

const value = async (kit: Kit, id: string): Promise<unknown> =>
  ((await kit.system.ask(id, { type: 'look' })) as { value: unknown }).value;

describe('the end of an invoked promise', () => {
  it('is committed with what it did: after a crash it has happened, and is not begun again', async () => {
    const machine = new Machine();
    const outside = new Outside(machine.clock);
    const actors = { order: defineActor({ ...orderOf(outside), durable: true } as never), notes };
    const first = machine.start(actors);
    await first.system.ask('order/7', { type: 'pay' });
    await machine.clock.advance(2_000);
    await crash(first);
    const second = machine.start(actors);
    await machine.clock.advance(5_000);
    expect(await second.system.ask('order/7', { type: 'look' })).toMatchObject({
      ...{ value: 'paid', context: { receipt: 'r-1' } },
    });
    expect([outside.begun, await all(second)]).toEqual([1, ['paid']]);
  });

  it('that a crash came before is waited for again after the next start, which nobody has to ask for', async () => {
    const machine = new Machine();
    const outside = new Outside(machine.clock);
    const actors = { order: defineActor({ ...orderOf(outside), durable: true } as never), notes };
    const first = machine.start(actors);
    await first.system.ask('order/7', { type: 'pay' });
    await machine.clock.advance(700);
    await crash(first);
    const second = machine.start(actors);
    await machine.clock.advance(2_000);
    expect(await all(second)).toEqual(['paid']);
    expect([outside.begun, await value(second, 'order/7')]).toEqual([2, 'paid']);
  });

  it('whose commit fails has not happened: nothing of it leaves, and it begins again', async () => {
    const machine = new Machine();
    const outside = new Outside(machine.clock);
    const store = machine.store();
    const commit = store.commit.bind(store);
    let failures = 0;
    store.commit = (changes, options) => {
      const isPaid = changes.some(({ id }) => id === 'order/7') && outside.begun === 1 && machine.clock.now() > 2_000;
      if (!isPaid || failures > 0) return commit(changes, options);
      failures++;
      return Promise.reject(new Error('no space'));
    };
    const actors = { order: defineActor({ ...orderOf(outside), durable: true } as never), notes };
    const kit = machine.start(actors, store);
    await kit.system.ask('order/7', { type: 'pay' });
    await machine.clock.advance(1_520);
    expect([failures, await all(kit)]).toEqual([1, []]);
    await machine.clock.advance(5_000);
    expect([outside.begun, await all(kit), await value(kit, 'order/7')]).toEqual([2, ['paid'], 'paid']);
  });

  it.each([true, false])('is waited for in memory, however long that takes (durable: %s)', async (durable) => {
    const machine = new Machine();
    const outside = new Outside(machine.clock);
    const order = defineActor({ ...orderOf(outside), durable, passivateAfterMs: 300 } as never);
    const kit = machine.start({ order, notes });
    await kit.system.ask('order/7', { type: 'pay' });
    await machine.clock.advance(1_400);
    expect(kit.process.actors.cellOf('order/7')).toBeDefined();
    await machine.clock.advance(200);
    expect(await all(kit)).toEqual(['paid']);
    await machine.clock.advance(1_000);
    expect(kit.process.actors.cellOf('order/7')).toBeUndefined();
    if (durable) expect(await value(kit, 'order/7')).toBe('paid');
    expect(outside.begun).toBe(1);
  });

  it('comes after the start, where that takes longer', async () => {
    const machine = new Machine();
    const outside = new Outside(machine.clock);
    const seen: string[] = [];
    const quick = setup({ actors: { at: fromPromise(async () => 'once') } }).createMachine({
      invoke: { src: 'at', onDone: { actions: () => void seen.push('done') } },
    });
    const kit = machine.start({
      quick: defineActor({
        machine: quick,
        onStart: async () => {
          await outside.after(50, '');
          seen.push('started');
        },
      }),
    });
    kit.system.tell('quick/1', { type: 'x' });
    await machine.clock.advance(100);
    expect(seen).toEqual(['started', 'done']);
  });
});

interface Source {
  send(n: number): void;
  isOver: boolean;
}

/** A machine that adds up what something inside of it sends, and tells of each. */
function counterOf(actors: Record<string, never>, more: object = {}, root: object = {}): ActorDefinition {
  const machine = setup({ types: {} as { context: { sum: number } }, actors }).createMachine({
    ...root,
    context: { sum: 0 },
    initial: 'on',
    states: {
      on: {
        invoke: { id: 'source', src: 'source', ...more },
        on: {
          got: {
            actions: [
              assign({ sum: ({ context, event }) => context.sum + (event as never as { n: number }).n }),
              tell('notes/all', ({ event }) => ({ type: 'note', text: `${(event as never as { n: number }).n}` })),
            ],
          },
          off: 'off',
        },
      },
      off: { on: { on: 'on' } },
    },
  } as never);
  return defineActor({ durable: true, machine }) as ActorDefinition;
}

function callbackSource(): { source: Source; actors: Record<string, never> } {
  const source: Source = { send: () => {}, isOver: false };
  const callback = fromCallback(({ sendBack }) => {
    source.isOver = false;
    source.send = (n) => sendBack({ type: 'got', n });
    return () => {
      source.isOver = true;
    };
  });
  return { source, actors: { source: callback as never } };
}

/** An observable, by its shape. */
function observableSource(): { source: Source; values: { subscribe(observer: never): { unsubscribe(): void } } } {
  const source: Source = { send: () => {}, isOver: false };
  const values = {
    subscribe: (observer: { next(value: unknown): void }) => {
      source.isOver = false;
      source.send = (n) => observer.next({ type: 'got', n });
      return {
        unsubscribe: () => {
          source.isOver = true;
        },
      };
    },
  };
  return { source, values: values as never };
}

const child = setup({
  types: {} as { events: { type: 'go' } },
  actors: { work: fromPromise(async () => 5) },
}).createMachine({
  initial: 'waiting',
  states: {
    waiting: { after: { 100: 'working' } },
    working: { invoke: { src: 'work', onDone: { target: 'done', actions: sendParent({ type: 'got', n: 5 }) } } },
    done: {},
  },
});

describe('an event from inside a machine', () => {
  const sources: [string, () => { source: Source; actor: ActorDefinition }][] = [
    [
      'a callback',
      () => {
        const { source, actors } = callbackSource();
        return { source, actor: counterOf(actors) };
      },
    ],
    [
      'an observable of events',
      () => {
        const { source, values } = observableSource();
        return { source, actor: counterOf({ source: fromEventObservable(() => values as never) as never }) };
      },
    ],
    [
      'an observable',
      () => {
        const { source, values } = observableSource();
        const snapshot = {
          guard: ({ event }: { event: { snapshot: { context?: unknown } } }) => event.snapshot.context !== undefined,
          actions: [
            assign({
              sum: ({ context, event }: never) =>
                (context as { sum: number }).sum +
                (event as { snapshot: { context: { n: number } } }).snapshot.context.n,
            }),
            tell('notes/all', ({ event }) => ({
              type: 'note',
              text: `${(event as unknown as { snapshot: { context: { n: number } } }).snapshot.context.n}`,
            })),
          ],
        };
        return {
          source,
          actor: counterOf({ source: fromObservable(() => values as never) as never }, { onSnapshot: snapshot }),
        };
      },
    ],
  ];

  it.each(sources)('of %s is a turn: committed, and told of once', async (_, make) => {
    const machine = new Machine();
    const { source, actor } = make();
    const first = machine.start({ counter: actor, notes });
    await first.system.ask('counter/1', { type: 'look' });
    source.send(1);
    source.send(2);
    await machine.clock.settle();
    expect(await all(first)).toEqual(['1', '2']);
    await crash(first);
    expect(source.isOver).toBe(true);
    const second = machine.start({ counter: actor, notes });
    // It begins again by itself, and goes on from where it was.
    await machine.clock.advance(2_000);
    expect(source.isOver).toBe(false);
    source.send(4);
    await machine.clock.settle();
    expect(await second.system.ask('counter/1', { type: 'look' })).toMatchObject({ context: { sum: 7 } });
    expect(await all(second)).toEqual(['1', '2', '4']);
  });

  it('of a child machine, whose own delays and promises are turns too, comes through passivation and crash', async () => {
    const machine = new Machine();
    const counter = defineActor({
      ...(counterOf({ source: child as never }) as unknown as { options: object }).options,
      passivateAfterMs: 20,
    } as never);
    const first = machine.start({ counter, notes });
    await first.system.ask('counter/1', { type: 'look' });
    // Only a delay runs: it can leave memory, and its record brings it back in time.
    await machine.clock.advance(60);
    expect(first.process.actors.cellOf('counter/1')).toBeUndefined();
    await crash(first);
    const second = machine.start({ counter, notes });
    await machine.clock.advance(2_000);
    expect(await all(second)).toEqual(['5']);
    await crash(second);
    const third = machine.start({ counter, notes });
    await machine.clock.advance(2_000);
    expect(await third.system.ask('counter/1', { type: 'look' })).toMatchObject({ context: { sum: 5 } });
    expect(await all(third)).toEqual(['5']);
  });

  it('waits behind the mail that came before it, and is for nobody once its source has been left', async () => {
    const machine = new Machine();
    const { source, actors } = callbackSource();
    const kit = machine.start({ counter: counterOf(actors), notes });
    await kit.system.ask('counter/1', { type: 'look' });
    kit.system.tell('counter/1', { type: 'got', n: 1 });
    source.send(2);
    kit.system.tell('counter/1', { type: 'off' });
    source.send(4);
    await machine.clock.settle();
    expect(await all(kit)).toEqual(['1', '2']);
    expect(await value(kit, 'counter/1')).toBe('off');
    kit.system.tell('counter/1', { type: 'on' });
    await machine.clock.settle();
    source.send(8);
    await machine.clock.settle();
    expect(await all(kit)).toEqual(['1', '2', '8']);
  });

  it('that would be one too many is a dead letter; the end of a promise always has room', async () => {
    const machine = new Machine();
    const outside = new Outside(machine.clock);
    const { source, actors } = callbackSource();
    const end = fromPromise(() => outside.after(10, 0)) as never;
    const ending = { invoke: { src: 'end', onDone: { actions: note('end') } } };
    const { options } = counterOf({ ...actors, end }, {}, ending) as unknown as { options: object };
    const onStart = (): Promise<string> => outside.after(50, '');
    const counter = defineActor({ ...options, onStart, mailbox: { capacity: 4 } } as never);
    const kit = machine.start({ counter, notes });
    kit.system.tell('counter/1', { type: 'got', n: 0 });
    await machine.clock.advance(5);
    // It still starts, so all waits; then the promise comes to its end.
    for (let n = 1; n < 7; n++) source.send(n);
    await machine.clock.advance(100);
    expect(await all(kit)).toEqual(['0', '1', '2', '3', '4', 'end']);
    expect(kit.dead()).toEqual(['counter/1:got:MAILBOX_FULL', 'counter/1:got:MAILBOX_FULL']);
  });

  it('after the end of its incarnation is none', async () => {
    const machine = new Machine();
    const { source, actors } = callbackSource();
    const kit = machine.start({ counter: counterOf(actors), notes });
    await kit.system.ask('counter/1', { type: 'look' });
    const { send } = source;
    source.send(1);
    await kit.system.kill('counter/1');
    send(2);
    await machine.clock.settle();
    expect(await all(kit)).toEqual([]);
  });

  it('that fails is the failure of a turn: what it told stays, the actor is restarted', async () => {
    const failing = setup({
      actors: { work: fromPromise(() => Promise.reject(new Error('no answer'))) },
    }).createMachine({
      initial: 'a',
      states: { a: { on: { go: 'b' } }, b: { entry: note('b'), invoke: { src: 'work' } } },
    });
    const machine = new Machine();
    const kit = machine.start({ failing: defineActor({ machine: failing }), notes });
    kit.system.tell('failing/1', { type: 'go' });
    await machine.clock.advance(100);
    expect(kit.heard('actor-restarted')).toMatchObject([{ id: 'failing/1', error: { message: 'no answer' } }]);
    expect([await value(kit, 'failing/1'), await all(kit)]).toEqual(['a', ['b']]);
  });
});

describe('the delays of a machine', () => {
  const session = setup({}).createMachine({
    initial: 'live',
    states: {
      live: { after: { 100: 'expired' }, on: { activity: { target: 'live', reenter: true } } },
      expired: {},
    },
  });

  it('that ran out while the mail which takes it back waits before it does not go off', async () => {
    const machine = new Machine();
    const onStart = (): Promise<string> => new Outside(machine.clock).after(150, '');
    const kit = machine.start({ session: defineActor({ machine: session, onStart }) });
    // Its delay runs out while it still starts: what was told before goes first.
    kit.system.tell('session/1', { type: 'activity' });
    await machine.clock.advance(170);
    expect(await value(kit, 'session/1')).toBe('live');
    await machine.clock.advance(100);
    expect(await value(kit, 'session/1')).toBe('expired');
  });

  it.each([
    ['NaN', Number.NaN, 'over'],
    ['a negative number', -5, 'over'],
    ['a text', '5', 'over'],
    ['Infinity', Number.POSITIVE_INFINITY, 'waiting'],
  ])('may be computed to %s, and last over a crash', async (_, delay, value_) => {
    const odd = setup({ delays: { odd: () => delay as number } }).createMachine({
      initial: 'idle',
      states: { idle: { on: { go: 'waiting' } }, waiting: { after: { odd: 'over' } }, over: {} },
    });
    const machine = new Machine();
    const actors = { odd: defineActor({ durable: true, machine: odd }) };
    const first = machine.start(actors);
    await first.system.ask('odd/1', { type: 'go' });
    await crash(first);
    const second = machine.start(actors);
    await machine.clock.advance(1_000);
    expect(await value(second, 'odd/1')).toBe(value_);
  });

  it('that came due while everything was down go off in the order of their times', async () => {
    const steps = setup({ delays: { long: 5_000, short: 1_000 } }).createMachine({
      type: 'parallel',
      states: {
        one: { initial: 'a', states: { a: { after: { long: 'b' } }, b: { entry: note('long') } } },
        two: { initial: 'a', states: { a: { after: { short: 'b' } }, b: { entry: note('short') } } },
      },
    });
    const machine = new Machine();
    const actors = { steps: defineActor({ durable: true, machine: steps }), notes };
    const first = machine.start(actors);
    await first.system.ask('steps/1', { type: 'look' });
    await crash(first);
    await machine.clock.advance(60_000);
    const second = machine.start(actors);
    await machine.clock.advance(2_000);
    expect(await all(second)).toEqual(['short', 'long']);
  });

  it('wake an actor that has left memory after a failure, too', async () => {
    const timed = setup({}).createMachine({
      initial: 'a',
      states: { a: { after: { 5000: 'b' } }, b: { entry: note('b') } },
      on: {
        boom: {
          actions: () => {
            throw new Error('boom');
          },
        },
      },
    });
    const machine = new Machine();
    const kit = machine.start({ timed: defineActor({ durable: true, machine: timed, passivateAfterMs: 200 }), notes });
    await kit.system.ask('timed/1', { type: 'look' });
    const failed = errorOf(kit.system.ask('timed/1', { type: 'boom' }));
    await machine.clock.advance(1_000);
    expect(await failed).toMatchObject({ code: 'HANDLER_FAILED' });
    expect(kit.process.actors.cellOf('timed/1')).toBeUndefined();
    await machine.clock.advance(5_000);
    expect(await all(kit)).toEqual(['b']);
  });
});
