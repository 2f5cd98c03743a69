/** What the compiler infers and refuses; `npm run check` is the other half of these tests. */
import { describe, expectTypeOf, it } from 'vitest';
import { setup } from 'xstate';
import {
  type ActorRef,
  type Context,
  defineActor,
  type ExitReason,
  type RefTo,
  type System,
  type UntypedRef,
} from '../../src/index.ts';

interface Item {
  sku: string;
  count: number;
}

const cart = defineActor({
  state: (key) => ({ owner: key, items: [] as Item[] }),
  onStart: (ctx) => {
    expectTypeOf(ctx.state).toEqualTypeOf<{ owner: string; items: Item[] }>();
  },
  onTerminated: (ctx, ended) => {
    expectTypeOf(ctx.state.items).toEqualTypeOf<Item[]>();
    expectTypeOf(ended).toEqualTypeOf<{ id: string; reason: ExitReason }>();
  },
  receive: {
    add(ctx, message: { item: Item; note?: string }) {
      ctx.state.items.push(message.item);
      return ctx.state.items.length;
    },
    get: (ctx) => ctx.state.items.length,
    first: async (ctx) => ctx.state.items[0],
    clear(ctx) {
      ctx.state.items = [];
    },
    total: (ctx, { factor }: { factor: number }): number => ctx.state.items.length * factor,
  },
});
const lamp = defineActor({
  machine: setup({ types: {} as { events: { type: 'on' } | { type: 'dim'; to: number } } }).createMachine({}),
});
declare const system: System;
/** These two ask each other. Without `Promise<number>` on one side neither has a type (TS7022). */
const ping = defineActor({
  receive: {
    async serve(ctx, { left }: { left: number }) {
      return left === 0 ? 0 : await ctx.ref(pong, 'b').ask({ type: 'return', left: left - 1 });
    },
  },
});
const pong = defineActor({
  receive: {
    async return(ctx, { left }: { left: number }): Promise<number> {
      return left === 0 ? 0 : await ctx.ref(ping, 'a').ask({ type: 'serve', left: left - 1 });
    },
  },
});
/** Never called: it is only there to be compiled. */
const compiled = (_check: () => unknown): void => {};

describe('a typed ref', () => {
  it('knows the reply of each message type', () => {
    compiled(() => {
      const ref = system.ref(cart, 'ann');
      expectTypeOf(ref).toEqualTypeOf<RefTo<typeof cart>>();
      expectTypeOf(ref.ask({ type: 'get' })).toEqualTypeOf<Promise<number>>();
      expectTypeOf(ref.ask({ type: 'add', item: { sku: 'a', count: 1 } })).toEqualTypeOf<Promise<number>>();
      expectTypeOf(ref.ask({ type: 'first' })).toEqualTypeOf<Promise<Item | undefined>>();
      expectTypeOf(ref.ask({ type: 'clear' })).toEqualTypeOf<Promise<void>>();
      expectTypeOf(ref.ask({ type: 'total', factor: 2 })).toEqualTypeOf<Promise<number>>();
      expectTypeOf(ref.tell({ type: 'get' })).toEqualTypeOf<boolean>();
    });
  });

  it('refuses wrong types and payloads', () => {
    compiled(() => {
      const ref = system.ref(cart, 'ann');
      // @ts-expect-error no such message
      ref.tell({ type: 'nope' });
      // @ts-expect-error the payload is missing
      ref.tell({ type: 'add' });
      // @ts-expect-error the payload is of another type
      ref.tell({ type: 'add', item: { sku: 1, count: 1 } });
      // @ts-expect-error a part that no handler wants
      ref.tell({ type: 'total', factor: 2, other: 3 });
      // @ts-expect-error the reply is a number
      const text: Promise<string> = ref.ask({ type: 'get' });
      return text;
    });
  });

  it('is given by ctx.ref and fits where refs are passed on', () => {
    compiled(() => {
      const of = (ctx: Context): ActorRef<unknown> => ctx.ref(cart, 'ann');
      expectTypeOf(system.ref('cart/ann')).toEqualTypeOf<UntypedRef>();
      expectTypeOf(system.ref('cart/ann').ask({ type: 'any', thing: 1 })).resolves.toBeAny();
      return of;
    });
  });

  it('of two that ask each other knows all replies, where one side says its own', () => {
    compiled(() => {
      expectTypeOf(system.ref(ping, 'a').ask({ type: 'serve', left: 1 })).toEqualTypeOf<Promise<number>>();
      expectTypeOf(system.ref(pong, 'b').ask({ type: 'return', left: 1 })).toEqualTypeOf<Promise<number>>();
      // @ts-expect-error the payload is missing
      system.ref(ping, 'a').tell({ type: 'serve' });
    });
  });

  it('of a machine knows its events', () => {
    compiled(() => {
      const ref = system.ref(lamp, 'desk');
      ref.tell({ type: 'on' });
      ref.tell({ type: 'dim', to: 3 });
      // @ts-expect-error the event has a number
      ref.tell({ type: 'dim', to: 'low' });
      // @ts-expect-error no such event
      ref.tell({ type: 'off' });
    });
  });
});

describe('a definition', () => {
  it('infers state from args, sync and async, from key, and without any', () => {
    const withArgs = defineActor({
      state: (key, args: { limit: number }) => ({ key, left: args.limit }),
      receive: { left: (ctx) => ctx.state.left },
    });
    const own = defineActor({
      state: (_key, args: { list: string[] }) => args,
      receive: { first: (ctx) => ctx.state.list[0] },
    });
    const later = defineActor({
      state: async (key) => ({ loaded: key }),
      receive: {
        async loaded(ctx) {
          return ctx.state.loaded;
        },
      },
    });
    const none = defineActor({ receive: { size: (ctx) => Object.keys(ctx.state).length, hi: () => 'hi' as const } });
    compiled(() => {
      expectTypeOf(system.ref(withArgs, 'a').ask({ type: 'left' })).toEqualTypeOf<Promise<number>>();
      expectTypeOf(system.ref(own, 'a').ask({ type: 'first' })).toEqualTypeOf<Promise<string | undefined>>();
      expectTypeOf(system.ref(later, 'a').ask({ type: 'loaded' })).toEqualTypeOf<Promise<string>>();
      expectTypeOf(system.ref(none, 'a').ask({ type: 'size' })).toEqualTypeOf<Promise<number>>();
      expectTypeOf(system.ref(none, 'a').ask({ type: 'hi' })).toEqualTypeOf<Promise<'hi'>>();
    });
  });

  it('refuses options that are none', () => {
    compiled(() => {
      // @ts-expect-error a handler is a function
      defineActor({ receive: { odd: 7 } });
      // @ts-expect-error neither handlers nor a machine
      defineActor({ state: () => ({}) });
      // @ts-expect-error no such strategy
      defineActor({ receive: {}, placement: { strategy: 'anywhere' } });
      // @ts-expect-error no such directive
      defineActor({ receive: {}, supervision: { onFailure: 'ignore' } });
    });
  });
});

describe('a system', () => {
  it('takes messages that an interface declares', () => {
    interface Add {
      type: 'add';
      by: number;
    }
    compiled(() => {
      const message = { type: 'add', by: 1 } as Add;
      system.publish('news', message);
      return [system.tell('counter/a', message), system.ask('counter/a', message)];
    });
  });

  it('refuses messages without a type, and events that are none', () => {
    compiled(() => {
      // @ts-expect-error no type
      system.tell('counter/a', { by: 1 });
      // @ts-expect-error no such event
      system.on('actor-exploded', () => {});
      system.on('actor-failed', ({ error }) => expectTypeOf(error).toEqualTypeOf<Error>());
      // @ts-expect-error no such restart type
      (ctx: Context) => ctx.spawn('child', { restart: 'always' });
    });
  });
});
