/** One form of an envelope, whatever it travels in: a frame of a link, or the mail of an actor that moves. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mailPieces, readMail } from '../../../src/handoff/transfer-codec.ts';
import { appendEnvelope } from '../../../src/frames/envelope-entries.ts';
import { NAME_CHARACTERS_MAX } from '../../../src/frames/compact-writer.ts';
import { FrameReader } from '../../../src/frames/frame-reader.ts';
import { FrameWriter } from '../../../src/frames/frame-writer.ts';
import { type Outbound, SignalNote } from '../../../src/frames/outbound.ts';
import { PIECE_BYTES } from '../../../src/frames/pieces.ts';
import { processAddress } from '../../../src/vocabulary/address.ts';
import { DeliveryId, Envelope, type ReplyTo, streamOwner, type Verb } from '../../../src/vocabulary/envelope.ts';
import type { Signal } from '../../../src/vocabulary/signal.ts';
import { encodeValue } from '../../../src/wire/codec.ts';
import { FRAME_HEAD_BYTES } from '../../../src/wire/link.ts';

const MESSAGE_BYTES_MAX = 100_000;
const ids = fc.constantFrom('order/1', 'order/2', 'cart/a', 'order/✓ ünï');
const wholes = fc.nat({ max: Number.MAX_SAFE_INTEGER });

/** An asker elsewhere, as far as an envelope has it. */
function asker(process: string, correlation: number): ReplyTo {
  const reply = { settled: false, address: () => ({ process, correlation }), written: () => {} };
  return reply as unknown as ReplyTo;
}

const replies = fc.option(
  fc.tuple(fc.nat({ max: 9 }), wholes).map(([index, n]) => asker(processAddress(index, 1), n)),
  { nil: undefined },
);
const deliveryIds = fc.option(
  fc
    .tuple(fc.constantFrom('', 'cart/a', '~1.2@17'), wholes, wholes, wholes, fc.option(fc.string()), fc.boolean())
    .map(([stream, number, previous, floor, turn, isSuspect]) => {
      return new DeliveryId(stream, number, previous, floor, turn ?? undefined, isSuspect);
    }),
  { nil: undefined },
);
const contents = fc.oneof(
  fc
    .record(
      { type: fc.constantFrom('pay', 'note'), n: fc.integer(), text: fc.string(), at: fc.constant(new Date(7)) },
      { requiredKeys: ['type', 'n'] },
    )
    .map((message): [Verb, unknown] => ['message', message]),
  fc.constantFrom<[Verb, unknown]>(
    ['stop', 'enough'],
    ['barrier', undefined],
    ['kill', undefined],
    ['where', undefined],
    ['watch', 'cart/a ~1.1:4'],
    ['rewatch', ['cart/a ~1.1:4', 9]],
    ['subscribe', 'news'],
  ),
);
const envelopes = fc
  .tuple(contents, ids, fc.option(ids, { nil: undefined }), replies, fc.nat(), deliveryIds)
  .map(([[verb, content], to, sender, replyTo, deadline, deliveryId]) => {
    // A tell has no deadline.
    const until = verb === 'message' && !replyTo ? 0 : deadline;
    const envelope = new Envelope(verb, to, content, sender, replyTo, until);
    if (verb === 'message') envelope.deliveryId = deliveryId;
    return envelope;
  });

const inWords = ({ verb, to, message, sender, replyTo, deadline, deliveryId }: Envelope): unknown => [
  ...[verb, to, message ?? undefined, sender, replyTo?.address(), deadline],
  ...[deliveryId && { ...deliveryId }],
];

function throughFrame(mail: readonly Envelope[]): Envelope[] {
  const writer = new FrameWriter({
    ...{ address: '~2.1', deadLetters: {} as never, messageBytesMax: MESSAGE_BYTES_MAX, epoch: () => 1 },
    ...{ frameBytes: 1e9, frameBytesMax: 1e9 },
  });
  const batch = writer.begin();
  for (const envelope of mail) writer.append(batch, envelope, { bytesMax: 0 });
  const read: Envelope[] = [];
  const ingress = { epoch: () => 1, replyTo: asker, envelope: (one: Envelope) => read.push(one), frameRead: () => {} };
  new FrameReader(ingress as never).read(writer.encode(batch).subarray(FRAME_HEAD_BYTES));
  return read;
}

/** As a link writes it: what may go into a compact frame does, the rest into batches, in order. */
function throughLink(mail: readonly Outbound[]): { read: unknown[]; compact: number } {
  const writer = new FrameWriter({
    ...{ address: '~2.1', deadLetters: {} as never, messageBytesMax: MESSAGE_BYTES_MAX, epoch: () => 1 },
    ...{ frameBytes: 1e5, frameBytesMax: 1e9 },
  });
  const read: unknown[] = [];
  const ingress = {
    ...{ epoch: () => 1, replyTo: asker, frameRead: () => {}, toRef: (id: string) => id },
    envelope: (one: Envelope) => read.push(inWords(one)),
    signal: (to: string, signal: Signal) => read.push([to, signal]),
  };
  const reader = new FrameReader(ingress as never);
  let compact = 0;
  for (const item of mail) {
    writer.beginCompact();
    const isCompact = writer.appendCompact(item);
    const frame = writer.finishCompact(isCompact ? 1 : 0);
    if (isCompact) compact++;
    if (frame) reader.read(frame.subarray(FRAME_HEAD_BYTES));
    else {
      const batch = writer.begin();
      writer.append(batch, item, { bytesMax: 0 });
      reader.read(writer.encode(batch).subarray(FRAME_HEAD_BYTES));
    }
  }
  return { read, compact };
}

const said = fc.tuple(ids, fc.constantFrom('cart/a', '~1.2@17', 'order/1'), wholes).map(([by, stream, number]) => {
  const signal: Signal = { type: 'acknowledged', by, stream, number };
  return new SignalNote(streamOwner({ stream }), signal);
});

function throughTransfer(mail: readonly Envelope[]): Envelope[] {
  const pieces = mailPieces('mail', mail, MESSAGE_BYTES_MAX, (_, error) => {
    throw error;
  });
  return pieces.flatMap(({ piece }) => readMail(piece[1] as unknown[], (id) => id, asker));
}

describe('an envelope', () => {
  test('is the same behind a frame and behind a transfer', () => {
    fc.assert(
      fc.property(fc.array(envelopes, { maxLength: 20 }), (mail) => {
        const expected = mail.map(inWords);
        expect(throughFrame(mail).map(inWords)).toEqual(expected);
        expect(throughTransfer(mail).map(inWords)).toEqual(expected);
      }),
    );
  });

  test('is the same by a compact frame, whose streams have numbers, and beside what is acknowledged', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(envelopes, said), { maxLength: 20 }), (mail) => {
        const expected = mail.map((one) => (one instanceof Envelope ? inWords(one) : [one.to, one.signal]));
        expect(throughLink(mail).read).toEqual(expected);
      }),
    );
  });

  test('to a durable actor goes by a compact frame unless a name is long, or its numbers make no sense', () => {
    const ask = (stream: string, number: number, previous: number, floor: number, turn?: string): Envelope => {
      const envelope = new Envelope('message', 'order/1', { type: 'pay', n: 1 }, undefined, asker('~2.1', 4), 99);
      envelope.deliveryId = new DeliveryId(stream, number, previous, floor, turn);
      return envelope;
    };
    const common = [
      ask('~1.2@17', 9, 8, 3),
      ask('~1.2@17', 10, 0, 0),
      ask('', 0, 0, 0, 'turn'),
      ask('cart/a', 1, 0, 1),
    ];
    expect(throughLink(common)).toEqual({ read: common.map(inWords), compact: 4 });
    const others = [
      ask('s'.repeat(NAME_CHARACTERS_MAX + 1), 9, 0, 0),
      ask('s', 9, 0, 0, 't'.repeat(NAME_CHARACTERS_MAX + 1)),
      ask('s', 9, 9, 0),
      ask('s', 9, 0, 10),
    ];
    expect(throughLink(others)).toEqual({ read: others.map(inWords), compact: 0 });
    const tell = ask('cart/a', 3, 2, 2);
    tell.replyTo = undefined;
    tell.deadline = 0;
    const note = new SignalNote('cart/a', { type: 'acknowledged', by: 'order/1', stream: 'cart/a', number: 3 });
    expect(throughLink([tell, note])).toEqual({ read: [inWords(tell), ['cart/a', note.signal]], compact: 2 });
  });

  test('that does not fit leaves nothing in the batch, no number to its id, and no weight', () => {
    const batch: unknown[] = [];
    const weight = { bytesMax: 7 };
    const asked: string[] = [];
    const idPart = (id: string): string => {
      asked.push(id);
      return id;
    };
    const large = new Envelope('message', 'order/1', { type: 'note', text: 'x'.repeat(200) }, undefined, undefined, 0);
    expect(() => appendEnvelope(batch, large, idPart, 100, weight)).toThrow('100');
    const odd = new Envelope('message', 'order/1', { type: 'note', call: () => 1 }, undefined, undefined, 0);
    expect(() => appendEnvelope(batch, odd, idPart, 100, weight)).toThrow('call');
    expect([batch, weight, asked]).toEqual([[], { bytesMax: 7 }, []]);
  });
});

test('a piece of mail weighs all that stands in it: names of streams and turns, too', () => {
  const long = 'stream/'.padEnd(500, 'é');
  const mail = Array.from({ length: 600 }, (_, n) => {
    const envelope = new Envelope('message', 'order/1', { type: 'note', n }, undefined, undefined, 0);
    envelope.deliveryId = new DeliveryId(long, n, 0, 0, long);
    return envelope;
  });
  const pieces = mailPieces('mail', mail, MESSAGE_BYTES_MAX, () => {});
  expect(pieces.length).toBeGreaterThan(10);
  for (const { piece, bytesMax } of pieces) {
    expect(bytesMax).toBeLessThan(PIECE_BYTES + 4_000);
    expect(encodeValue(piece).byteLength).toBeLessThanOrEqual(bytesMax);
  }
});

test.each<[string, unknown[]]>([
  ['of another kind', [4, 1, 'text']],
  ['without an actor', [1, 7, null, { type: 'note' }]],
  ['that ends too early', [1, 'order/1', null]],
  ['without a type', [1, 'order/1', null, { n: 1 }]],
  ['with an unknown verb', [3, 99, 'order/1', null, null, null, 0, 0]],
])('mail with an entry %s makes no sense', (_, entries) => {
  expect(() => readMail(entries, (id) => id, asker)).toThrow('got');
});

test('both ends forget the numbers of streams together, by whichever sort of frame says so', () => {
  const writer = new FrameWriter({
    ...{ address: '~2.1', deadLetters: {} as never, messageBytesMax: MESSAGE_BYTES_MAX, epoch: () => 1 },
    ...{ frameBytes: 1e5, frameBytesMax: 500 },
  });
  const streams: unknown[] = [];
  const envelope = ({ deliveryId }: Envelope): unknown => streams.push(deliveryId?.stream);
  const reader = new FrameReader({ epoch: () => 1, frameRead: () => {}, envelope } as never);
  const tell = (stream: string, more = {}): Envelope => {
    const told = new Envelope('message', 'order/1', { type: 'pay', ...more }, undefined, undefined, 0);
    told.deliveryId = new DeliveryId(stream, 1, 0, 0, undefined);
    return told;
  };
  const compact = (stream: string): void => {
    writer.beginCompact();
    expect(writer.appendCompact(tell(stream))).toBe(true);
    reader.read((writer.finishCompact(1) as Uint8Array).subarray(FRAME_HEAD_BYTES));
  };
  const batch = (more: object): void => {
    const parts = writer.begin();
    writer.append(parts, tell('batch', more), { bytesMax: 0 });
    reader.read(writer.encode(parts).subarray(FRAME_HEAD_BYTES));
  };
  const rounds = [
    { isByBatch: true, first: 'cart/a', later: 'cart/b' },
    { isByBatch: false, first: 'cart/c', later: 'cart/d' },
  ];
  for (const { isByBatch, first, later } of rounds) {
    compact(first);
    expect(() => batch({ text: 'x'.repeat(1_000) })).toThrow('500');
    if (isByBatch) batch({ at: new Date(1) });
    compact(later);
    compact(later);
  }
  expect(streams).toEqual(['cart/a', 'batch', 'cart/b', 'cart/b', 'cart/c', 'cart/d', 'cart/d']);
});
