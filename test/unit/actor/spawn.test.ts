import { describe, expect, it } from 'vitest';
import { defineActor, errorOf, Gate, startKit, thrownBy } from './kernel-fixture.ts';

let gate = new Gate();
let starts = 0;

const room = defineActor({
  state: (key, args: { topic: string } | undefined) => ({ key, topic: args?.topic ?? 'none' }),
  onStart: () => void starts++,
  receive: {
    topic: (ctx) => ctx.state.topic,
    boom: () => {
      throw new Error('boom');
    },
  },
});
const slow = defineActor({
  onStart: (ctx) => (ctx.key === 'broken' ? Promise.reject(new Error('no way')) : gate.opened),
  receive: { hi: () => 'hi' },
  onStop: () => gate.opened,
});
const dozing = defineActor({ ...(room.options as object), passivateAfterMs: 100 } as never) as typeof room;

function start(): ReturnType<typeof startKit> {
  gate = new Gate();
  starts = 0;
  return startKit({ room, slow, dozing });
}

describe('spawn', () => {
  it('starts an actor now, with its arguments, and resolves to its ref', async () => {
    const { system } = start();
    const ref = await system.spawn('room', { key: 'a', args: { topic: 'cats' } });
    expect([starts, ref.id, await ref.ask({ type: 'topic' })]).toEqual([1, 'room/a', 'cats']);
  });

  it('generates a key where none is given', async () => {
    const { system } = start();
    const refs = await Promise.all([1, 2].map(() => system.spawn('room')));
    expect(refs[0]?.id).toMatch(/^room\/[\w-]{21}$/);
    expect(new Set(refs.map(({ id }) => id)).size).toBe(2);
  });

  it('of what runs with the same arguments resolves, with others it is ALREADY_EXISTS', async () => {
    const { system } = start();
    const args = { topic: 'cats' };
    await system.spawn('room', { key: 'a', args });
    await system.spawn('room', { key: 'a', args: { ...args } });
    expect(starts).toBe(1);
    expect((await errorOf(system.spawn('room', { key: 'a', args: { topic: 'dogs' } }))).code).toBe('ALREADY_EXISTS');
    expect((await errorOf(system.spawn('room', { key: 'a' }))).code).toBe('ALREADY_EXISTS');
  });

  it('of what a message has activated is ALREADY_EXISTS with arguments, and adopts it without', async () => {
    const { system, process } = start();
    await system.ask('room/a', { type: 'topic' });
    expect((await errorOf(system.spawn('room', { key: 'a', args: { topic: 'cats' } }))).code).toBe('ALREADY_EXISTS');
    await system.spawn('room', { key: 'a' });
    expect([starts, process.actors.cellOf('room/a')?.origin.spawned]).toEqual([1, true]);
  });

  it('resolves once onStart is done, for everyone who waits', async () => {
    const { system, clock } = start();
    let started = 0;
    const spawns = [1, 2].map(() => system.spawn('slow', { key: 'a' }).then(() => started++));
    await clock.settle();
    expect(started).toBe(0);
    gate.open();
    await Promise.all(spawns);
    expect(started).toBe(2);
  });

  it('whose start fails is rejected with the error; the id is free for mail and another spawn', async () => {
    const { system, process } = start();
    const error = await errorOf(system.spawn('slow', { key: 'broken' }));
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', cause: { message: 'no way' } });
    expect(process.actors.cellOf('slow/broken')).toBeUndefined();
    expect((await errorOf(system.spawn('slow', { key: 'broken' }))).code).toBe('HANDLER_FAILED');
  });

  it('of what is just ending waits for the end and starts it anew', async () => {
    const { system, clock, heard } = start();
    const spawned = system.spawn('slow', { key: 'a' });
    gate.open();
    await spawned;
    gate = new Gate();
    const stop = system.stop('slow/a');
    await clock.settle();
    const again = system.spawn('slow', { key: 'a' });
    await clock.settle();
    expect(heard('actor-started')).toHaveLength(1);
    gate.open();
    await Promise.all([stop, again]);
    expect(heard('actor-started')).toHaveLength(2);
  });

  it('keeps the arguments over restarts and passivation', async () => {
    const { system, clock, process } = start();
    await system.spawn('dozing', { key: 'a', args: { topic: 'cats' } });
    system.tell('dozing/a', { type: 'boom' });
    await clock.advance(60);
    expect(await system.ask('dozing/a', { type: 'topic' })).toBe('cats');
    await clock.advance(500);
    expect(process.actors.cellOf('dozing/a')).toBeUndefined();
    expect(await system.ask('dozing/a', { type: 'topic' })).toBe('cats');
    await system.stop('dozing/a');
    expect(await system.ask('dozing/a', { type: 'topic' })).toBe('none');
  });

  it('that was stopped in its sleep is forgotten', async () => {
    const { system, clock } = start();
    await system.spawn('dozing', { key: 'a', args: { topic: 'cats' } });
    await clock.advance(500);
    await system.stop('dozing/a');
    expect(await system.ask('dozing/a', { type: 'topic' })).toBe('none');
  });

  it.each([
    ['nothing', {}, 'UNKNOWN_KIND'],
    ['constructor', {}, 'UNKNOWN_KIND'],
    ['room', { key: 'a\u0000' }, 'INVALID_ACTOR_ID'],
    ['room', { key: 'x'.repeat(513) }, 'INVALID_ACTOR_ID'],
    ['room', { args: { call: () => {} } }, 'INVALID_MESSAGE'],
    ['room', { placement: { worker: 3 } }, 'NO_WORKER'],
  ])('is rejected for %s with %o: %s', async (kind, options, code) => {
    const { system } = start();
    expect((await errorOf(system.spawn(kind, options))).code).toBe(code);
  });

  it('says what is wrong: a reason and what was got', () => {
    const { system } = start();
    expect(thrownBy(() => system.tell('no-slash', { type: 'x' })).message).toMatch(/got 'no-slash'$/);
  });
});
