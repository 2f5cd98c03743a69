/** One form of an envelope, whatever it travels in: a frame of a link, or the mail of an actor that moves. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mailPieces, readMail } from '../../../src/handoff/transfer-codec.ts';
import { appendEnvelope } from '../../../src/frames/envelope-entries.ts';
import { FrameReader } from '../../../src/frames/frame-reader.ts';
import { FrameWriter } from '../../../src/frames/frame-writer.ts';
import { PIECE_BYTES } from '../../../src/frames/pieces.ts';
import { processAddress } from '../../../src/vocabulary/address.ts';
import { DeliveryId, Envelope, type ReplyTo, type Verb } from '../../../src/vocabulary/envelope.ts';
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
    .record({ type: fc.constantFrom('pay', 'note'), n: fc.integer(), text: fc.string(), at: fc.constant(new Date(7)) })
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
    // A plain tell has no deadline.
    const until = verb === 'message' && !replyTo && !deliveryId ? 0 : deadline;
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
