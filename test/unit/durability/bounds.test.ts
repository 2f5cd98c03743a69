/** One beyond each bound of what durable actors keep: refused with a clear error, and the rest is whole. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { COMMIT_BYTES_MAX, UNCOMMITTED_BYTES_MAX, UNCOMMITTED_TURNS_MAX } from '../../../src/commit/committer.ts';
import { OUTBOX_HIGH, OUTBOX_MAX } from '../../../src/durability/outbox.ts';
import { KEPT_HIGH, KEPT_MAX, VolatileResendQueue } from '../../../src/resending/volatile-resend-queue.ts';
import { REMINDERS_MAX } from '../../../src/commit/reminders.ts';
import { FaultyStore } from './faulty-store.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { defineActor, errorOf, Gate, type Kit, startKit } from '../actor/kernel-fixture.ts';

let gate: Gate;

beforeEach(() => {
  gate = new Gate();
});

const sender = defineActor({
  durable: true,
  state: () => ({ slow: -1 }),
  receive: {
    send(ctx, { count, to }: { count: number; to: string }) {
      for (let n = 0; n < count; n++) {
        const isClear = ctx.tell(to, { type: 'take', n });
        if (!isClear && ctx.state.slow < 0) ctx.state.slow = n;
      }
      return ctx.state.slow;
    },
  },
}) as ActorDefinition;

const taker = defineActor({
  durable: true,
  mailbox: { capacity: 200_000 },
  state: () => ({ count: 0, last: -1, isInOrder: true }),
  receive: {
    wait: () => gate.opened,
    take({ state }, { n }: { n: number }) {
      state.isInOrder &&= n === state.last + 1;
      state.last = n;
      state.count++;
    },
    get: (ctx) => ctx.state,
  },
}) as ActorDefinition;

describe('messages of a durable actor that are not acknowledged', () => {
  it(`are ${OUTBOX_MAX} at most: one more is a dead letter, tell says slow down long before, and the others arrive in order`, {
    timeout: 60_000,
  }, async () => {
    const kit = startKit({ sender, taker });
    const { system, clock } = kit;
    const waiting = system.ask('taker/one', { type: 'wait' }, { timeoutMs: 600_000 });
    const slow = await system.ask('sender/one', { type: 'send', count: OUTBOX_MAX + 2, to: 'taker/one' });
    expect(slow).toBe(OUTBOX_HIGH - 1);
    expect(kit.dead()).toEqual(['taker/one:take:OVERLOADED']);
    gate.open();
    await waiting;
    const got = await arrived(kit, OUTBOX_MAX + 1);
    expect(got).toMatchObject({ count: OUTBOX_MAX + 1, isInOrder: true });
    await clock.advance(1_000);
    // There is room again.
    await system.ask('sender/one', { type: 'send', count: 1, to: 'taker/two' });
    await arrived(kit, 1, 'taker/two');
  });
});

describe('messages of a process to durable actors that are not committed', () => {
  it(`are ${KEPT_MAX} at most: one more is refused, an ask with its fate, and tell says slow down long before`, () => {
    const { process, dead } = startKit({ taker });
    const { kernel } = process.actors;
    kernel.router = { deliver: () => true, signal: () => {} };
    const resendQueue = new VolatileResendQueue(kernel, `${kernel.address}@1`);
    let slow = -1;
    for (let n = 0; n < KEPT_MAX; n++) {
      const isClear = resendQueue.send(
        new Envelope('message', 'taker/one', { type: 'take', n }, undefined, undefined, 0),
      );
      if (!isClear && slow < 0) slow = n;
    }
    expect(slow).toBe(KEPT_HIGH - 1);
    expect(resendQueue.size).toBe(KEPT_MAX);
    expect(dead()).toEqual([]);
    expect(resendQueue.send(new Envelope('message', 'taker/one', { type: 'take' }, undefined, undefined, 0))).toBe(
      false,
    );
    expect(dead()).toEqual(['taker/one:take:OVERLOADED']);
    const reply = kernel.pending.open('taker/two', 0, undefined, undefined);
    resendQueue.send(new Envelope('message', 'taker/two', { type: 'get' }, undefined, reply, 0));
    resendQueue.acknowledged({ type: 'acknowledged', by: 'taker/one', stream: `${kernel.address}@1`, number: 1 });
    expect(resendQueue.size).toBe(KEPT_MAX - 1);
    resendQueue.close();
    return expect(reply.promise).rejects.toMatchObject({
      code: 'OVERLOADED',
      fate: 'not-executed',
      message: expect.stringMatching(/100000 messages of a process .*, which is the limit; one more is rejected$/),
    });
  });
});

describe('reminders of an actor', () => {
  const diary = defineActor({
    durable: true,
    state: () => ({ fired: 0 }),
    receive: {
      set(ctx, { from, count }: { from: number; count: number }) {
        for (let n = from; n < from + count; n++) ctx.remind(`r${n}`, { atMs: 1e15 + n }, { type: 'fire' });
      },
      swap(ctx) {
        ctx.forget('r0');
        ctx.remind('new', { atMs: 1e15 }, { type: 'fire' });
      },
      fire: (ctx) => void ctx.state.fired++,
    },
  }) as ActorDefinition;

  it(`are ${REMINDERS_MAX} at most: one more throws, in one turn or in several; the same name and a forgotten one make no more`, async () => {
    const { system, clock } = startKit({ diary });
    const whole = await errorOf(system.ask('diary/a', { type: 'set', from: 0, count: REMINDERS_MAX + 1 }));
    expect(whole.message).toMatch(/diary\/a has 10000 reminders, which is the limit/);
    await clock.advance(100);
    await system.ask('diary/a', { type: 'set', from: 0, count: REMINDERS_MAX });
    expect((await errorOf(system.ask('diary/a', { type: 'set', from: REMINDERS_MAX, count: 1 }))).message).toMatch(
      /OVERLOADED|10000 reminders, which is the limit/,
    );
    await clock.advance(100);
    await system.ask('diary/a', { type: 'set', from: 0, count: 100 });
    await system.ask('diary/a', { type: 'swap' });
    expect((await errorOf(system.ask('diary/a', { type: 'set', from: 0, count: 1 }))).code).toBe('HANDLER_FAILED');
  });
});

interface Taken {
  count: number;
  isInOrder: boolean;
}

async function arrived({ system, clock }: Kit, count: number, id = 'taker/one'): Promise<Taken> {
  for (let look = 0; look < 500; look++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(5);
    const taken = (await system.ask(id, { type: 'get' })) as Taken;
    if (taken.count >= count) return taken;
  }
  throw new Error(`${count} messages arrive at ${id}; got fewer in time`);
}

describe('turns that are not committed', () => {
  const eager = defineActor({
    durable: true,
    mailbox: { capacity: 200_000 },
    state: () => ({ count: 0, text: '' }),
    receive: {
      add: (ctx) => ++ctx.state.count,
      fill(ctx, { n, bytes }: { n: number; bytes: number }) {
        ctx.state.count++;
        ctx.tell(`taker/${n}`, { type: 'take', n: 0, text: 'x'.repeat(bytes) });
      },
    },
  }) as ActorDefinition;

  async function whileStuck(fill: (kit: Kit) => number): Promise<[begun: number, all: number, kit: Kit]> {
    const store = new FaultyStore();
    const kit = startKit({ eager, taker }, {}, store);
    await kit.system.ask('eager/one', { type: 'add' });
    store.gate = new Gate();
    const all = fill(kit);
    for (let n = 0; n < 200; n++) await new Promise((resolve) => setImmediate(resolve));
    const begun = kit.process.kernel.behaviours.get('eager')?.counters.messages ?? -1;
    store.gate.open();
    store.gate = undefined;
    return [begun, all, kit];
  }

  it(`are ${UNCOMMITTED_TURNS_MAX} at most: while the store stands still the others wait in their mailboxes`, {
    timeout: 60_000,
  }, async () => {
    const [begun, all, kit] = await whileStuck(({ system }) => {
      for (let n = 0; n < UNCOMMITTED_TURNS_MAX + 1_000; n++) system.tell('eager/one', { type: 'add' });
      return UNCOMMITTED_TURNS_MAX + 1_000;
    });
    expect(begun).toBeLessThanOrEqual(UNCOMMITTED_TURNS_MAX + 2);
    expect(await kit.system.ask('eager/one', { type: 'add' }, { timeoutMs: 600_000 })).toBe(all + 2);
  });

  it('write a bounded number of bytes together, and go on once those are written', { timeout: 60_000 }, async () => {
    const bytes = 1024 * 1024;
    const wanted = (UNCOMMITTED_BYTES_MAX / bytes) * 2;
    const [begun, , kit] = await whileStuck(({ system }) => {
      for (let n = 0; n < wanted; n++) system.tell('eager/one', { type: 'fill', n, bytes: bytes / 2 });
      for (let n = 0; n < wanted; n++) system.tell('eager/two', { type: 'fill', n, bytes: bytes / 2 });
      return wanted;
    });
    expect(begun).toBeLessThan(wanted + 10);
    expect(await kit.system.ask('eager/one', { type: 'add' }, { timeoutMs: 600_000 })).toBe(wanted + 2);
    expect(await kit.system.ask('eager/two', { type: 'add' }, { timeoutMs: 600_000 })).toBe(wanted + 1);
  });

  it(`go to the store in commits of ${COMMIT_BYTES_MAX} bytes, and of what their last record has beyond`, {
    timeout: 60_000,
  }, async () => {
    const store = new FaultyStore();
    const sizes: number[] = [];
    const commit = store.commit.bind(store);
    store.commit = (changes) => {
      const bytes = changes.flatMap(({ put }) => [...put.values()].map(({ byteLength }) => byteLength));
      sizes.push(bytes.reduce((sum, size) => sum + size, 0));
      return commit(changes);
    };
    const { system } = startKit({ eager, taker }, {}, store);
    const bytes = 1024 * 1024;
    const count = (COMMIT_BYTES_MAX / bytes) * 3;
    const all = Array.from({ length: count }, (_, n) => system.ask(`eager/${n}`, { type: 'fill', n, bytes }));
    await Promise.all(all);
    expect(Math.max(...sizes)).toBeGreaterThan(COMMIT_BYTES_MAX / 2);
    expect(Math.max(...sizes)).toBeLessThan(COMMIT_BYTES_MAX + 1.1 * bytes);
  });
});

describe('the bytes of what is kept until it is committed', () => {
  const body = 'x'.repeat(64 * 1024);

  it('are bounded for a process: false from half of a queue on, OVERLOADED beyond it, and none are left in the end', async () => {
    const { process, dead } = startKit({ taker }, { memoryBytes: 16 * 1024 * 1024 });
    const { kernel } = process.actors;
    kernel.router = { deliver: () => true, signal: () => {} };
    const resendQueue = new VolatileResendQueue(kernel, `${kernel.address}@1`);
    const mail = (n: number): Envelope =>
      new Envelope('message', 'taker/one', { type: 'take', n, body: body + n }, undefined, undefined, 0);
    const said = Array.from({ length: 80 }, (_, n) => resendQueue.send(mail(n)));
    expect([said.indexOf(false), resendQueue.size, dead().length]).toEqual([31, 63, 17]);
    const stream = `${kernel.address}@1`;
    const acknowledge = (number: number): void =>
      resendQueue.acknowledged({ type: 'acknowledged', by: 'taker/one', stream, number });
    acknowledge(40);
    expect(resendQueue.send(mail(90))).toBe(true);
    const reply = kernel.pending.open('taker/two', 0, undefined, undefined);
    resendQueue.send(new Envelope('message', 'taker/two', { type: 'get', body }, undefined, reply, 0));
    // Its reply may come later: it is kept as long.
    resendQueue.acknowledged({ type: 'acknowledged', by: 'taker/two', stream, number: 65 });
    acknowledge(64);
    expect(kernel.memory.bytes).toBeGreaterThan(60_000);
    reply.resolve(undefined);
    expect(kernel.memory.bytes).toBe(0);
    resendQueue.send(mail(91));
    resendQueue.close();
    expect(kernel.memory.bytes).toBe(0);
  });

  it('are bounded for a durable actor that sends', async () => {
    const kit = startKit({ sender: heavySender, taker }, { memoryBytes: 16 * 1024 * 1024 });
    const waiting = kit.system.ask('taker/one', { type: 'wait' }, { timeoutMs: 600_000 });
    await kit.clock.settle();
    const said: boolean[] = [];
    for (let n = 0; n < 80; n++) said.push(await kit.system.ask('sender/one', { type: 'send', n, body }));
    expect([said.indexOf(false) > 25, said.indexOf(false) < 40, kit.dead().length > 10]).toEqual([true, true, true]);
    gate.open();
    await waiting;
    await arrived(kit, 80 - kit.dead().length);
    await kit.clock.advance(2_000);
    expect(kit.process.kernel.memory.bytes).toBe(0);
  });
});

const heavySender = defineActor({
  durable: true,
  receive: {
    send: (ctx, { n, body }: { n: number; body: string }) => ctx.tell('taker/one', { type: 'take', n, body: body + n }),
  },
}) as ActorDefinition;
