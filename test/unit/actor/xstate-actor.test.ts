import { describe, expect, it } from 'vitest';
import { assign, fromCallback, fromPromise, fromTransition, setup } from 'xstate';
import { publish, reply, tell } from '../../../src/actor/xstate-actor.ts';
import { defineActor, errorOf, fateOf, Gate, startKit } from './kernel-fixture.ts';

let gate = new Gate();

type LightEvent =
  | { type: 'next' }
  | { type: 'who' }
  | { type: 'note' }
  | { type: 'announce' }
  | { type: 'break' }
  | { type: 'off' };

const light = setup({ types: {} as { context: { turns: number; key: string }; events: LightEvent } }).createMachine({
  initial: 'red',
  context: ({ input }) => ({ turns: 0, key: (input as { key: string }).key }),
  states: {
    red: { on: { next: 'green' } },
    green: { on: { next: 'yellow' }, after: { 100: 'yellow' } },
    yellow: { on: { next: 'red' } },
    off: { type: 'final' },
  },
  on: {
    next: { actions: assign({ turns: ({ context }) => context.turns + 1 }) },
    who: { actions: reply(({ context }) => ({ i: context.key })) },
    note: { actions: tell('listener/l', ({ context }) => ({ type: 'noted', turns: context.turns })) },
    announce: { actions: publish('lights', { type: 'changed' }) },
    break: {
      actions: () => {
        throw new Error('bulb');
      },
    },
    off: '.off',
  },
});

const named = setup({ types: {} as { events: { type: 'go' } } }).createMachine({
  on: {
    go: {
      actions: [
        { type: 'tell', params: { to: 'listener/l', message: { type: 'noted', turns: 1 } } },
        { type: 'publish', params: { topic: 'lights', message: { type: 'changed' } } },
        { type: 'reply', params: { done: true } },
      ],
    },
  },
} as never);

const loading = setup({
  types: {} as { context: { result: string }; events: { type: 'load' } | { type: 'state' } },
  actors: { load: fromPromise(() => gate.opened.then(() => 'loaded')) },
}).createMachine({
  initial: 'idle',
  context: { result: '' },
  states: {
    idle: { on: { load: 'busy' } },
    busy: {
      invoke: {
        src: 'load',
        onDone: {
          target: 'idle',
          actions: [assign({ result: ({ event }) => event.output }), tell('listener/l', { type: 'noted', turns: 9 })],
        },
      },
    },
  },
});

const failing = setup({
  types: {} as { events: { type: 'load' } },
  actors: {
    load: fromPromise(async () => {
      throw new Error('no answer');
    }),
  },
}).createMachine({ initial: 'idle', states: { idle: { on: { load: 'busy' } }, busy: { invoke: { src: 'load' } } } });

const cleaned: string[] = [];
const attached = setup({
  actors: { attach: fromCallback(() => () => void cleaned.push('detached')) },
}).createMachine({ invoke: { src: 'attach' } });

const listener = defineActor({
  state: () => ({ noted: [] as number[], changed: 0 }),
  receive: {
    noted: (ctx, { turns }: { turns: number }) => void ctx.state.noted.push(turns),
    changed: (ctx) => void ctx.state.changed++,
    all: (ctx) => ctx.state,
  },
});

const actors = {
  light: defineActor({ machine: light }),
  named: defineActor({ machine: named }),
  loading: defineActor({ machine: loading }),
  failing: defineActor({ machine: failing }),
  counting: defineActor({
    machine: fromTransition(
      (state: { sum: number }, event: { type: 'add'; by: number }) => ({ sum: state.sum + event.by }),
      { sum: 0 },
    ),
  }),
  promised: defineActor({ machine: fromPromise(() => gate.opened.then(() => ({ answer: 42 }))) }),
  attached: defineActor({ machine: attached }),
  parting: defineActor({ machine: attached, onStop: () => Promise.resolve() }),
  listener,
};

function start(): ReturnType<typeof startKit> {
  gate = new Gate();
  return startKit(actors);
}

describe('a message to a machine', () => {
  const kinds = setup({}).createMachine({
    initial: 'a',
    states: { a: { on: { plain: {}, 'order.*': 'b' } }, b: { on: { later: 'a' } } },
  });
  const open = setup({}).createMachine({ initial: 'a', states: { a: { on: { '*': 'b' } }, b: {} } });
  const promised = setup({ actors: { pay: fromPromise(() => new Promise(() => {})) } }).createMachine({
    initial: 'open',
    states: {
      open: { invoke: { id: 'pay', src: 'pay', onDone: 'paid' }, after: { 1000: 'expired' }, on: { '*': {} } },
      paid: {},
      expired: {},
    },
  });
  const typed = {
    kinds: defineActor({ machine: kinds }),
    open: defineActor({ machine: open }),
    promised: defineActor({ machine: promised }),
    counting: actors.counting,
  };

  it('that none of its states knows is a dead letter; one that a state knows is not, in whatever state it is', async () => {
    const { system, clock, dead } = startKit(typed);
    for (const type of ['plain', 'later', 'order', 'order.paid', 'order.paid.late', 'orders', 'ordre.paid', 'planned'])
      system.tell('kinds/1', { type });
    for (const type of ['anything', 'toString']) {
      system.tell('open/1', { type });
      system.tell('counting/1', { type });
      system.tell('kinds/2', { type });
    }
    await clock.settle();
    expect(dead().filter((letter) => letter.startsWith('kinds/1'))).toEqual([
      'kinds/1:orders:UNKNOWN_MESSAGE',
      'kinds/1:ordre.paid:UNKNOWN_MESSAGE',
      'kinds/1:planned:UNKNOWN_MESSAGE',
    ]);
    expect(dead().filter((letter) => !letter.startsWith('kinds/1'))).toEqual([
      'kinds/2:anything:UNKNOWN_MESSAGE',
      'kinds/2:toString:UNKNOWN_MESSAGE',
    ]);
  });

  it('that none of its states knows is said with those that they know, and the nearest', async () => {
    const { system, clock, log } = startKit(typed);
    system.tell('kinds/1', { type: 'plian' });
    await clock.settle();
    expect(log.lines.map(({ text }) => text)).toEqual([
      "a message became a dead letter: kinds/1 handles messages of the types plain, later, order.*; got 'plian' (did you mean 'plain'?)",
    ]);
  });

  it('that none of its states knows is a look where it is asked: answered, and nothing moves', async () => {
    const { system, dead } = startKit(typed);
    expect(await system.ask('kinds/1', { type: 'look' })).toMatchObject({ value: 'a', status: 'active' });
    expect(dead()).toEqual([]);
  });

  it.each([
    'xstate.stop',
    'xstate.init',
    'xstate.done.actor.pay',
    'xstate.error.actor.pay',
    'xstate.after.1000.(machine).open',
    'xstate.anything',
  ])('with a name of an event of XState itself is for no machine: %s', async (type) => {
    const { system, clock, dead } = startKit(typed);
    for (const id of ['promised/1', 'counting/1', 'open/1']) {
      expect(await fateOf(system.ask(id, { type }))).toBe('UNKNOWN_MESSAGE/not-executed');
      system.tell(id, { type });
    }
    await clock.settle();
    expect(dead()).toHaveLength(3);
    expect(await system.ask('promised/1', { type: 'look' })).toMatchObject({ value: 'open', status: 'active' });
    await clock.advance(1_000);
    expect(await system.ask('promised/1', { type: 'look' })).toMatchObject({ value: 'expired' });
  });
});

describe('the reply of a machine that keeps its actors in its context', () => {
  class Socket {
    close(): void {}
  }
  const child = setup({}).createMachine({ initial: 'a', states: { a: {} } });
  const machine = setup({
    types: {} as { context: Record<string, unknown> },
    actors: { child },
  }).createMachine({
    context: { n: 0 },
    initial: 'idle',
    states: {
      idle: {
        on: {
          go: {
            target: 'busy',
            actions: assign(({ spawn }) => {
              const ref = spawn('child', { id: 'kid' });
              const context: Record<string, unknown> = { n: 1, ref, list: [ref, () => {}], at: new Date(5) };
              return { ...context, byName: new Map([['kid', ref]]), all: new Set([ref]), self: context };
            }),
          },
          open: { target: 'busy', actions: assign({ n: 2, socket: () => new Socket(), call: () => () => {} }) },
          chosen: { actions: reply(() => ({ socket: new Socket() })) },
        },
      },
      busy: {},
    },
  });
  const parents = { m: defineActor({ machine }) };
  const kid = { xstate$$type: 1, id: 'kid' };

  it('has what is plain data of it, and what stands for them', async () => {
    const { system } = startKit(parents);
    const said = (await system.ask('m/1', { type: 'go' })) as { context: { self: unknown } };
    const looked = (await system.ask('m/1', { type: 'look' })) as typeof said;
    for (const { context, ...rest } of [said, looked]) {
      expect(rest).toMatchObject({ value: 'busy', status: 'active' });
      expect(context).toMatchObject({
        ...{ n: 1, ref: kid, list: [kid, undefined], at: new Date(5) },
        ...{ byName: new Map([['kid', kid]]), all: new Set([kid]) },
      });
    }
    expect(await system.ask('m/2', { type: 'open' })).toEqual({
      ...{ value: 'busy', context: { n: 2 }, status: 'active', output: undefined },
    });
  });

  it('is that of a durable one, too', async () => {
    const plain = setup({ types: {} as { context: { ref: unknown } }, actors: { child } }).createMachine({
      context: { ref: undefined },
      on: { go: { actions: assign({ ref: ({ spawn }) => spawn('child', { id: 'kid' }) }) } },
    });
    const { system } = startKit({ kept: defineActor({ machine: plain, durable: true }) });
    expect(await system.ask('kept/1', { type: 'go' })).toMatchObject({ context: { ref: kid } });
  });

  it('which its own action chose has to be plain data', async () => {
    const { system } = startKit(parents);
    const error = await errorOf(system.ask('m/1', { type: 'chosen' }));
    expect(error).toMatchObject({ code: 'INVALID_MESSAGE', fate: 'executed' });
  });
});

describe('a machine actor', () => {
  it('takes messages as events, and answers an ask with what it has come to', async () => {
    const { system } = start();
    system.tell('light/a', { type: 'next' });
    expect(await system.ask('light/a', { type: 'next' })).toEqual({
      ...{ value: 'yellow', context: { turns: 0, key: 'a' }, status: 'active', output: undefined },
    });
  });

  it('answers with its reply action where the event has one, and only then', async () => {
    const { system } = start();
    expect(await system.ask('light/a', { type: 'who' })).toEqual({ i: 'a' });
    expect(await system.ask('light/a', { type: 'nothing-of-mine' })).toMatchObject({ value: 'red' });
  });

  it('tells and publishes by its actions, imported or by name, as itself', async () => {
    const { system } = start();
    await system.subscribe('lights', 'listener/l');
    await system.ask('light/a', { type: 'note' });
    await system.ask('light/a', { type: 'announce' });
    expect(await system.ask('named/a', { type: 'go' })).toEqual({ done: true });
    expect(await system.ask('listener/l', { type: 'all' })).toEqual({ noted: [0, 1], changed: 2 });
  });

  it('has its delays on the clock of the system, and none once it has ended', async () => {
    const { system, clock, process } = start();
    await system.ask('light/a', { type: 'next' });
    await clock.advance(99);
    expect(await system.ask('light/a', { type: 'nothing' })).toMatchObject({ value: 'green' });
    await clock.advance(1);
    expect(await system.ask('light/a', { type: 'nothing' })).toMatchObject({ value: 'yellow' });
    await system.ask('light/b', { type: 'next' });
    expect(process.actors.cellOf('light/b')?.extras.timers?.size).toBe(1);
    const cell = process.actors.cellOf('light/b');
    await system.kill('light/b');
    expect(cell?.extras.timers?.size).toBe(0);
  });

  it('goes on when what it invoked is done', async () => {
    const { system, clock } = start();
    expect(await system.ask('loading/a', { type: 'load' })).toMatchObject({ value: 'busy' });
    gate.open();
    await clock.settle();
    expect(await system.ask('loading/a', { type: 'state' })).toMatchObject({
      value: 'idle',
      context: { result: 'loaded' },
    });
    expect(await system.ask('listener/l', { type: 'all' })).toMatchObject({ noted: [9] });
  });

  it('whose action throws fails as a handler does: the ask, the dead letter, the restart', async () => {
    const { system, clock, dead, heard } = start();
    await system.ask('light/a', { type: 'next' });
    const error = errorOf(system.ask('light/a', { type: 'break' }));
    const after = system.ask('light/a', { type: 'nothing' });
    await clock.advance(100);
    expect(await error).toMatchObject({ code: 'HANDLER_FAILED', cause: { message: 'bulb' } });
    expect(await after).toMatchObject({ value: 'red' });
    expect([dead(), heard('actor-restarted').length]).toEqual([['light/a:break:HANDLER_FAILED'], 1]);
  });

  it('whose invoked actor fails unhandled is restarted too', async () => {
    const { system, clock, heard } = start();
    system.tell('failing/a', { type: 'load' });
    await clock.advance(100);
    expect(heard('actor-restarted')).toMatchObject([{ id: 'failing/a', error: { message: 'no answer' } }]);
  });

  it('in its final state stays readable until it is stopped', async () => {
    const { system, heard } = start();
    await system.ask('light/a', { type: 'off' });
    expect(await system.ask('light/a', { type: 'next' })).toMatchObject({ value: 'off', status: 'done' });
    await system.stop('light/a');
    expect(await system.ask('light/a', { type: 'next' })).toMatchObject({ value: 'green', status: 'active' });
    expect(heard('actor-stopped')).toHaveLength(1);
  });

  it('may be other actor logic: a transition, a promise', async () => {
    const { system, clock } = start();
    system.tell('counting/a', { type: 'add', by: 2 });
    expect(await system.ask('counting/a', { type: 'add', by: 3 })).toMatchObject({ context: { sum: 5 } });
    expect(await system.ask('promised/a', { type: 'look' })).toMatchObject({ status: 'active' });
    gate.open();
    await clock.settle();
    expect(await system.ask('promised/a', { type: 'look' })).toMatchObject({ status: 'done', output: { answer: 42 } });
  });

  it('whose machine cannot begin fails as one whose state throws', async () => {
    const broken = setup({}).createMachine({
      entry: () => {
        throw new Error('at once');
      },
    });
    const { system, clock, heard } = startKit({
      broken: defineActor({ machine: broken, supervision: { intensity: 1 } }),
    });
    const ask = fateOf(system.ask('broken/a', { type: 'x' }));
    await clock.advance(500);
    expect([await ask, heard('actor-failed').length]).toEqual(['ACTOR_FAILED/not-executed', 1]);
  });

  it('leaves nothing of its invoked actors behind when it is killed', async () => {
    const { system, clock } = start();
    await system.ask('loading/a', { type: 'load' });
    await system.kill('loading/a');
    gate.open();
    await clock.settle();
    expect(await system.ask('listener/l', { type: 'all' })).toMatchObject({ noted: [] });
  });

  it.each(['attached', 'parting'])('is stopped with its incarnation, what it invoked too: %s', async (kind) => {
    const { system } = start();
    cleaned.length = 0;
    await system.ask(`${kind}/a`, { type: 'hi' });
    await system.stop(`${kind}/a`);
    expect(cleaned).toEqual(['detached']);
  });
});
