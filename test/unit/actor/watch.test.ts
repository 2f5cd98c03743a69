import { describe, expect, it } from 'vitest';
import { defineActor, fateOf, startKit } from './kernel-fixture.ts';

const target = defineActor({
  receive: {
    'no-op': () => {},
    boom: () => {
      throw new Error('boom');
    },
    leave: (ctx) => ctx.stop('moved-out'),
  },
  supervision: { intensity: 1, periodMs: 1_000, backoff: { initialMs: 0 } },
});
const watcher = defineActor({
  state: () => ({ ended: [] as string[] }),
  receive: {
    watch: (ctx, { id }: { id: string }) => ctx.watch(id),
    unwatch: (ctx, { id }: { id: string }) => ctx.unwatch(id),
    ended: (ctx) => ctx.state.ended,
    boom: () => {
      throw new Error('boom');
    },
    'unwatch-late': async (ctx, { id }: { id: string }) => {
      await new Promise((resolve) => setImmediate(resolve));
      ctx.unwatch(id);
    },
  },
  onTerminated: (ctx, { id, reason }) => void ctx.state.ended.push(`${id}:${reason}`),
  supervision: { backoff: { initialMs: 0 } },
});
const sleeper = defineActor({ receive: { 'no-op': () => {} }, passivateAfterMs: 100 });
const sleeping = defineActor({ ...(watcher.options as object), passivateAfterMs: 100 } as never) as typeof watcher;

function start(): ReturnType<typeof startKit> & { ended: string[]; listen(id: string): () => void } {
  const kit = startKit({ target, watcher, sleeper, sleeping });
  const ended: string[] = [];
  const listen = (id: string): (() => void) =>
    kit.system.watch(id, (end) => void ended.push(`${end.id}:${end.reason}`));
  return { ...kit, ended, listen };
}

describe('a watch', () => {
  it('tells once that an actor has ended, and why', async () => {
    const { system, clock, ended, listen } = start();
    for (const key of ['a', 'b', 'c', 'd']) {
      await system.ask(`target/${key}`, { type: 'no-op' });
      listen(`target/${key}`);
    }
    await system.stop('target/a', 'done');
    await system.kill('target/b');
    await system.ask('target/c', { type: 'leave' });
    for (let n = 0; n < 2; n++) system.tell('target/d', { type: 'boom' });
    await clock.advance(100);
    expect(ended).toEqual(['target/a:done', 'target/b:killed', 'target/c:moved-out', 'target/d:failed']);
    await system.ask('target/a', { type: 'no-op' });
    await system.stop('target/a');
    expect(ended).toHaveLength(4);
  });

  it('tells at once where nothing lives under the id', async () => {
    const { system, ended, listen, clock } = start();
    listen('target/none');
    expect(ended).toEqual(['target/none:not-found']);
    await system.ask('watcher/w', { type: 'watch', id: 'target/none' });
    await clock.settle();
    expect(await system.ask('watcher/w', { type: 'ended' })).toEqual(['target/none:not-found']);
  });

  it('is no matter of restarts, and survives those of the watcher', async () => {
    const { system, clock, ended, listen } = start();
    await system.ask('target/a', { type: 'no-op' });
    listen('target/a');
    await system.ask('watcher/w', { type: 'watch', id: 'target/a' });
    system.tell('target/a', { type: 'boom' });
    system.tell('watcher/w', { type: 'boom' });
    await clock.advance(10);
    expect(ended).toEqual([]);
    await system.stop('target/a');
    expect(ended).toEqual(['target/a:stopped']);
    expect(await system.ask('watcher/w', { type: 'ended' })).toEqual(['target/a:stopped']);
  });

  it('of one actor counts once, however often it is asked for', async () => {
    const { system } = start();
    await system.ask('target/a', { type: 'no-op' });
    for (let n = 0; n < 3; n++) await system.ask('watcher/w', { type: 'watch', id: 'target/a' });
    await system.stop('target/a');
    expect(await system.ask('watcher/w', { type: 'ended' })).toEqual(['target/a:stopped']);
  });

  it('taken back tells nothing, not even of an end that waits in the mail', async () => {
    const { system, clock, ended, listen } = start();
    await system.ask('target/a', { type: 'no-op' });
    listen('target/a')();
    await system.ask('watcher/w', { type: 'watch', id: 'target/a' });
    const late = system.ask('watcher/w', { type: 'unwatch-late', id: 'target/a' });
    await Promise.resolve();
    await system.kill('target/a');
    await late;
    await clock.settle();
    expect([ended, await system.ask('watcher/w', { type: 'ended' })]).toEqual([[], []]);
  });

  it('of several listeners tells each of them; one taken back does not take back the others', async () => {
    const { system, ended, listen } = start();
    await system.ask('target/a', { type: 'no-op' });
    const first = listen('target/a');
    listen('target/a');
    listen('target/a');
    first();
    first();
    await system.stop('target/a');
    expect(ended).toEqual(['target/a:stopped', 'target/a:stopped']);
  });

  it('survives the passivation of its target, which is no end', async () => {
    const { system, clock, ended, listen, process } = start();
    await system.ask('sleeper/a', { type: 'no-op' });
    listen('sleeper/a');
    await clock.advance(300);
    expect([process.actors.cellOf('sleeper/a'), ended]).toEqual([undefined, []]);
    await system.stop('sleeper/a');
    expect(ended).toEqual(['sleeper/a:stopped']);
  });

  it('survives the passivation of the watcher, which comes back to be told', async () => {
    const { system, clock, process } = start();
    await system.ask('target/a', { type: 'no-op' });
    await system.ask('sleeping/w', { type: 'watch', id: 'target/a' });
    await clock.advance(300);
    expect(process.actors.cellOf('sleeping/w')).toBeUndefined();
    await system.kill('target/a');
    await clock.settle();
    expect(await system.ask('sleeping/w', { type: 'ended' })).toEqual(['target/a:killed']);
  });

  it('leaves nothing behind once it has told, or its watcher has ended', async () => {
    const { system, process } = start();
    const { watchers, watching } = process.actors;
    await system.ask('target/a', { type: 'no-op' });
    await system.ask('target/b', { type: 'no-op' });
    await system.ask('watcher/w', { type: 'watch', id: 'target/a' });
    await system.ask('watcher/w', { type: 'watch', id: 'target/b' });
    await system.stop('target/a');
    await system.ask('watcher/w', { type: 'ended' });
    await system.stop('watcher/w');
    expect([watchers.size, watching.targets()]).toEqual([0, []]);
  });

  it('listener that throws harms neither the others nor the actor', async () => {
    const { system, ended, listen, log } = start();
    await system.ask('target/a', { type: 'no-op' });
    system.watch('target/a', () => {
      throw new Error('a listener’s own');
    });
    system.watch('target/a', async () => {
      throw new Error('a listener’s own, later');
    });
    listen('target/a');
    await system.stop('target/a');
    expect(ended).toEqual(['target/a:stopped']);
    await Promise.resolve();
    expect(log.lines.filter(({ text }) => text === 'a watch listener threw')).toHaveLength(2);
  });

  it('onTerminated that throws fails the actor as a handler does', async () => {
    const strict = defineActor({
      receive: { watch: (ctx) => ctx.watch('target/none') },
      onTerminated: () => {
        throw new Error('not prepared');
      },
    });
    const { system, clock, heard } = startKit({ strict, target });
    await system.ask('strict/a', { type: 'watch' });
    await clock.advance(100);
    expect(heard('actor-restarted')).toMatchObject([{ id: 'strict/a', restarts: 1 }]);
    expect(await fateOf(system.ask('strict/a', { type: 'none' }))).toBe('UNKNOWN_MESSAGE/not-executed');
  });
});
