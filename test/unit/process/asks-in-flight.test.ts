import { expect, test } from 'vitest';
import type { Kernel } from '../../../src/actor/kernel.ts';
import { type PendingReply, PendingReplies } from '../../../src/actor/pending-replies.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { Envelope } from '../../../src/vocabulary/envelope.ts';
import { failOrphanedAsks } from '../../../src/process/asks-in-flight.ts';

/** How a rejection ends. */
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    ({ code, fate }: { code: string; fate: string }) => `${code}/${fate}`,
  );

const OLD_HOME = '~1.1';
const NEW_HOME = '~2.1';
const DEAD = { index: 1, incarnation: 1 };

function newKernel(): { kernel: Kernel; barriers: Envelope[]; asks: (target: string) => PendingReply } {
  const pending = new PendingReplies(new VirtualClock(), '~0.1');
  const barriers: Envelope[] = [];
  const router = { deliver: (envelope: Envelope) => barriers.push(envelope) > 0 };
  const asks = (target: string): PendingReply => {
    const reply = pending.open(target, 0, undefined, undefined);
    reply.address();
    reply.written(OLD_HOME);
    return reply;
  };
  return { kernel: { pending, router } as unknown as Kernel, barriers, asks };
}

test('what was written to a dead process fails at once', async () => {
  const { kernel, barriers, asks } = newKernel();
  const reply = asks('counter/a');
  failOrphanedAsks(DEAD, kernel);
  expect(await codeOf(reply.promise)).toBe('ACTOR_UNAVAILABLE/unknown');
  expect(barriers).toEqual([]);
});

test('what has moved on from there fails once its new host is through with the mail that moved', async () => {
  const { kernel, barriers, asks } = newKernel();
  const [lost, answered, other] = [asks('counter/a'), asks('counter/a'), asks('counter/b')];
  kernel.pending.moved(OLD_HOME, NEW_HOME, () => true);
  failOrphanedAsks(DEAD, kernel);
  expect(barriers.map(({ verb, to }) => `${verb} ${to}`)).toEqual(['barrier counter/a', 'barrier counter/b']);
  // It had moved with the mail, and comes to its turn there.
  answered.resolve('yes');
  barriers[0]?.replyTo?.resolve(undefined);
  expect([await answered.promise, await codeOf(lost.promise)]).toEqual(['yes', 'ACTOR_UNAVAILABLE/unknown']);
  expect(other.settled).toBe(false);
});

test('one that ended by itself has given its answers: what has moved on is not asked about', () => {
  const { kernel, barriers, asks } = newKernel();
  const reply = asks('counter/a');
  kernel.pending.moved(OLD_HOME, NEW_HOME, () => true);
  failOrphanedAsks({ ...DEAD, isDone: true }, kernel);
  expect([barriers, reply.settled]).toEqual([[], false]);
});
