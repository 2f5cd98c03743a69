import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CHILD_SHUTDOWN_MS, CHILDREN_MAX } from '../../../src/actor/children.ts';
import type { SpawnChildOptions } from '../../../src/actor/context.ts';
import type { SupervisionOptions } from '../../../src/supervision/supervision-options.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { defineActor, errorOf, fateOf, Gate, startKit } from './kernel-fixture.ts';

let gate = new Gate();
let hooks: string[] = [];

const child = defineActor({
  state: (key, args: { failStarts?: number; name?: string } | undefined) => {
    if (args?.failStarts) throw new Error('cannot start');
    return { name: args?.name ?? key, count: 0 };
  },
  onStart: (ctx) => void hooks.push(`start ${ctx.key}`),
  onStop: (ctx, reason) => void hooks.push(`stop ${ctx.key} ${reason}`),
  receive: {
    add: (ctx) => ++ctx.state.count,
    rename: (ctx, { name }: { name: string }) => void (ctx.state.name = name),
    name: (ctx) => ctx.state.name,
    boom: () => {
      throw new Error('boom');
    },
    leave: (ctx) => ctx.stop(),
    hold: () => gate.opened,
  },
});
const resuming = defineActor({ ...(child.options as object), supervision: { onFailure: 'resume' } } as never);
const stopping = defineActor({ ...(child.options as object), supervision: { onFailure: 'stop' } } as never);
const escalating = defineActor({ ...(child.options as object), supervision: { onFailure: 'escalate' } } as never);
const brief = defineActor({ ...(child.options as object), passivateAfterMs: 50 } as never);

function parentOf(supervision: SupervisionOptions): ActorDefinition {
  return defineActor({
    onStart: (ctx) => void hooks.push(`start ${ctx.key}`),
    onStop: (ctx, reason) => void hooks.push(`stop ${ctx.key} ${reason}`),
    receive: {
      spawn: async (ctx, { kind = 'child', options }: { kind?: string; options: SpawnChildOptions }) =>
        (await ctx.spawn(kind, options)).id,
      spawnBoth: (ctx, { options }: { options: SpawnChildOptions }) =>
        Promise.all([ctx.spawn('child', options), ctx.spawn('child', options)]).then((refs) =>
          refs.map(({ id }) => id),
        ),
      try: (ctx, { options }: { options: SpawnChildOptions }): Promise<string> =>
        ctx.spawn('child', options).then(
          () => 'started',
          (error) => `${error.code}: ${error.cause.message}`,
        ),
      leave: (ctx) => ctx.stop(),
      boom: () => {
        throw new Error('parent boom');
      },
      hi: () => 'hi',
    },
    supervision: { backoff: { initialMs: 10, jitter: 0 }, ...supervision },
  });
}

type Kit = ReturnType<typeof startKit>;

/** A parent `parent/p` with children of these options. */
async function family(
  supervision: SupervisionOptions,
  ...children: (SpawnChildOptions & { kind?: string })[]
): Promise<Kit> {
  const kit = startKit({ parent: parentOf(supervision), child, resuming, stopping, escalating, brief });
  for (const { kind = 'child', ...options } of children) {
    await kit.system.ask('parent/p', { type: 'spawn', kind, options });
  }
  hooks = [];
  return kit;
}

beforeEach(() => {
  gate = new Gate();
  hooks = [];
});

describe('a child', () => {
  it('is started with its arguments and found under its id by everybody', async () => {
    const { system } = await family({}, { key: 'a', args: { name: 'Ann' } });
    expect(await system.ask('child/a', { type: 'name' })).toBe('Ann');
  });

  it('is refused to a parent that has as many as it may', async () => {
    const { system, process } = await family({}, { key: 'a' });
    const children = process.actors.cellOf('parent/p')?.extras.children as { size: number };
    const count = vi.spyOn(children, 'size', 'get').mockReturnValue(CHILDREN_MAX - 1);
    const spawn = { type: 'spawn', options: { key: 'b' } };
    expect(await system.ask('parent/p', spawn)).toBe('child/b');
    count.mockReturnValue(CHILDREN_MAX);
    const refused = system.ask('parent/p', { type: 'spawn', options: { key: 'c' } });
    expect((await errorOf(refused)).message).toContain(`has ${CHILDREN_MAX} children, which is the limit`);
  });

  it('gets a key of its own where none is given', async () => {
    const { system } = await family({});
    const ids = await Promise.all([1, 2].map(() => system.ask('parent/p', { type: 'spawn', options: {} })));
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(/^child\/[\w-]{21}$/);
  });

  it('asked for again with the same arguments is the same one; with others it is ALREADY_EXISTS', async () => {
    const { system, heard } = await family({}, { key: 'a', args: { name: 'Ann' } });
    const same = { type: 'spawn', options: { key: 'a', args: { name: 'Ann' } } };
    expect(await system.ask('parent/p', same)).toBe('child/a');
    expect(await system.ask('parent/p', { type: 'spawnBoth', options: { key: 'b' } })).toEqual(['child/b', 'child/b']);
    const other = system.ask('parent/p', { type: 'spawn', options: { key: 'a', args: { name: 'Bob' } } });
    expect((await errorOf(other)).cause).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(heard('actor-started').filter(({ id }) => id === 'child/a')).toHaveLength(1);
  });

  it.each([
    [{ restart: 'always' }, 'INVALID_OPTIONS'],
    [{ shutdownMs: -1 }, 'INVALID_OPTIONS'],
    [{ key: '' }, 'INVALID_ACTOR_ID'],
    [{ args: { call: () => {} } }, 'INVALID_MESSAGE'],
  ])('is not started with %j', async (options, code) => {
    const bad = defineActor({
      receive: {
        spawn: (ctx): Promise<string> =>
          ctx.spawn('child', options as never).then(
            () => 'started',
            (e) => e.code,
          ),
      },
    });
    const { system } = startKit({ bad, child });
    expect(await system.ask('bad/a', { type: 'spawn' })).toBe(code);
  });

  it('whose first start fails is none: the spawn is rejected, and nothing is started again', async () => {
    const { system, clock, heard, process } = await family({});
    const options = { key: 'a', args: { failStarts: 1 } };
    expect(await system.ask('parent/p', { type: 'try', options })).toBe('HANDLER_FAILED: cannot start');
    await clock.advance(1_000);
    expect(process.actors.cellOf('child/a')).toBeUndefined();
    expect(heard('actor-restarted')).toEqual([]);
  });

  it('is started again with the arguments that were given, not with what has become of them', async () => {
    const keeping = defineActor({
      state: (_key, args: { list: number[] }) => args,
      receive: {
        push: (ctx) => ctx.state.list.push(1),
        boom: () => {
          throw new Error('boom');
        },
      },
    });
    const { system, clock } = startKit({ keeping });
    const args = { list: [] as number[] };
    await system.spawn('keeping', { key: 'a', args });
    args.list.push(9);
    await system.ask('keeping/a', { type: 'push' });
    system.tell('keeping/a', { type: 'boom' });
    const after = system.ask('keeping/a', { type: 'push' });
    await clock.advance(100);
    expect(await after).toBe(1);
  });

  it('does not leave memory while its parent lives', async () => {
    const { clock, process, heard } = await family({}, { kind: 'brief', key: 'a', restart: 'permanent' });
    await clock.advance(500);
    expect(process.actors.cellOf('brief/a')).toBeDefined();
    expect(heard('actor-restarted')).toEqual([]);
  });

  it('asked for again while it ends is started anew after its end', async () => {
    const slow = defineActor({ receive: { hi: () => 'hi' }, onStop: () => gate.opened });
    const { system, clock, heard } = startKit({ parent: parentOf({}), slow });
    const spawn = { type: 'spawn', kind: 'slow', options: { key: 's' } };
    await system.ask('parent/p', spawn);
    const stop = system.stop('slow/s');
    await clock.settle();
    const again = system.ask('parent/p', spawn);
    await clock.settle();
    gate.open();
    await Promise.all([stop, again]);
    expect(heard('actor-started').filter(({ id }) => id === 'slow/s')).toHaveLength(2);
    expect(await system.ask('slow/s', { type: 'hi' })).toBe('hi');
    await system.stop('parent/p');
    expect((await system.where('slow/s')).active).toBe(false);
  });

  it('is not spawned by a parent that ends', async () => {
    const dying = defineActor({
      receive: { leave: (ctx) => ctx.stop() },
      onStop: async (ctx) => void hooks.push((await errorOf(ctx.spawn('child', { key: 'late' }))).code),
    });
    const { system, process } = startKit({ dying, child });
    await system.ask('dying/a', { type: 'leave' });
    await system.stop('dying/a');
    expect(hooks).toEqual(['ACTOR_STOPPED']);
    expect(process.actors.cellOf('child/late')).toBeUndefined();
  });
});

describe('a child that has ended', () => {
  const started = (): string[] => hooks.filter((hook) => hook.startsWith('start'));

  it.each([
    ['permanent', 'boom', true],
    ['permanent', 'leave', true],
    ['permanent', 'kill', true],
    ['transient', 'boom', true],
    ['transient', 'leave', false],
    ['transient', 'kill', true],
    ['temporary', 'boom', false],
    ['temporary', 'leave', false],
    ['temporary', 'kill', false],
  ] as const)('%s, by %s: started again is %s', async (restart, how, isAgain) => {
    const { system, clock, process } = await family({}, { key: 'a', restart, args: { name: 'Ann' } });
    if (how === 'kill') await system.kill('child/a');
    else system.tell('child/a', { type: how });
    await clock.advance(100);
    expect(started()).toEqual(isAgain ? ['start a'] : []);
    expect(process.actors.cellOf('child/a') !== undefined).toBe(isAgain);
    if (isAgain) expect(await system.ask('child/a', { type: 'name' })).toBe('Ann');
  });

  it('is watched on through its restart, and told of when it has ended for good', async () => {
    const { system, clock } = await family({}, { key: 'a' });
    const ended: string[] = [];
    system.watch('child/a', ({ reason }) => void ended.push(reason));
    system.tell('child/a', { type: 'boom' });
    await clock.advance(100);
    await system.kill('child/a');
    await clock.advance(100);
    expect(ended).toEqual([]);
    await system.stop('child/a');
    expect(ended).toEqual(['stopped']);
  });

  it('keeps its waiting mail through a restart by its parent', async () => {
    const { system, clock } = await family({}, { key: 'a' });
    system.tell('child/a', { type: 'boom' });
    const counts = [1, 2].map(() => system.ask('child/a', { type: 'add' }));
    await clock.advance(100);
    expect(await Promise.all(counts)).toEqual([1, 2]);
  });

  it('whose onFailure is resume is kept, with stop it has ended for good', async () => {
    const { system, clock } = await family(
      {},
      { kind: 'resuming', key: 'a' },
      { kind: 'stopping', key: 'b', restart: 'permanent' },
    );
    await system.ask('resuming/a', { type: 'add' });
    system.tell('resuming/a', { type: 'boom' });
    system.tell('stopping/b', { type: 'boom' });
    await clock.advance(200);
    expect(hooks).toEqual(['stop b failed']);
    expect(await system.ask('resuming/a', { type: 'add' })).toBe(2);
  });

  it('whose onFailure is escalate makes its parent fail with its error; a restart of that begins without children', async () => {
    const { system, clock, heard, process } = await family({}, { kind: 'escalating', key: 'a' }, { key: 'b' });
    system.tell('escalating/a', { type: 'boom' });
    await clock.advance(100);
    expect(heard('actor-restarted')).toMatchObject([{ id: 'parent/p', error: { message: 'boom' } }]);
    expect(hooks).toEqual(['stop a failed', 'stop b parent-ended', 'stop p restart', 'start p']);
    expect(process.actors.ids()).toEqual(['parent/p']);
    expect(await system.ask('parent/p', { type: 'hi' })).toBe('hi');
  });
});

describe('the intensity of a parent', () => {
  it('counts the restarts of its children; past it the parent fails, and its children end in reverse order', async () => {
    const { system, clock, heard } = await family(
      { intensity: 2, periodMs: 1_000 },
      { key: 'a' },
      { key: 'b' },
      { key: 'c' },
    );
    for (const key of ['a', 'b']) {
      system.tell(`child/${key}`, { type: 'boom' });
      await clock.advance(100);
    }
    expect(heard('actor-failed')).toEqual([]);
    hooks = [];
    system.tell('child/a', { type: 'boom' });
    const behind = fateOf(system.ask('child/a', { type: 'add' }));
    await clock.advance(100);
    expect(heard('actor-failed')).toMatchObject([{ id: 'parent/p', error: { message: 'boom' } }]);
    expect(hooks).toEqual(['stop c parent-ended', 'stop b parent-ended', 'stop a parent-ended', 'stop p failed']);
    expect(await behind).toBe('ACTOR_STOPPED/not-executed');
    expect(await fateOf(system.ask('parent/p', { type: 'hi' }))).toBe('ACTOR_FAILED/not-executed');
  });

  it('sets the waits of its children: longer with each restart of the period, short again after it', async () => {
    const { system, clock, heard } = await family({ intensity: 5, periodMs: 1_000 }, { key: 'a' });
    const waitOfRestart = async (): Promise<number> => {
      const before = heard('actor-restarted').length;
      const startedAt = clock.now();
      system.tell('child/a', { type: 'boom' });
      while (heard('actor-restarted').length === before && clock.now() - startedAt < 10_000) await clock.advance(1);
      return clock.now() - startedAt;
    };
    expect([await waitOfRestart(), await waitOfRestart(), await waitOfRestart()]).toEqual([50, 100, 200]);
    await clock.advance(2_000);
    expect(await waitOfRestart()).toBe(50);
  });

  it('is told to a grandparent as the abnormal end of its child', async () => {
    const grand = defineActor({
      receive: { spawn: async (ctx) => void (await ctx.spawn('parent', { key: 'p' })) },
      supervision: { backoff: { initialMs: 10 } },
    });
    const { system, clock, heard } = startKit({ grand, parent: parentOf({ intensity: 0 }), child });
    await system.ask('grand/g', { type: 'spawn' });
    await system.ask('parent/p', { type: 'spawn', options: { key: 'a' } });
    system.tell('child/a', { type: 'boom' });
    await clock.advance(100);
    expect(heard('actor-failed')).toMatchObject([{ id: 'parent/p' }]);
    expect(heard('actor-restarted')).toMatchObject([{ id: 'parent/p' }]);
    expect(await system.ask('parent/p', { type: 'hi' })).toBe('hi');
  });
});

describe('the strategy', () => {
  const abc = [{ key: 'a' }, { key: 'b' }, { key: 'c' }] as const;

  it.each([
    ['one_for_one', ['stop b restart', 'start b']],
    ['rest_for_one', ['stop b restart', 'stop c restart', 'start b', 'start c']],
    ['one_for_all', ['stop b restart', 'stop c restart', 'stop a restart', 'start a', 'start b', 'start c']],
  ] as const)('%s restarts as OTP does: all stop before any starts, in order', async (children, expected) => {
    const { system, clock, heard } = await family({ children }, ...abc);
    system.tell('child/b', { type: 'boom' });
    await clock.advance(100);
    expect(hooks).toEqual(expected);
    expect(heard('actor-restarted')).toHaveLength(expected.length / 2);
  });

  it('ends a temporary sibling with the others and does not start it again', async () => {
    const { system, clock, process } = await family(
      { children: 'one_for_all' },
      { key: 'a', restart: 'temporary' },
      { key: 'b' },
    );
    system.tell('child/b', { type: 'boom' });
    await clock.advance(100);
    expect(hooks).toEqual(['stop b restart', 'stop a restart', 'start b']);
    expect(process.actors.cellOf('child/a')).toBeUndefined();
  });

  it('leaves a sibling alone that is ending by itself, and whoever waits for that end is told', async () => {
    const slow = defineActor({ receive: { hi: () => 'hi' }, onStop: () => gate.opened });
    const { system, clock } = startKit({ parent: parentOf({ children: 'one_for_all' }), child, slow });
    await system.ask('parent/p', { type: 'spawn', kind: 'slow', options: { key: 's' } });
    await system.ask('parent/p', { type: 'spawn', options: { key: 'a' } });
    let stopped = false;
    const stop = system.stop('slow/s').then(() => (stopped = true));
    await clock.settle();
    system.tell('child/a', { type: 'boom' });
    await clock.advance(100);
    expect(stopped).toBe(false);
    gate.open();
    await clock.advance(100);
    expect(stopped).toBe(true);
    await stop;
  });

  it('does not lose a child that takes the id of a temporary one in the middle of a restart', async () => {
    const temporary = { key: 'a', restart: 'temporary' } as const;
    const { system, clock, process } = await family({ children: 'one_for_all' }, temporary, { key: 'b' });
    system.tell('child/b', { type: 'boom' });
    // The group is being taken down, one microtask after the other.
    await undefined;
    void system.kill('child/a');
    const again = system.ask('parent/p', { type: 'spawn', options: temporary });
    await clock.advance(100);
    await again;
    await system.stop('parent/p');
    expect(process.actors.ids()).toEqual([]);
  });

  it('gives up the turns of the siblings that it restarts', async () => {
    const { system, clock } = await family({ children: 'one_for_all' }, ...abc);
    const held = fateOf(system.ask('child/a', { type: 'hold' }));
    await clock.settle();
    system.tell('child/c', { type: 'boom' });
    await clock.advance(100);
    expect(await held).toBe('ACTOR_STOPPED/executed');
    gate.open();
    expect(await system.ask('child/a', { type: 'add' })).toBe(1);
  });

  it('is not confused by a sibling that is killed while the group waits for its restart', async () => {
    const { system, clock, heard } = await family({ children: 'one_for_all' }, ...abc);
    system.tell('child/b', { type: 'boom' });
    await clock.advance(40);
    await system.kill('child/a');
    await clock.advance(1_000);
    expect(heard('actor-failed')).toEqual([]);
    expect(hooks.filter((hook) => hook.startsWith('start')).sort()).toEqual(['start a', 'start b', 'start c']);
    for (const { key } of abc) expect(await system.ask(`child/${key}`, { type: 'add' })).toBe(1);
  });
});

describe('the end of a parent', () => {
  it('ends its children before it, in reverse order of start', async () => {
    const { system } = await family({}, { key: 'a' }, { key: 'b' });
    await system.stop('parent/p');
    expect(hooks).toEqual(['stop b parent-ended', 'stop a parent-ended', 'stop p stopped']);
  });

  it('lets the turn of a child end, and kills it where that takes longer than its shutdownMs', async () => {
    const { system, clock } = await family({}, { key: 'a', shutdownMs: 200 }, { key: 'b', shutdownMs: 300 });
    const asks = ['a', 'b'].map((key) =>
      system.ask(`child/${key}`, { type: 'hold' }).then(
        () => 'done',
        (e) => e.code,
      ),
    );
    await clock.settle();
    let stopped = false;
    void system.stop('parent/p').then(() => (stopped = true));
    await clock.advance(299);
    expect(hooks).toEqual([]);
    await clock.advance(2);
    expect(await asks[1]).toBe('ACTOR_STOPPED');
    gate.open();
    await clock.settle();
    expect(await asks[0]).toBe('done');
    expect([stopped, hooks]).toEqual([true, ['stop a parent-ended', 'stop p stopped']]);
  });

  it(`gives a child ${CHILD_SHUTDOWN_MS} ms where nothing else is said`, async () => {
    const { system, clock } = await family({}, { key: 'a' });
    const asked = fateOf(system.ask('child/a', { type: 'hold' }, { timeoutMs: 10 * CHILD_SHUTDOWN_MS }));
    await clock.settle();
    void system.stop('parent/p').catch(() => {});
    await clock.advance(CHILD_SHUTDOWN_MS - 1);
    expect(hooks).toEqual([]);
    await clock.advance(2);
    expect([await asked, hooks]).toEqual(['ACTOR_STOPPED/executed', ['stop p stopped']]);
  });

  it('waits for the onStop of a child that was just restarting, which is called once', async () => {
    const stops: string[] = [];
    const slow = defineActor({
      receive: {
        boom: () => {
          throw new Error('boom');
        },
      },
      onStop: (_ctx, reason) => {
        stops.push(reason);
        return gate.opened;
      },
    });
    const { system, clock } = startKit({ parent: parentOf({}), slow });
    await system.ask('parent/p', { type: 'spawn', kind: 'slow', options: { key: 's' } });
    system.tell('slow/s', { type: 'boom' });
    await clock.settle();
    let stopped = false;
    void system.stop('parent/p').then(() => (stopped = true));
    await clock.settle();
    expect([stopped, (await system.where('slow/s')).active]).toEqual([false, true]);
    gate.open();
    await clock.settle();
    expect([stopped, stops]).toEqual([true, ['restart']]);
  });

  it('does not restart a child that throws while it ends', async () => {
    const last = defineActor({
      receive: {
        async boom() {
          await gate.opened;
          throw new Error('at the last moment');
        },
      },
    });
    const { system, clock, heard } = startKit({ parent: parentOf({}), last });
    await system.ask('parent/p', { type: 'spawn', kind: 'last', options: { key: 'a' } });
    system.tell('last/a', { type: 'boom' });
    await clock.settle();
    const stop = system.stop('parent/p');
    await clock.settle();
    gate.open();
    await clock.settle();
    await stop;
    expect([heard('actor-restarted'), heard('actor-failed')]).toEqual([[], []]);
  });

  it('by a kill while it waits for its children ends them at once', async () => {
    const { system, clock, process } = await family({}, { key: 'a' }, { key: 'b' });
    for (const key of ['a', 'b']) system.tell(`child/${key}`, { type: 'hold' });
    await clock.settle();
    const stop = system.stop('parent/p');
    await clock.settle();
    await system.kill('parent/p');
    await stop;
    await clock.settle();
    expect(process.actors.ids()).toEqual([]);
  });

  it('by a restart ends them too: the next incarnation begins without', async () => {
    const { system, clock, process } = await family({}, { key: 'a' });
    system.tell('parent/p', { type: 'boom' });
    await clock.advance(100);
    expect(hooks).toEqual(['stop a parent-ended', 'stop p restart', 'start p']);
    expect(process.actors.ids()).toEqual(['parent/p']);
  });
});
