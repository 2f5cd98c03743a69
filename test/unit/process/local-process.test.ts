import { describe, expect, it } from 'vitest';
import { shardOf } from '../../../src/placement/shard.ts';
import { defineActor, errorOf, Gate, startKit, thrownBy } from '../actor/kernel-fixture.ts';

let gate = new Gate();

const actor = defineActor({
  receive: {
    hi: () => 'hi',
    hold: () => gate.opened,
    where: (ctx, { id }: { id: string }) => ctx.where(id),
    boom: () => {
      throw new Error('boom');
    },
  },
  supervision: { onFailure: 'resume' },
});

function start(): ReturnType<typeof startKit> {
  gate = new Gate();
  return startKit({ actor });
}

describe('a system without workers', () => {
  it('is all in this process', async () => {
    const { system } = start();
    expect([system.name, system.self, system.workers()]).toEqual([
      ...['test', { worker: 0, role: 'master', pid: process.pid }, []],
    ]);
  });

  it('says where an actor is, from outside and from inside, and does not wake it', async () => {
    const { system } = start();
    const here = { worker: 0, pid: process.pid, shard: shardOf('actor/b'), epoch: 1 };
    expect(await system.where('actor/b')).toEqual({ ...here, active: false });
    await system.ask('actor/b', { type: 'hi' });
    expect(await system.ask('actor/a', { type: 'where', id: 'actor/b' })).toEqual({ ...here, active: true });
  });

  it('names the known kinds and the nearest where another one is asked for, as the tell does', async () => {
    const { system } = start();
    const calls = [
      system.where('actr/a'),
      system.stop('actr/a'),
      system.kill('actr/a'),
      system.ask('actr/a', { type: 'hi' }),
    ];
    for (const call of calls) {
      const { code, message } = await errorOf(call);
      expect([code, message]).toEqual(['UNKNOWN_KIND', expect.stringContaining("(did you mean 'actor'?)")]);
    }
    expect(thrownBy(() => system.on('actor-stoped' as 'actor-stopped', () => {})).message).toContain(
      "(did you mean 'actor-stopped'?)",
    );
  });

  it('counts what it does', async () => {
    const { system, clock } = start();
    for (const key of ['a', 'b']) await system.ask(`actor/${key}`, { type: 'hi' });
    system.tell('actor/a', { type: 'boom' });
    system.tell('actor/a', { type: 'hold' });
    await clock.settle();
    for (let n = 0; n < 3; n++) system.tell('actor/a', { type: 'hi' });
    const metrics = await system.metrics();
    expect(metrics).toMatchObject({ actors: 2, mailbox: 3, pendingAsks: 0, deadLetters: 1, messages: 4, failures: 1 });
    const counts = { activations: 2, messages: 4, failures: 1, restarts: 0 };
    expect(metrics.kinds).toEqual({ actor: { ...counts, handlingMs: undefined, waitMs: undefined } });
    expect(metrics).toMatchObject({ restarts: 0, deadLettersBy: { HANDLER_FAILED: 1 }, queueBytes: 3 * 256 });
    expect(metrics.workers).toMatchObject([{ worker: 0, role: 'master', pid: process.pid }]);
    gate.open();
  });

  it('has no workers to add, remove, restart, move to or reload', async () => {
    const { system } = start();
    const calls = [
      system.addWorker(),
      system.removeWorker(1),
      system.restartWorker(1),
      system.move('actor/a', 1),
      system.reload(),
    ];
    expect((await Promise.all(calls.map(errorOf))).map(({ code }) => code)).toEqual(calls.map(() => 'NO_WORKER'));
    expect((await errorOf(system.removeWorker(0))).code).toBe('INVALID_OPTIONS');
  });

  it('takes functions for listeners, and nothing else', () => {
    const { system } = start();
    expect(thrownBy(() => system.on('actor-started', 'x' as never)).code).toBe('INVALID_OPTIONS');
    expect(thrownBy(() => system.watch('actor/a', undefined as never)).code).toBe('INVALID_OPTIONS');
  });

  it('takes events that there are, and nothing else', () => {
    const { system } = start();
    const error = thrownBy(() => system.on('actor-begun' as never, () => {}));
    expect([error.code, error.message]).toEqual([
      'INVALID_OPTIONS',
      expect.stringMatching(/one of .*actor-started.*; got 'actor-begun'$/),
    ]);
  });

  it.each([5, null, { times: 1 }, { timeoutMs: -1 }, { timeoutMs: '5' }])('refuses to shut down with %j', (options) => {
    const { system } = start();
    expect(thrownBy(() => system.shutdown(options as never)).code).toBe('INVALID_OPTIONS');
    expect(system.tell('actor/a', { type: 'hi' })).toBe(true);
  });

  it.each([5, null, { rôle: 'x' }, { role: 'Not A Role' }, { role: 5 }])(
    'refuses to add a worker with %j',
    async (options) => {
      const { system } = start();
      expect((await errorOf(system.addWorker(options as never))).code).toBe('INVALID_OPTIONS');
    },
  );

  it('refuses every call that can fail from the very moment of shutdown() on', async () => {
    const { system, clock } = start();
    const down = system.shutdown();
    const thrown = [
      () => system.ask('actor/a', { type: 'hi' }),
      () => system.stop('actor/a'),
      () => system.watch('actor/a', () => {}),
    ].map((call) => thrownBy(call).code);
    const rejected = [
      ...[system.spawn('actor'), system.kill('actor/a'), system.subscribe('topic', () => {}), system.where('actor/a')],
      ...[system.addWorker(), system.move('actor/a', 1), system.reload()],
    ].map(async (call) => (await errorOf(call)).code);
    expect(new Set([...thrown, ...(await Promise.all(rejected))])).toEqual(new Set(['SHUTTING_DOWN']));
    await clock.advance(100);
    await down;
  });

  it('raises an event for each start and end', async () => {
    const { system, heard } = start();
    await system.ask('actor/a', { type: 'hi' });
    await system.stop('actor/a');
    await system.ask('actor/a', { type: 'hi' });
    expect(heard('actor-started')).toEqual(Array(2).fill({ id: 'actor/a', worker: 0 }));
    expect(heard('actor-stopped')).toEqual([{ id: 'actor/a', worker: 0, reason: 'stopped' }]);
  });
});
