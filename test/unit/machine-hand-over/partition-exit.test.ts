/** A partition that is another machine's from one moment to the next: whatever its actors do, they end here; their mail goes on where they do. */
import { describe, expect, it } from 'vitest';
import { PartitionExit } from '../../../src/machine-hand-over/partition-exit.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { defineActor, startKit } from '../actor/kernel-fixture.ts';

const handlers = {
  state: () => ({ done: 0 }),
  receive: {
    add: (ctx: { state: { done: number } }) => ++ctx.state.done,
    hang: () => new Promise<void>(() => {}),
    fail: () => {
      throw new Error('by the test');
    },
  },
};
const durable = defineActor({ ...handlers, durable: true });
const volatile = defineActor(handlers);
const STATES: Record<string, (to: { tell(type: string): void; settle(): Promise<void> }) => Promise<void>> = {
  'is idle': async ({ tell, settle }) => {
    tell('add');
    await settle();
  },
  'has just had a turn': async ({ tell, settle }) => {
    tell('add');
    await settle();
    tell('add');
  },
  'is in a turn': async ({ tell, settle }) => {
    tell('hang');
    tell('add');
    await settle();
  },
  'waits to be restarted': async ({ tell, settle }) => {
    tell('fail');
    tell('add');
    await settle();
  },
  'is about to start': async ({ tell }) => tell('add'),
};

const ALL = ['durable', 'volatile'].flatMap((kind) => [true, false].map((isLive) => ({ kind, isLive })));

describe.each(ALL)(
  'a $kind actor whose partition is another machine’s, handed over: $isLive, and that',
  ({ kind, isLive }) => {
    it.each(Object.keys(STATES))('%s leaves at once', async (state) => {
      const kit = startKit({ durable, volatile });
      const { actors, kernel } = kit.process;
      const id = `${kind}/a`;
      await STATES[state]?.({
        tell: (type) => void kit.system.tell(id, { type }),
        settle: () => kit.clock.advance(5),
      });
      const cell = actors.cellOf(id);
      const waiting = cell?.mailbox.length;
      const sent: string[] = [];
      const refused: string[] = [];
      const { router } = kernel;
      kernel.router = {
        ...router,
        deliver: (envelope) => sent.push((envelope.message as { type: string }).type) > 0,
        signal: (to, signal) => router.signal(to, signal),
      };
      const exit = new PartitionExit(actors, ({ message }) => refused.push((message as { type: string }).type));
      exit.leave({ partitions: [shardOf(id)], handedOver: isLive ? [shardOf(id)] : [] });
      kernel.router = router;
      expect(actors.cellOf(id)).toBeUndefined();
      expect(cell?.status).toBe('ended');
      await kit.clock.advance(5_000);
      expect(actors.cellOf(id)).toBeUndefined();
      const all = new Array(waiting).fill('add');
      expect([sent, refused]).toEqual(isLive ? [all, []] : [[], all]);
      if (state === 'is in a turn') expect(waiting).toBe(1);
    });
  },
);

describe('where others have claimed the partition of an actor that is in a turn', () => {
  const stopping = (receive: object, hooks: string[]) =>
    defineActor({
      ...handlers,
      receive: { ...handlers.receive, ...receive },
      onStop: () => void hooks.push('stopped'),
    });

  async function left(begun: (kit: ReturnType<typeof startKit>) => Promise<string[]>, hooks: string[]) {
    const begin = async (ctx: { spawn(kind: string, options: object): Promise<unknown> }): Promise<void> => {
      for (const key of ['one', 'two', 'three']) await ctx.spawn('child', { key });
    };
    const kit = startKit({ parent: stopping({ begin }, hooks), child: stopping({}, hooks) });
    const { actors } = kit.process;
    const ids = await begun(kit);
    const ends: string[] = [];
    const refused: string[] = [];
    for (const id of ids) kit.system.watch(id, ({ reason }) => void ends.push(`${id} ${reason}`));
    await kit.clock.advance(5);
    const exit = new PartitionExit(actors, ({ to }) => refused.push(to));
    exit.leave({ partitions: ids.map(shardOf), handedOver: [] });
    await kit.clock.advance(20_000);
    expect(ids.map((id) => actors.cellOf(id))).toEqual(ids.map(() => undefined));
    expect(ends.sort()).toEqual(ids.map((id) => `${id} worker-exited`).sort());
    expect([hooks, kit.dead()]).toEqual([[], []]);
    return refused;
  }

  it('no hook of it is called', async () => {
    const refused = await left(async (kit) => {
      for (const type of ['hang', 'add']) kit.system.tell('parent/a', { type });
      return ['parent/a'];
    }, []);
    expect(refused).toEqual(['parent/a']);
  });

  it('its children end as it does, whatever they do', async () => {
    const refused = await left(async (kit) => {
      kit.system.tell('parent/a', { type: 'begin' });
      await kit.clock.advance(5);
      for (const id of ['parent/a', 'child/one', 'child/two'])
        for (const type of ['hang', 'add']) kit.system.tell(id, { type });
      return ['parent/a', 'child/one', 'child/two', 'child/three'];
    }, []);
    expect(refused.sort()).toEqual(['child/one', 'child/two', 'parent/a']);
  });

  it('nor do they where it ends already, and some of them have', async () => {
    const hooks: string[] = [];
    const refused = await left(async (kit) => {
      kit.system.tell('parent/a', { type: 'begin' });
      await kit.clock.advance(5);
      for (const type of ['hang', 'add']) kit.system.tell('child/one', { type });
      void kit.system.stop('parent/a').catch(() => {});
      await kit.clock.advance(5);
      // Those of the two that had nothing to do.
      expect(hooks.splice(0)).toEqual(['stopped', 'stopped']);
      return ['parent/a', 'child/one'];
    }, hooks);
    expect(refused).toEqual(['child/one']);
  });
});

describe('an actor that was lost before it ran here', () => {
  it('has its watchers told, where nothing of it is kept, and its mail refused', async () => {
    const kit = startKit({ durable, volatile });
    const { actors } = kit.process;
    const ends: string[] = [];
    const refused: string[] = [];
    const ids = ['durable/a', 'volatile/a'];
    for (const id of ids) kit.system.tell(id, { type: 'add' });
    await kit.clock.advance(5);
    for (const id of ids) kit.system.watch(id, ({ reason }) => void ends.push(`${id} ${reason}`));
    await kit.clock.advance(5);
    const came = ids.map((id) => ({
      ...{ id, incarnation: undefined, passivated: undefined, failedUntil: undefined, topics: [] },
      watchers: actors.watchers.take(id),
    }));
    expect(came.map(({ watchers }) => watchers.length)).toEqual([1, 1]);
    const mail = ids.map((id) => new Envelope('message', id, { type: 'add' }, undefined, undefined, 0));
    new PartitionExit(actors, ({ to }) => refused.push(to)).neverBegan({ actors: came, mail });
    await kit.clock.advance(5);
    expect(ends).toEqual(['volatile/a worker-exited']);
    expect(refused).toEqual(ids);
  });
});
