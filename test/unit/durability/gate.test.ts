/** The output gate: nothing that a turn does is seen before its commit, and nothing ever of a commit that failed. */
import { describe, expect, it } from 'vitest';
import type { Context } from '../../../src/actor/context.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { defineActor, errorOf, Gate, type Kit, startKit } from '../actor/kernel-fixture.ts';
import { FaultyStore } from './faulty-store.ts';

type Ctx = Context;
type What = keyof typeof WAYS;

/** Every way in which a turn can be noticed. Each tells the sink which run of the turn it comes from. */
const WAYS = {
  'tell to a volatile actor': (ctx: Ctx, run: number) => void ctx.tell('sink/one', { type: 'heard', run }),
  'tell to a durable actor': (ctx: Ctx, run: number) => void ctx.tell('relay/one', { type: 'pass', run }),
  publish: (ctx: Ctx, run: number) => void ctx.publish('news', { type: 'heard', run }),
  timer: (ctx: Ctx, run: number) => void ctx.after(1, { type: 'later', run }),
  'repeated timer': (ctx: Ctx, run: number) => {
    const cancel = ctx.every(1, { type: 'later', run });
    cancels.push(cancel);
  },
  reminder: (ctx: Ctx, run: number) => ctx.remind('r', { atMs: 0 }, { type: 'later', run }),
  spawn: async (ctx: Ctx, run: number) => void (await ctx.spawn('child', { args: { run } })),
  'spawn under a key, and a tell to it': async (ctx: Ctx, run: number) => {
    const child = await ctx.spawn('child', { key: 'known', args: { run: 0 } });
    ctx.tell(child.id, { type: 'pass', run });
  },
  reply: (_ctx: Ctx, run: number) => run,
};

let runs = 0;
const cancels: (() => void)[] = [];

const sourceOf = (onFailure: 'restart' | 'resume') =>
  defineActor({
    durable: true,
    supervision: { onFailure },
    state: () => ({ n: 0 }),
    receive: {
      async go(ctx, { way }: { way: What }) {
        ctx.state.n++;
        const result = await WAYS[way](ctx as unknown as Ctx, ++runs);
        return result ?? 'done';
      },
      async fail(ctx, { way }: { way: What }) {
        await WAYS[way](ctx as unknown as Ctx, ++runs);
        throw new Error('no');
      },
      later(ctx, { run }: { run: number }) {
        cancels.pop()?.();
        ctx.tell('sink/one', { type: 'heard', run });
      },
      async consult(ctx) {
        const child = await ctx.spawn('child', { args: { run: 7 } });
        return child.ask({ type: 'get' });
      },
    },
  });

const sink = defineActor({
  state: () => ({ runs: [] as number[] }),
  receive: {
    start: (ctx) => ctx.subscribe('news').then(() => {}),
    heard: (ctx, { run }: { run: number }) => void ctx.state.runs.push(run),
    get: (ctx) => ctx.state.runs,
  },
});

const relay = defineActor({
  durable: true,
  receive: { pass: (ctx, { run }: { run: number }) => void ctx.tell('sink/one', { type: 'heard', run }) },
});

const child = defineActor({
  state: (_key: string, args: { run: number }) => ({ run: args?.run ?? -1 }),
  onStart: (ctx) => {
    if (ctx.state.run > 0) ctx.tell('sink/one', { type: 'heard', run: ctx.state.run });
  },
  receive: {
    pass: (ctx, { run }: { run: number }) => void ctx.tell('sink/one', { type: 'heard', run }),
    get: (ctx) => ctx.state.run,
  },
});

async function start(): Promise<Kit & { store: FaultyStore; heard(): Promise<number[]> }> {
  const store = new FaultyStore();
  const actors = { source: sourceOf('restart'), resuming: sourceOf('resume'), sink, relay, child };
  const kit = startKit(actors as unknown as Record<string, ActorDefinition>, {}, store);
  runs = 0;
  cancels.length = 0;
  await kit.system.ask('sink/one', { type: 'start' });
  const looked = async (): Promise<number[]> => {
    for (let n = 0; n < 20; n++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await kit.clock.advance(5);
    }
    return kit.system.ask('sink/one', { type: 'get' });
  };
  return Object.assign(kit, { store, heard: looked });
}

describe.each(Object.keys(WAYS) as What[])('a %s', (way) => {
  const isReply = way === 'reply';

  it('leaves after the commit, once', async () => {
    const { system, store, heard } = await start();
    store.gate = new Gate();
    let reply: unknown;
    void system.ask('source/one', { type: 'go', way }).then((value) => (reply = value));
    expect(await heard()).toEqual([]);
    expect(reply).toBeUndefined();
    expect(runs).toBe(1);
    store.gate.open();
    expect(await heard()).toEqual(isReply ? [] : [1]);
    expect(reply).toBe(isReply ? 1 : 'done');
  });

  it('of a turn whose commit fails never leaves; that of its second run does, once', async () => {
    const { system, store, heard } = await start();
    await system.ask('source/one', { type: 'go', way: 'reply' });
    runs = 0;
    store.failures = 1;
    const asked = system.ask('source/one', { type: 'go', way });
    expect(await heard()).toEqual(isReply ? [] : [2]);
    expect(await asked).toBe(isReply ? 2 : 'done');
    expect(runs).toBe(2);
  });

  // A turn that throws replies: that it did.
  if (isReply) return;
  it('of a turn that throws never leaves, also where its actor resumes', async () => {
    for (const id of ['source/one', 'resuming/one']) {
      const { system, process, heard } = await start();
      const error = await errorOf(system.ask(id, { type: 'fail', way }));
      expect(error.code).toBe('HANDLER_FAILED');
      expect(await heard()).toEqual([]);
      expect(process.actors.ids().filter((one) => one.startsWith('child/'))).toEqual([]);
    }
  });
});

describe('a child that the turn which spawns it asks', () => {
  it('starts at once: the turn waits for it', async () => {
    const { system, heard } = await start();
    const asked = system.ask('source/one', { type: 'consult' });
    expect(await heard()).toEqual([7]);
    expect(await asked).toBe(7);
  });
});

describe('supervision and a commit that fails', () => {
  const counter = (onFailure: unknown): ActorDefinition =>
    defineActor({
      durable: true,
      supervision: { onFailure } as never,
      state: () => ({ n: 0 }),
      receive: {
        add: (ctx) => ++ctx.state.n,
        get: (ctx) => ctx.state.n,
      },
    }) as ActorDefinition;

  async function failOnce(onFailure: unknown): Promise<{ outcome: unknown; after: unknown }> {
    const store = new FaultyStore();
    const { system, clock } = startKit({ counter: counter(onFailure) }, {}, store);
    await system.ask('counter/a', { type: 'add' });
    store.failures = 1;
    const asked = system.ask('counter/a', { type: 'add' }).catch(({ code, fate }) => `${code}/${fate}`);
    for (let n = 0; n < 5; n++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await clock.advance(100);
    }
    const after = await system.ask('counter/a', { type: 'get' }).catch(({ code }) => code);
    return { outcome: await asked, after };
  }

  it('restart: the message is tried again', async () => {
    expect(await failOnce('restart')).toEqual({ outcome: 2, after: 2 });
  });

  it('resume: likewise, from the record, since the state in memory is ahead of it', async () => {
    expect(await failOnce('resume')).toEqual({ outcome: 2, after: 2 });
  });

  it('stop: the message is refused, its fate unknown; the next incarnation goes on from the record', async () => {
    expect(await failOnce('stop')).toEqual({ outcome: 'ACTOR_STOPPED/unknown', after: 1 });
  });

  it('escalate, without a parent: it has failed', async () => {
    expect(await failOnce('escalate')).toEqual({ outcome: 'ACTOR_FAILED/unknown', after: 'ACTOR_FAILED' });
  });

  it('escalate: the parent fails with the error, and a restart of it begins without the child', async () => {
    const seen: unknown[] = [];
    const parent = defineActor({
      supervision: {
        onFailure: (error: { code?: string }) => {
          seen.push(error.code);
          return 'restart';
        },
      } as never,
      receive: { begin: (ctx) => ctx.spawn('counter', { key: 'a' }).then(() => {}), look: () => 'here' },
    }) as ActorDefinition;
    const store = new FaultyStore();
    const { system, clock, process } = startKit({ parent, counter: counter('escalate') }, {}, store);
    await system.ask('parent/p', { type: 'begin' });
    await system.ask('counter/a', { type: 'add' });
    store.failures = 1;
    const asked = errorOf(system.ask('counter/a', { type: 'add' }));
    for (let n = 0; n < 5; n++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await clock.advance(100);
    }
    expect(await asked).toMatchObject({ code: 'ACTOR_FAILED', fate: 'unknown' });
    expect(seen).toEqual(['STORE_FAILED']);
    expect(process.actors.ids()).toEqual(['parent/p']);
    expect(await system.ask('parent/p', { type: 'look' })).toBe('here');
    // Its record is as the last commit left it.
    expect(await system.ask('counter/a', { type: 'get' })).toBe(1);
  });

  it('a function is asked with the error', async () => {
    const seen: unknown[] = [];
    const decided = (error: { code?: string }) => {
      seen.push(error.code);
      return 'stop';
    };
    expect(await failOnce(decided)).toEqual({ outcome: 'ACTOR_STOPPED/unknown', after: 1 });
    expect(seen).toEqual(['STORE_FAILED']);
  });
});
