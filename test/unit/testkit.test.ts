import { expect, expectTypeOf, test } from 'vitest';
import { defineActor, Refusal } from '../../src/index.ts';
import { createTestSystem, type Probe, type ProbeMessage, Simulation } from '../../src/testkit/index.ts';

const alarm = defineActor({
  state: () => ({ rung: 0 }),
  receive: {
    set(ctx, message: { inMs: number; tell?: string }) {
      ctx.after(message.inMs, { type: 'ring', ...(message.tell && { tell: message.tell }) });
    },
    ring(ctx, message: { tell?: string }) {
      ctx.state.rung++;
      if (message.tell) ctx.tell(message.tell, { type: 'rang', times: ctx.state.rung });
    },
    rung: (ctx) => ctx.state.rung,
    async forward(ctx, message: { to: string }) {
      return { answer: await ctx.ask(message.to, { type: 'question' }) };
    },
  },
});

test('timers of a test system run when its clock is moved, and not before', async () => {
  const { system, advance, shutdown } = createTestSystem({ actors: { alarm } });
  const ref = system.ref(alarm, 'kitchen');
  ref.tell({ type: 'set', inMs: 3_600_000 });
  await advance(3_599_999);
  expect(await ref.ask({ type: 'rung' })).toBe(0);
  await advance(1);
  expect(await ref.ask({ type: 'rung' })).toBe(1);
  await shutdown();
});

test('a probe sees what an actor tells it, and that it tells nothing', async () => {
  const { system, probe, shutdown } = createTestSystem({ actors: { alarm } });
  const listener = probe('listener');
  system.tell('alarm/kitchen', { type: 'set', inMs: 500, tell: listener.id });
  await listener.expectNothing(499);
  const { message, sender, isAsk } = await listener.expectMessage<{ type: 'rang'; times: number }>('rang', {
    withinMs: 1,
  });
  expect({ message, sender, isAsk }).toEqual({
    message: { type: 'rang', times: 1 },
    sender: 'alarm/kitchen',
    isAsk: false,
  });
  await listener.expectNothing(10_000);
  await shutdown();
});

test('a probe says what it expected and what it got', async () => {
  const { system, probe, shutdown } = createTestSystem({ actors: { alarm } });
  const listener = probe();
  expect(listener.id).toBe('probe/1');
  await expect(listener.expectMessage('rang', { withinMs: 5 })).rejects.toThrow(
    "probe/1 gets a message of type 'rang' within 5 ms; got none",
  );
  system.tell(listener.id, { type: 'other' });
  await expect(listener.expectNothing(5)).rejects.toThrow(/gets nothing for 5 ms; got .*other/);
  await expect(listener.expectMessage('rang')).rejects.toThrow(/gets a message of type 'rang' next; got .*other/);
  expect(() => listener.reply(1)).toThrow('answers an ask that waits; got none');
  await shutdown();
});

test('a probe answers asks, one after the other, or refuses them', async () => {
  const { system, probe, settle, shutdown } = createTestSystem({ actors: { alarm } });
  const oracle = probe('oracle');
  const first = system.ask('alarm/a', { type: 'forward', to: oracle.id });
  const second = system.ask('alarm/b', { type: 'forward', to: oracle.id });
  const { isAsk } = await oracle.expectMessage('question');
  expect(isAsk).toBe(true);
  expect(oracle.waiting).toBe(0);
  oracle.reply(42);
  expect(await first).toEqual({ answer: 42 });
  await oracle.expectMessage('question');
  oracle.fail(new Refusal('tired'));
  await expect(second).rejects.toMatchObject({ code: 'HANDLER_FAILED' });
  await settle();
  await shutdown();
});

test('the same seed gives the same backoff, another one another', async () => {
  const fragile = defineActor({
    receive: {
      fail: () => {
        throw new Error('as told');
      },
      ping: () => 'pong',
    },
  });
  const restartedAt = async (seed: number): Promise<number> => {
    const { system, clock, advance, shutdown } = createTestSystem({ actors: { fragile }, seed });
    let at = 0;
    system.on('actor-restarted', () => {
      at = clock.now();
    });
    system.tell('fragile/x', { type: 'fail' });
    await advance(1_000);
    await shutdown();
    return at;
  };
  expect(await restartedAt(1)).toBe(await restartedAt(1));
  expect(await restartedAt(1)).not.toBe(await restartedAt(2));
});

test('a kind of the name of the probes is refused', () => {
  expect(() => createTestSystem({ actors: { probe: alarm } })).toThrow("actors: expected no kind 'probe'");
});

test('probes live in a simulated cluster, too: an actor moves with its timer, and a crash takes it', async () => {
  const simulation = await Simulation.start({ seed: 1, workers: 3, actors: { alarm } });
  const { system } = simulation;
  const listener = simulation.probe('listener');
  system.tell('alarm/kitchen', { type: 'set', inMs: 100, tell: listener.id });
  await simulation.run(10);
  const { worker } = await simulation.until(system.where('alarm/kitchen'));
  const other = (worker % 3) + 1;
  await simulation.until(system.move('alarm/kitchen', other));
  expect((await simulation.until(system.where('alarm/kitchen'))).worker).toBe(other);
  await listener.expectMessage('rang', { withinMs: 100 });
  system.tell('alarm/kitchen', { type: 'set', inMs: 100, tell: listener.id });
  await simulation.run(10);
  simulation.crash(other);
  await listener.expectNothing(500);
  expect(await simulation.until(system.ask('alarm/kitchen', { type: 'rung' }))).toBe(0);
  await simulation.until(system.shutdown());
});

test('types: what a probe got is what was asked for', () => {
  expectTypeOf<
    Awaited<ReturnType<typeof Probe.prototype.expectMessage<{ type: 'rang'; times: number }>>>
  >().toEqualTypeOf<ProbeMessage<{ type: 'rang'; times: number }>>();
});

const keeper = defineActor({
  durable: true,
  state: () => ({ n: 0, rung: 0 }),
  receive: {
    add: (ctx) => ++ctx.state.n,
    remind: (ctx, message: { atMs: number }) => ctx.remind('bell', { atMs: message.atMs }, { type: 'bell' }),
    bell: (ctx) => void ctx.state.rung++,
    rung: (ctx) => ctx.state.rung,
    get: (ctx) => ({ n: ctx.state.n, rung: ctx.state.rung }),
  },
});

test('a test system holds no process open', async () => {
  const timeouts = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timeouts();
  const { system, shutdown } = createTestSystem({ actors: { alarm } });
  await system.ask('alarm/kitchen', { type: 'set', inMs: 500 });
  expect(timeouts()).toBe(before);
  await shutdown();
});

test('reminders of a test system fire as its clock is moved, over a restart on the same disk too', async () => {
  const first = createTestSystem({ actors: { keeper } });
  await first.system.ask('keeper/a', { type: 'add' });
  await first.system.ask('keeper/a', { type: 'remind', atMs: first.clock.wall() + 3_600_000 });
  await first.advance(3_599_000);
  expect(await first.system.ask('keeper/a', { type: 'rung' })).toBe(0);
  await first.shutdown();

  const { clock, disk } = first;
  const second = createTestSystem({ actors: { keeper }, clock, disk });
  expect(await second.system.ask('keeper/a', { type: 'get' })).toEqual({ n: 1, rung: 0 });
  await second.advance(1_000);
  expect(await second.system.ask('keeper/a', { type: 'get' })).toEqual({ n: 1, rung: 1 });
  await second.shutdown();

  // Not a moment later: the messages of the third system are no repeats of those of the second.
  const third = createTestSystem({ actors: { keeper }, clock, disk });
  expect(await third.system.ask('keeper/a', { type: 'add' })).toBe(2);
  await third.advance(86_400_000);
  expect(await third.system.ask('keeper/a', { type: 'get' })).toEqual({ n: 2, rung: 1 });
  await third.shutdown();
});
