/** What the errors of an actor say: what happened, to whom, and the limit with its value. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { PendingReplies } from '../../../src/actor/pending-replies.ts';
import { failOrphanedAsks } from '../../../src/process/asks-in-flight.ts';
import { runMain } from '../../../src/process/main-run.ts';
import type { ProcessSystem } from '../../../src/system/process-system.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { errorOf, startKit, thrownBy } from './kernel-fixture.ts';

const order = defineActor({
  state: () => ({}),
  mailbox: { capacity: 2 },
  supervision: { intensity: 1, periodMs: 10_000, backoff: { initialMs: 10, jitter: 0 } },
  receive: {
    pay: () => {
      throw new TypeError('x');
    },
    wait: () => new Promise(() => {}),
    stash: (ctx) => ctx.stash(),
  },
});

const words = async (promise: Promise<unknown>): Promise<string> => (await errorOf(promise)).message;

test('a handler that threw', async () => {
  const { system } = startKit({ order });
  expect(await words(system.ask('order/7', { type: 'pay' }))).toBe("handler 'pay' of order/7 threw TypeError: x");
});

test('an actor that has failed, with its limit', async () => {
  const { system, clock } = startKit({ order });
  for (let n = 0; n < 2; n++) {
    system.tell('order/7', { type: 'pay' });
    await clock.advance(20);
  }
  expect(await words(system.ask('order/7', { type: 'pay' }))).toBe(
    'order/7 has failed (1 restarts in 10000 ms); message rejected',
  );
});

test('a reply that did not come, with the time it had: the default, and one of its own', async () => {
  const { system, clock } = startKit({ order });
  const [first, second] = [
    words(system.ask('order/7', { type: 'wait' })),
    words(system.ask('order/8', { type: 'wait' }, { timeoutMs: 250 })),
  ];
  await clock.advance(6_000);
  expect(await first).toBe('no reply from order/7 within 5000 ms');
  expect(await second).toBe('no reply from order/8 within 250 ms');
});

test('a mailbox that is full, with its limit', async () => {
  const { system, clock } = startKit({ order });
  const asks = [1, 2, 3, 4].map(() => words(system.ask('order/7', { type: 'wait' }, { timeoutMs: 50 })));
  await clock.advance(100);
  expect(await asks[3]).toBe('the mailbox of order/7 is full; its limit is 2 messages');
});

test('a system that shuts down', async () => {
  const { system, clock } = startKit({ order });
  const down = system.shutdown();
  expect(thrownBy(() => system.ask('order/7', { type: 'wait' })).message).toBe(
    'the system is shutting down; call rejected',
  );
  await clock.advance(100);
  await down;
});

test('a worker that died with an ask', async () => {
  const pending = new PendingReplies(new VirtualClock(), '~0.1');
  const reply = pending.open('order/7', 0, undefined, undefined);
  reply.address();
  reply.written('~2.1');
  failOrphanedAsks({ index: 2, incarnation: 1, isDone: true }, { pending } as never);
  expect(await words(reply.promise)).toBe('worker 2 died before it replied');
});

test('a main that threw', async () => {
  const main = (): never => {
    throw new TypeError('x');
  };
  expect(await runMain(main, undefined as unknown as ProcessSystem)).toMatchObject({
    error: { message: 'main() threw TypeError: x' },
  });
});
