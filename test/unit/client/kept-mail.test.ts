import { describe, expect, test } from 'vitest';
import { PendingReplies } from '../../../src/actor/pending-replies.ts';
import { ConnectedClient } from '../../../src/client/connected-client.ts';
import { KEPT_BYTES_MAX, KEPT_HIGH, KEPT_MAX, KeptMail } from '../../../src/client/kept-mail.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import { message, newDeadLetters } from '../peer/link-fixture.ts';

/** A queue that remembers what it was given, by number. */
function newQueue(unwritten: () => Envelope[] = () => []): { queue: OutboundQueue; given: string[] } {
  const given: string[] = [];
  const queue = {
    mail: (envelope: Envelope) =>
      given.push(envelope.replyTo ? `ask ${envelope.to}` : `tell ${envelope.deliveryId?.number}`) > 0,
    publish: (topic: string, _message: unknown, _sender: undefined, number: number) =>
      given.push(`publish ${topic} ${number}`) > 0,
    detach: () => {},
    takeUnwritten: unwritten,
    drop: () => {},
  };
  return { queue: queue as unknown as OutboundQueue, given };
}

function newMail(bytesMax?: number): {
  mail: KeptMail;
  memory: QueueMemory;
  reasons: string[];
  pending: PendingReplies;
} {
  const clock = new VirtualClock();
  const memory = new QueueMemory(bytesMax);
  const { deadLetters, reasons } = newDeadLetters(clock);
  const pending = new PendingReplies(clock, '~0.1');
  return { mail: new KeptMail(memory, deadLetters, pending), memory, reasons, pending };
}

function ask(pending: PendingReplies, to: string): Envelope {
  const reply = pending.open(to, 0, undefined, undefined);
  reply.promise.catch(() => {});
  return new Envelope('message', to, { type: 'get' }, undefined, reply, 0);
}

describe('what a client keeps', () => {
  test('goes out again in order, but for what was accepted', () => {
    const { mail, pending } = newMail();
    const first = newQueue();
    mail.attach(first.queue, 0, true);
    mail.deliver(message('counter/a', 1));
    mail.publish('news', { type: 'n' });
    mail.deliver(message('counter/a', 3));
    mail.deliver(ask(pending, 'counter/q'));
    mail.deliver(message('counter/a', 5));
    expect(first.given).toEqual(['tell 1', 'publish news 2', 'tell 3', 'ask counter/q', 'tell 5']);
    mail.detach('lost');
    const second = newQueue();
    expect(mail.attach(second.queue, 2, true)).toBe(0);
    // The ask was not written: nobody has set its peer.
    expect(second.given).toEqual(['tell 3', 'ask counter/q', 'tell 5']);
  });

  test('fails an ask that was written, with a fate that nobody knows, and asks it no second time', async () => {
    const { mail, pending } = newMail();
    mail.attach(newQueue().queue, 0, true);
    const envelope = ask(pending, 'counter/q');
    mail.deliver(envelope);
    envelope.replyTo?.written('~0.1');
    mail.detach('the connection ended');
    const { promise } = envelope.replyTo as unknown as { promise: Promise<unknown> };
    await expect(promise).rejects.toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    const next = newQueue();
    mail.attach(next.queue, 0, true);
    expect(next.given).toEqual([]);
    expect(mail.size).toBe(0);
  });

  test('says how many may be handled twice where another process serves, or this one has forgotten', () => {
    const { mail } = newMail();
    mail.attach(newQueue().queue, 0, true);
    for (let n = 0; n < 10; n++) mail.deliver(message('counter/a', n));
    mail.accepted(4);
    mail.detach('lost');
    expect(mail.attach(newQueue().queue, 0, false)).toBe(6);
    mail.detach('lost');
    expect(mail.attach(newQueue().queue, 0, true)).toBe(0);
    mail.accepted(7);
    mail.detach('lost');
    expect(mail.attach(newQueue().queue, 0, true)).toBe(3);
  });

  test('is bounded by count: slowed, then refused, and free again once it is accepted', async () => {
    const { mail, memory, reasons } = newMail();
    for (let n = 1; n < KEPT_HIGH; n++) expect(mail.deliver(message('counter/a', n))).toBe(true);
    for (let n = KEPT_HIGH; n <= KEPT_MAX; n++) expect(mail.deliver(message('counter/a', n))).toBe(false);
    expect(reasons).toEqual([]);
    mail.deliver(message('counter/a', 0));
    mail.publish('news', { type: 'n' });
    expect(reasons).toEqual(['counter/a:OVERLOADED', 'news:OVERLOADED']);
    const all = mail.untilAccepted();
    mail.accepted(KEPT_MAX);
    await all;
    expect([mail.size, memory.bytes]).toEqual([0, 0]);
    expect(mail.deliver(message('counter/a', 0))).toBe(true);
  });

  test('is bounded by bytes, and gives all back', () => {
    const { mail, memory, reasons, pending } = newMail(4_000_000);
    const heavy = { type: 'n', text: 'x'.repeat(300_000) };
    expect(mail.publish('news', heavy)).toBe(true);
    expect(mail.publish('news', { ...heavy })).toBe(false);
    for (let n = 0; n < 10; n++) mail.publish('news', { ...heavy });
    expect(reasons.length).toBeGreaterThan(0);
    expect(memory.bytes).toBeLessThanOrEqual(1_000_000);
    mail.accepted(1_000);
    const envelope = ask(pending, 'counter/q');
    mail.deliver(envelope);
    envelope.replyTo?.resolve(1);
    expect([mail.size, memory.bytes]).toEqual([0, 0]);
  });

  test('by a client that finds nobody has its room, which one message of a mebibyte more goes beyond', async () => {
    const client = new ConnectedClient(new VirtualClock(), () => new Promise(() => {}));
    void client.begin();
    const lost: string[] = [];
    client.on('dead-letter', ({ to, reason }) => lost.push(`${to} ${reason}`));
    const publish = (bytes: number): boolean => client.publish('news', { type: 'n', bytes: new Uint8Array(bytes) });
    const fits = KEPT_BYTES_MAX / 2 ** 20;
    const answers = Array.from({ length: fits }, () => publish(2 ** 20 - 4_096));
    // From half on its sender is asked to wait.
    expect(answers.indexOf(false)).toBe(fits / 2);
    expect(lost).toEqual([]);
    publish(2 ** 20);
    expect(lost).toEqual(['news OVERLOADED']);
    await client.close({ timeoutMs: 0 });
  });
});
