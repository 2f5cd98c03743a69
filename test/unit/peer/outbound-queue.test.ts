import { afterEach, describe, expect, test, vi } from 'vitest';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import type { ErrorData } from '../../../src/vocabulary/errors.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import { FrameEncoder } from '../../../src/wire/codec.ts';
import { LINK_IDS_MAX, MARKER } from '../../../src/wire/entry.ts';
import type { Link } from '../../../src/wire/link.ts';
import { AWAITED_ENTRIES, AWAITED_ENTRIES_MAX } from '../../../src/peer/awaited-entries.ts';
import { LINK_CREDIT, OUTBOUND_HIGH, OUTBOUND_MAX, OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { ADDRESS_OF_2, KeptReply, message, newDeadLetters, newLine, numberOf, request } from './link-fixture.ts';

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => from + n);
}

const TERMINATED = { type: 'terminated', id: 'counter/b', reason: 'stopped', watch: 'counter/a ~1.1:1' } as const;

/** A message that looks plain and that the encoder refuses all the same. */
function spoilt(n: number): { type: string; n: number; at: Date; isSpoilt: true } {
  // A Date is not of the common sort: it goes by the general codec.
  return { type: 'note', n, at: new Date(1), isSpoilt: true };
}

function spoilEncoder(): void {
  const { encode } = FrameEncoder.prototype;
  vi.spyOn(FrameEncoder.prototype, 'encode').mockImplementation(function (this: FrameEncoder, batch) {
    const isSpoilt = batch.some((part) => typeof part === 'object' && part !== null && 'isSpoilt' in part);
    if (isSpoilt) throw new Error('spoilt');
    return encode.call(this, batch);
  });
}

afterEach(() => void vi.restoreAllMocks());

describe('the mail lane', () => {
  test('keeps messages, asks, requests, publishes, notes and told ends in order, over many frames', async () => {
    const line = await newLine();
    const sent: string[] = [];
    for (let n = 0; n < 1_000; n++) {
      const kinds: [string, () => unknown][] = [
        [`message counter/${n % 7} ${n}`, () => line.out.mail(message(`counter/${n % 7}`, n))],
        [`message counter/ask ${n}`, () => line.out.mail(message('counter/ask', n, new KeptReply()))],
        ['stop counter/s', () => line.out.mail(request('stop', 'counter/s'))],
        [`publish news ${n}`, () => line.out.publish('news', { type: 'note', n }, undefined, 1)],
        [`marker ${n}`, () => line.out.note(MARKER, n)],
        ['signal counter/a terminated', () => line.out.signal('counter/a', TERMINATED)],
      ];
      const [text, send] = kinds[n % kinds.length] as [string, () => unknown];
      sent.push(text);
      send();
    }
    await line.settle();
    expect(line.ingress.lines).toEqual(sent);
  });

  test('waits behind a dam, and what comes back to it from another link is older: it goes at once', async () => {
    const line = await newLine();
    line.out.mail(message('counter/a', 1));
    const open = line.out.dam();
    expect(line.out.dam()).toBeUndefined();
    for (const n of [4, 5]) line.out.mail(message('counter/a', n));
    line.out.publish('news', { type: 'note', n: 6 }, undefined, 1);
    line.out.beforeDam(() => {
      for (const n of [2, 3]) line.out.mail(message('counter/a', n));
    });
    await line.settle();
    expect(line.ingress.envelopes.map(numberOf)).toEqual([1, 2, 3]);
    expect(line.out.waiting).toBe(3);
    open?.();
    line.out.mail(message('counter/a', 7));
    await line.settle();
    expect(line.ingress.envelopes.map(numberOf)).toEqual([1, 2, 3, 4, 5, 7]);
    expect(line.ingress.lines.indexOf('publish news 6')).toBe(5);
    // The bound counts both, and what was never written comes back in its order.
    line.out.dam();
    for (const n of [9, 10]) line.out.mail(message('counter/a', n));
    line.out.beforeDam(() => {
      line.out.beforeDam(() => line.out.mail(message('counter/a', 7)));
      line.out.mail(message('counter/a', 8));
    });
    expect(line.out.takeUnwritten().map((one) => numberOf(one as Envelope))).toEqual([7, 8, 9, 10]);
  });

  test('gives back nothing that a link had begun to write when it was given up: the other process may go on, and read it', async () => {
    const line = await newLine({ isAttached: false });
    let begun = 0;
    let isDestroyed = false;
    const link = {
      ...{ peer: { index: 2, incarnation: 1 }, blocked: false, resume() {}, close() {} },
      // As with TLS: until the link has ended nobody knows how much of what it was given has left.
      get flushed() {
        return isDestroyed ? begun : 0;
      },
      write: () => ++begun > 0,
      destroy: () => void (isDestroyed = true),
    } as unknown as Link;
    line.out.attach(link);
    for (const n of [1, 2, 3]) line.out.mail(message('counter/a', n));
    line.out.flush();
    line.out.mail(message('counter/a', 4));
    line.out.detach();
    expect([begun, isDestroyed]).toEqual([1, true]);
    expect(line.out.takeUnwritten().map((one) => numberOf(one as Envelope))).toEqual([4]);
  });

  test('keeps its order past the number of ids that a link remembers', async () => {
    const line = await newLine();
    const ids = [...numbers(0, LINK_IDS_MAX + 10), 0, LINK_IDS_MAX + 9, 1].map((n) => `counter/${n}`);
    for (const id of ids) line.out.mail(request('unwatch', id));
    await line.settle();
    expect(line.ingress.envelopes.map(({ to }) => to)).toEqual(ids);
  });

  test('says false from its mark on, and refuses messages past its bound, requests never', async () => {
    const line = await newLine({ isAttached: false });
    const clear = numbers(0, OUTBOUND_MAX).map((n) => line.out.mail(message('counter/a', n)));
    expect(clear.indexOf(false)).toBe(OUTBOUND_HIGH - 1);
    expect([line.out.mail(message('counter/a', -1)), line.reasons]).toEqual([false, ['counter/a:OVERLOADED']]);
    line.out.publish('news', { type: 'note' }, undefined, 1);
    expect(line.reasons).toEqual(['counter/a:OVERLOADED', 'news:OVERLOADED']);
    line.out.mail(request('unwatch', 'counter/a'));
    expect(line.out.waiting).toBe(OUTBOUND_MAX + 1);
  });

  test('writes asks and replies before the end of the turn once so many wait, tells with them', async () => {
    const line = await newLine();
    const write = vi.spyOn(line.near, 'write');
    for (const n of numbers(0, AWAITED_ENTRIES * 2)) line.out.mail(message('counter/a', n));
    for (const n of numbers(1, AWAITED_ENTRIES - 2)) line.out.mail(message('counter/a', n, new KeptReply()));
    line.out.reply(1, 'one');
    expect([write.mock.calls.length, line.out.waiting]).toEqual([0, AWAITED_ENTRIES * 3 - 1]);
    line.out.reply(2, 'two');
    expect([write.mock.calls.length > 0, line.out.waiting]).toEqual([true, 0]);
    line.out.reply(3, 'three');
    expect(line.out.waiting).toBe(1);
    await line.settle();
    expect(line.ingress.envelopes).toHaveLength(AWAITED_ENTRIES * 3 - 2);
  });

  test('writes those of one turn in growing portions, up to a bound, and small ones again in the next turn', async () => {
    const line = await newLine();
    const portions = (count: number): number[] => portionsOf(line.out, count);
    const growing = [AWAITED_ENTRIES, AWAITED_ENTRIES * 2, AWAITED_ENTRIES * 4, AWAITED_ENTRIES_MAX];
    expect(portions(growing.reduce((sum, size) => sum + size) + AWAITED_ENTRIES_MAX + 1)).toEqual([
      ...growing,
      AWAITED_ENTRIES_MAX,
    ]);
    await line.settle();
    expect([line.out.waiting, portions(AWAITED_ENTRIES)]).toEqual([0, [AWAITED_ENTRIES]]);
  });

  test('begins with more of them where its process has more than two links, up to the same bound', async () => {
    const most = AWAITED_ENTRIES_MAX;
    for (const [links, first] of [
      [2, AWAITED_ENTRIES],
      [4, AWAITED_ENTRIES * 3],
      [100, most],
    ] as const) {
      const { out, settle } = await newLine({ links });
      out.reply(1, 'yes');
      await settle();
      expect(portionsOf(out, most * 3)[0]).toBe(first);
    }
  });

  test('waits for its link, and for a slow one', async () => {
    const line = await newLine({ isAttached: false, blockedFrames: 1 });
    for (const n of numbers(0, 5_000)) line.out.mail(message('counter/a', n));
    await line.settle();
    expect(line.ingress.lines).toEqual([]);
    line.network.stall('~1.1', '~2.1');
    line.out.attach(line.near);
    await line.settle();
    expect(line.out.waiting).toBeGreaterThan(1_000);
    line.network.unstall('~1.1', '~2.1');
    await line.settle();
    expect(line.ingress.envelopes.map(numberOf)).toEqual(numbers(0, 5_000));
  });
});

describe('credit', () => {
  test('stops messages and what is behind them, while replies, failures and signals pass', async () => {
    const line = await newLine();
    for (const n of numbers(0, LINK_CREDIT + 3)) line.out.mail(message('counter/a', n));
    line.out.note(MARKER, 1);
    await line.settle();
    expect(line.ingress.messages).toBe(LINK_CREDIT);
    line.out.reply(5, 'yes');
    line.out.fail(6, { code: 'ASK_TIMEOUT', message: 'no' });
    line.out.signal('counter/a', { type: 'ask-probe', path: ['counter/a'] });
    await line.settle();
    expect(line.ingress.lines.slice(LINK_CREDIT)).toEqual(['reply 5', 'failure 6', 'signal counter/a ask-probe']);
    line.out.granted(2);
    await line.settle();
    expect(line.ingress.messages).toBe(LINK_CREDIT + 2);
    line.out.granted(1);
    await line.settle();
    expect(line.ingress.lines.slice(-2)).toEqual([`message counter/a ${LINK_CREDIT + 2}`, 'marker 1']);
  });

  test('is not spent by what is refused, by the codec either', async () => {
    spoilEncoder();
    const line = await newLine({ messageBytesMax: 1_000 });
    const large = { type: 'note', n: -1, text: 'x'.repeat(2_000) };
    for (const n of numbers(0, 300)) {
      line.out.mail(new Envelope('message', 'counter/a', large, undefined, undefined, 0));
      line.out.mail(new Envelope('message', 'counter/a', spoilt(n), undefined, undefined, 0));
    }
    for (const n of numbers(0, LINK_CREDIT)) line.out.mail(message('counter/b', n));
    await line.settle();
    expect(line.ingress.messages).toBe(LINK_CREDIT);
    expect(line.reasons.length).toBe(600);
  });

  test('is no mail: the two ends agree on what was sent and received', async () => {
    const line = await newLine();
    for (const n of numbers(0, 300)) line.out.mail(message('counter/a', n));
    line.out.grant(10);
    line.out.reply(1, 'yes');
    line.out.grant(20);
    let granted = 0;
    line.ingress.onCredit = (count) => (granted += count);
    await line.settle();
    expect([line.out.sent, line.ingress.entries, granted]).toEqual([301, 301, 30]);
  });
});

describe('what cannot be sent', () => {
  const notPlain = { type: 'note', n: -1, run: () => {} };

  test('is refused alone: a message, an ask, a publish and a reply in the middle of others', async () => {
    const line = await newLine();
    const ask = new KeptReply();
    line.out.mail(message('counter/a', 1));
    line.out.mail(new Envelope('message', 'counter/b', notPlain, undefined, undefined, 0));
    line.out.mail(new Envelope('message', 'counter/c', notPlain, undefined, ask, 0));
    line.out.publish('news', notPlain, undefined, 1);
    line.out.reply(9, notPlain);
    line.out.mail(message('counter/a', 2));
    await line.settle();
    expect(line.ingress.lines).toEqual(['failure 9', 'message counter/a 1', 'message counter/a 2']);
    expect(line.ingress.failures[0]?.[1]).toMatchObject({ code: 'INVALID_MESSAGE', fate: 'executed' });
    expect(line.reasons).toEqual(['counter/b:INVALID_MESSAGE', 'news:INVALID_MESSAGE']);
    expect(ask.outcome).toMatchObject({ code: 'INVALID_MESSAGE', fate: 'not-executed' });
  });

  test('takes no room in a frame: what stands behind a message that is far too large goes at once', async () => {
    const line = await newLine({ messageBytesMax: 1_000 });
    const large = { type: 'note', n: -1, text: 'x'.repeat(200_000) };
    line.out.publish('news', large, undefined, 1);
    line.out.mail(new Envelope('message', 'counter/a', large, undefined, undefined, 0));
    line.out.mail(message('counter/a', 1));
    await line.settle();
    expect([line.ingress.lines, line.reasons.length]).toEqual([['message counter/a 1'], 2]);
  });

  test('takes no other with it where only the codec finds out; all that waits for it is told', async () => {
    spoilEncoder();
    const line = await newLine();
    for (const n of numbers(0, 10)) line.out.mail(message(`counter/${n}`, n));
    line.out.mail(new Envelope('message', 'counter/bad', spoilt(-1), undefined, undefined, 0));
    line.out.publish('news', spoilt(-1), undefined, 1);
    line.out.reply(9, spoilt(-1));
    for (const n of numbers(10, 10)) line.out.mail(message(`counter/${n % 10}`, n));
    await line.settle();
    expect(line.ingress.envelopes.map(numberOf)).toEqual(numbers(0, 20));
    expect(line.ingress.envelopes.map(({ to }) => to)).toEqual(numbers(0, 20).map((n) => `counter/${n % 10}`));
    expect(line.reasons).toEqual(['counter/bad:INVALID_MESSAGE', 'news:INVALID_MESSAGE']);
    expect(line.ingress.failures).toMatchObject([[9, { code: 'INVALID_MESSAGE', fate: 'executed' }]]);
  });

  test('lets its listener send at once without a swap', async () => {
    const line = await newLine();
    let next = 1_000;
    line.events.on('dead-letter', () => {
      for (let i = 0; i < 300; i++) line.out.mail(message(`counter/${next % 5}`, next++));
    });
    for (const n of numbers(0, 100)) line.out.mail(message(`counter/${n % 5}`, n));
    line.out.mail(new Envelope('message', 'counter/b', notPlain, undefined, undefined, 0));
    for (const n of numbers(100, 100)) line.out.mail(message(`counter/${n % 5}`, n));
    await line.settle();
    expect(line.ingress.envelopes.map(numberOf)).toEqual([...numbers(0, 200), ...numbers(1_000, 300)]);
  });

  test('an ask that was given up before it was written stays here', async () => {
    const line = await newLine({ isAttached: false });
    const [gone, written] = [new KeptReply(), new KeptReply()];
    line.out.mail(message('counter/a', 1, gone));
    line.out.mail(message('counter/a', 2, written));
    gone.settled = true;
    line.out.attach(line.near);
    await line.settle();
    expect(line.ingress.envelopes.map(numberOf)).toEqual([2]);
    expect([gone.writtenTo, written.writtenTo]).toEqual([undefined, ADDRESS_OF_2]);
  });

  test('the data of a refusal crosses as a message would, and is left out where it cannot', async () => {
    const line = await newLine();
    const refused = (data: unknown): ErrorData => ({ code: 'REFUSED', message: 'no', reason: 'full', data });
    line.out.fail(1, refused(new Map([['seats', new Set([1n])]])));
    line.out.fail(2, refused({ run: () => {} }));
    await line.settle();
    expect(line.ingress.failures).toEqual([
      [1, refused(new Map([['seats', new Set([1n])]]))],
      [2, { code: 'REFUSED', message: 'no', reason: 'full' }],
    ]);
  });
});

describe('a link that has ended', () => {
  test('gives back what was not written, in order: messages, asks, requests and told ends', async () => {
    const line = await newLine({ isAttached: false });
    const ask = message('counter/a', 2, new KeptReply());
    line.out.mail(message('counter/a', 1));
    line.out.reply(1, 'dropped');
    line.out.mail(ask);
    line.out.note(MARKER, 3);
    line.out.signal('counter/a', TERMINATED);
    line.out.mail(request('stop', 'counter/a'));
    line.out.detach();
    const back = line.out.takeUnwritten();
    expect(back.map((one) => ('signal' in one ? one.signal.type : one.verb))).toEqual([
      'message',
      'message',
      'terminated',
      'stop',
    ]);
    expect([back[1], line.out.waiting, line.out.ended]).toEqual([ask, 0, true]);
  });

  test.each([
    ['closed', (line: Awaited<ReturnType<typeof newLine>>) => line.near.close()],
    ['destroyed', (line: Awaited<ReturnType<typeof newLine>>) => line.near.destroy(new Error('garbage'))],
  ])('takes nothing once it is %s, before its end is told', async (_, end) => {
    const line = await newLine();
    end(line);
    line.out.mail(message('counter/a', 1));
    line.out.flush();
    expect(line.out.takeUnwritten().length).toBe(1);
  });

  test('begins anew when it is made again: ids, shapes, credit and counts', async () => {
    const line = await newLine();
    for (const n of numbers(0, LINK_CREDIT)) line.out.mail(message('counter/a', n));
    await line.settle();
    line.near.destroy();
    line.out.detach();
    await line.again();
    line.out.attach(line.near);
    line.ingress.entries = 0;
    for (const n of numbers(0, 10)) line.out.mail(message('counter/a', n));
    await line.settle();
    expect([line.ingress.messages, line.ingress.entries, line.out.sent]).toEqual([LINK_CREDIT + 10, 10, 10]);
    expect(line.ingress.envelopes.at(-1)?.to).toBe('counter/a');
  });
});

test('frames carry the epoch under which they were written', async () => {
  const line = await newLine();
  line.epoch.now = 4;
  line.out.mail(message('counter/a', 1));
  await line.settle();
  expect([line.reader.isParked, line.ingress.lines]).toEqual([true, []]);
});

test('a link has the address of its process, incarnation included', () => {
  const clock = {
    now: () => 0,
    wall: () => 0,
    setTimer: () => ({ cancel: () => {} }),
    defer: () => {},
    soon: () => {},
  };
  const { deadLetters } = newDeadLetters(clock);
  const link = new OutboundQueue({ index: 3, incarnation: 4, clock, deadLetters, messageBytesMax: 1, epoch: () => 0 });
  expect(link.address).toBe('~3.4');
});

describe('the bytes of what waits to be written', () => {
  const KB64 = 64 * 1024;
  const heavy = (memory: QueueMemory, n: number): Envelope => {
    const { to, message: content } = message('counter/a', n);
    const envelope = new Envelope(
      'message',
      to,
      { ...(content as object), text: String(n % 10).repeat(KB64) },
      undefined,
      undefined,
      0,
    );
    memory.weigh(envelope, envelope.message);
    return envelope;
  };

  test('have a bound: false from half of it on, beyond it OVERLOADED, for messages and publishes', async () => {
    const memory = new QueueMemory(4 * 1024 * 1024);
    const line = await newLine({ isAttached: false, memory });
    const said = numbers(0, 20).map((n) => line.out.mail(heavy(memory, n)));
    expect([said.indexOf(false), line.reasons.length, new Set(line.reasons)]).toEqual([
      7,
      5,
      new Set(['counter/a:OVERLOADED']),
    ]);
    expect(line.out.publish('news', { type: 'note', text: 'x'.repeat(KB64) }, undefined, 0)).toBe(false);
    expect(line.reasons.at(-1)).toBe('news:OVERLOADED');
    line.out.attach(line.near);
    await line.settle();
    expect([line.out.waiting, memory.bytes]).toEqual([0, 0]);
    expect(line.out.publish('news', { type: 'note', text: 'x'.repeat(KB64) }, undefined, 0)).toBe(true);
  });

  test('return to nothing where the link ends, or its peer is forgotten', async () => {
    const memory = new QueueMemory(4 * 1024 * 1024);
    const line = await newLine({ isAttached: false, memory });
    for (const n of numbers(0, 5)) line.out.mail(heavy(memory, n));
    line.out.publish('news', { type: 'note', text: 'x'.repeat(KB64) }, undefined, 0);
    line.out.note(1, 'x'.repeat(KB64));
    line.out.detach();
    expect([line.out.takeUnwritten().length, memory.bytes]).toEqual([5, 0]);
    line.out.mail(heavy(memory, 1));
    line.out.drop();
    line.out.mail(heavy(memory, 2));
    expect(memory.bytes).toBe(0);
  });

  test('hold for replies as well while a link takes nothing: those beyond are OVERLOADED for their askers', async () => {
    const memory = new QueueMemory(4 * 1024 * 1024);
    const line = await newLine({ blockedFrames: 2, memory });
    for (let n = 0; n < 1_000 && !line.near.blocked; n++) {
      line.out.mail(message('counter/a', 1));
      line.out.flush();
    }
    const text = 'x'.repeat(KB64);
    for (const n of numbers(1, 30)) line.out.reply(n, { n, text });
    expect(memory.bytes).toBeGreaterThan(memory.queueBytesMax / 2);
    expect(memory.bytes).toBeLessThan(memory.queueBytesMax * 1.1);
    await line.settle();
    const { replies, failures } = line.ingress;
    expect(replies.map(([n]) => n)).toEqual(numbers(1, replies.length));
    expect(replies.length).toBeGreaterThan(10);
    expect(failures.map(([n]) => n)).toEqual(numbers(replies.length + 1, 30 - replies.length));
    expect(failures[0]?.[1]).toMatchObject({ code: 'OVERLOADED', fate: 'executed' });
    expect([line.out.waiting, memory.bytes]).toEqual([0, 0]);
  });
});

/** Replies until each write. */
function portionsOf(out: OutboundQueue, count: number): number[] {
  const sizes: number[] = [];
  for (let waiting = 0; count > 0; count--) {
    out.reply(count, 'yes');
    waiting++;
    if (out.waiting > 0) continue;
    sizes.push(waiting);
    waiting = 0;
  }
  return sizes;
}
