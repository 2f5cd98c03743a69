/**
 * Whatever bytes come over a link: each message that is given on is a valid one, or the link ends with an error; the reader
 * of another link goes on as if nothing had happened.
 */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isProcessAddress, parseActorId } from '../../../src/vocabulary/address.ts';
import { Envelope, DeliveryId } from '../../../src/vocabulary/envelope.ts';
import { type ErrorData, isErrorData } from '../../../src/vocabulary/errors.ts';
import type { Signal } from '../../../src/vocabulary/signal.ts';
import { FrameEncoder, toWire } from '../../../src/wire/codec.ts';
import * as entry from '../../../src/wire/entry.ts';
import { COMPACT, COMPACT_RESET, FRAME_HEAD_BYTES, PIECE } from '../../../src/wire/link.ts';
import * as tags from '../../../src/wire/plain-tags.ts';
import { FrameReader, type Published } from '../../../src/frames/frame-reader.ts';
import { PieceCutter, PieceJoiner } from '../../../src/frames/pieces.ts';
import { KeptIngress, KeptReply, message, newLine } from './link-fixture.ts';

/** Of compact values. */
const TAGS = Object.values(tags).filter((tag) => tag >= tags.NULL && tag <= tags.OBJECT);

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Looks at all that is given on. */
class StrictIngress extends KeptIngress {
  given = 0;

  override envelope(envelope: Envelope): void {
    this.given++;
    const { verb, to, sender, deadline, deliveryId } = envelope;
    parseActorId(to);
    if (sender !== undefined) parseActorId(sender);
    expect(Number.isFinite(deadline)).toBe(true);
    if (verb === 'message') expect(typeof (envelope.message as { type: unknown }).type).toBe('string');
    else expect(entry.VERBS).toContain(verb);
    if (deliveryId === undefined) return;
    expect([
      typeof deliveryId.stream,
      isWhole(deliveryId.number),
      isWhole(deliveryId.previous),
      isWhole(deliveryId.floor),
    ]).toEqual(['string', ...[true, true, true]]);
    expect(['string', 'undefined']).toContain(typeof deliveryId.turn);
  }

  override replyTo(process?: string, correlation?: number): KeptReply {
    expect([isProcessAddress(process as string), isWhole(correlation)]).toEqual([true, true]);
    return new KeptReply();
  }

  override replied(correlation: number): void {
    expect(isWhole(correlation)).toBe(true);
  }

  override failed(correlation: number, error: ErrorData): void {
    expect([isWhole(correlation), isErrorData(error)]).toEqual([true, true]);
  }

  override signal(to: string, { type }: Signal): void {
    if (!isProcessAddress(to)) parseActorId(to);
    expect(['terminated', 'ask-probe', 'ask-cycle', 'acknowledged', 'ask-given-up']).toContain(type);
  }

  override published({ topic, message: learned, epoch }: Published): void {
    expect([typeof topic, typeof (learned as { type: unknown }).type, isWhole(epoch)]).toEqual([
      'string',
      'string',
      true,
    ]);
  }

  override credit(count: number): void {
    expect(isWhole(count)).toBe(true);
  }

  override topicBarrier(topic: string, number: number): void {
    expect([typeof topic, isWhole(number)]).toEqual(['string', true]);
  }

  override topicReached(number: number, capacity: number): void {
    expect([isWhole(number), isWhole(capacity)]).toEqual([true, true]);
  }

  called(number: number, name: string, args: entry.CallArgument[]): void {
    expect([isWhole(number), typeof name]).toEqual([true, 'string']);
    expect(name.length).toBeLessThanOrEqual(entry.CALL_NAME_LENGTH_MAX);
    expect(args.length).toBeLessThanOrEqual(entry.CALL_ARGUMENTS_MAX);
    for (const argument of args)
      expect(argument === null || ['string', 'number', 'boolean'].includes(typeof argument)).toBe(true);
  }

  override marker(move: number): void {
    expect(isWhole(move)).toBe(true);
  }
}

/** Reads until the link would end. An expectation that fails in the ingress is a failure of the test, not of the frame. */
function readAll(frames: readonly Uint8Array[]): { given: number; error: Error | undefined } {
  const ingress = new StrictIngress();
  const reader = new FrameReader(ingress, 1_000_000);
  try {
    for (const frame of frames) reader.read(Buffer.from(frame));
  } catch (error) {
    if ((error as Error).name === 'AssertionError') throw error;
    return { given: ingress.given, error: error as Error };
  }
  return { given: ingress.given, error: undefined };
}

/** What a real link writes, as a start for what is then spoilt. */
async function goodFrames(): Promise<Uint8Array[]> {
  const line = await newLine();
  const frames: Uint8Array[] = [];
  const { write } = line.near;
  line.near.write = (bytes) => {
    frames.push(Buffer.from(bytes.subarray(FRAME_HEAD_BYTES)));
    return write.call(line.near, bytes);
  };
  for (let n = 0; n < 3; n++) {
    line.out.mail(message(`counter/${n}`, n));
    line.out.mail(message('counter/0', n, new KeptReply()));
    line.out.reply(n + 1, { list: [n, 'two', { three: 3.5 }] });
    const stamped = new Envelope(
      'message',
      'counter/s',
      { type: 'note', n, at: new Date(1) },
      'counter/a',
      undefined,
      0,
    );
    stamped.deliveryId = new DeliveryId('counter/a', n, 0, 0, `turn ${n}`);
    line.out.mail(stamped);
    const common = message('counter/s', n, new KeptReply());
    common.deliveryId = new DeliveryId('~1.1@7', n + 4, n + 3, n, n === 2 ? 'turn' : undefined);
    line.out.mail(common);
    line.out.signal('counter/a', { type: 'acknowledged', by: 'counter/b', stream: 'counter/a', number: n });
    line.out.publish('news', { type: 'note', n, more: new Map([[n, n]]) }, 'counter/a', 0);
    line.out.signal('counter/a', { type: 'terminated', id: 'counter/b', reason: 'stopped', watch: 'counter/a ~1.1:1' });
    line.out.fail(n + 1, { code: 'REFUSED', message: 'no', fate: 'executed', reason: 'no', data: { n } });
    line.out.grant(8);
    line.out.flush();
  }
  await line.settle();
  return frames;
}

const batch = (...entries: unknown[]): Uint8Array =>
  new FrameEncoder().encode([0, 1, ...entries]).slice(FRAME_HEAD_BYTES);
const GOOD = [
  ['a message', entry.MESSAGE, 'counter/a', 'counter/b', { type: 'note' }],
  ['an ask', entry.ASK, 'counter/a', undefined, { type: 'note' }, '~1.1', 7, 9],
  [
    'a stamped message',
    entry.STAMPED,
    'counter/a',
    undefined,
    { type: 'note' },
    undefined,
    0,
    0,
    's',
    1,
    0,
    0,
    null,
    false,
  ],
  ['a stop', entry.REQUEST, 0, 'counter/a', undefined, 'stopped', undefined, 0, 0],
  ['a watch', entry.REQUEST, 4, 'counter/a', undefined, 'counter/b ~1.1:1', undefined, 0, 0],
  ['a reply', entry.REPLY, 7, 'yes'],
  ['a failure', entry.FAILURE, 7, { code: 'REFUSED', message: 'no' }],
  ['a signal', entry.SIGNAL, 'counter/a', { type: 'acknowledged', by: 'counter/b', stream: 's', number: 4 }],
  ['a publish', entry.PUBLISH, 'news', undefined, { type: 'note' }, 0, null],
  ['a topic', entry.TOPIC, 'news', true, 4],
  ['topics', entry.TOPICS, ['news']],
  ['a marker', entry.MARKER, 3],
  ['a piece', entry.STATE, 3, ['mail', [entry.MESSAGE, 'counter/a', null, { type: 'note' }]]],
  ['a credit', entry.CREDIT, 100],
  ['a call', entry.CALL, 7, 'ids', ['counter', null, 5, true]],
] as const;

describe('an entry that makes no sense is an error of its link', () => {
  test('the same entries are read where they make sense', () => {
    for (const [, ...parts] of GOOD) expect(readAll([batch(...parts)]).error).toBeUndefined();
  });

  test.each<[string, unknown[]]>([
    ['a message that is undefined', [entry.MESSAGE, 'counter/a', null, undefined]],
    ['a message that is bytes of nothing but a number', [entry.MESSAGE, 'counter/a', null, toWire(Object(5))]],
    ['a message without a type', [entry.MESSAGE, 'counter/a', null, { n: 1 }]],
    ['a type that is a number', [entry.MESSAGE, 'counter/a', null, { type: 1 }]],
    ['a message to no id', [entry.MESSAGE, 'no id at all', null, { type: 'note' }]],
    ['a message to a process', [entry.MESSAGE, '~1.1', null, { type: 'note' }]],
    ['a message of a sender that is none', [entry.MESSAGE, 'counter/a', 7, { type: 'note' }]],
    ['a message that ends before its sender', [entry.MESSAGE, 'counter/a']],
    ['an ask of no process', [entry.ASK, 'counter/a', null, { type: 'note' }, 'counter/b', 7, 9]],
    ['an ask without a number', [entry.ASK, 'counter/a', null, { type: 'note' }, '~1.1', -1, 9]],
    ['an ask until for ever', [entry.ASK, 'counter/a', null, { type: 'note' }, '~1.1', 7, Number.POSITIVE_INFINITY]],
    ['a verb that is none', [entry.REQUEST, 99, 'counter/a', null, undefined, undefined, 0, 0]],
    ['a stop without a reason', [entry.REQUEST, 0, 'counter/a', null, undefined, undefined, 0, 0]],
    ['a watch without a name', [entry.REQUEST, 4, 'counter/a', null, undefined, undefined, 0, 0]],
    ['a watch of nobody', [entry.REQUEST, 4, 'counter/a', null, 'x', undefined, 0, 0]],
    ['a subscription to no topic', [entry.REQUEST, 8, 'counter/a', null, '', undefined, 0, 0]],
    ['a stamp whose turn is a number', [...GOOD[2].slice(1, 12), 7, false]],
    ['a stamp that ends early', [...GOOD[2].slice(1, 13)]],
    ['a stamp of half a number', [...GOOD[2].slice(1, 9), 0.5, 0, 0, null, false]],
    ['a failure of no code', [entry.FAILURE, 7, { code: 'toString', message: 'no' }]],
    ['a signal of no type', [entry.SIGNAL, 'counter/a', { type: 'toString' }]],
    [
      'an end without a reason',
      [entry.SIGNAL, 'counter/a', { type: 'terminated', id: 'counter/b', watch: 'c/a ~1.1:1' }],
    ],
    ['a probe without a path', [entry.SIGNAL, 'counter/a', { type: 'ask-probe', path: [] }]],
    ['a probe longer than any ring', [entry.SIGNAL, 'counter/a', { type: 'ask-probe', path: Array(65).fill('a/b') }]],
    ['a signal to nobody', [entry.SIGNAL, '~x', { type: 'ask-probe', path: ['a/b'] }]],
    ['a publish without a message', [entry.PUBLISH, 'news', null, undefined, 0, null]],
    ['a publish to a topic without a name', [entry.PUBLISH, '', null, { type: 'note' }, 0, null]],
    ['a topic that is a number', [entry.TOPIC, 7, true, 4]],
    ['topics that are none', [entry.TOPICS, 'news']],
    ['a move that is half', [entry.MARKER, 1.5]],
    ['a piece of no kind', [entry.STATE, 3, ['toString', []]]],
    ['a piece of nothing', [entry.STATE, 3, ['mail', []]]],
    ['a piece that begins with no envelope', [entry.STATE, 3, ['mail', [entry.REPLY, 1, 1]]]],
    ['a credit below nothing', [entry.CREDIT, -1]],
    ['a call without a number', [entry.CALL, -1, 'metrics', []]],
    ['a call without a name', [entry.CALL, 7, '', []]],
    ['a call of a name that is too long', [entry.CALL, 7, 'x'.repeat(entry.CALL_NAME_LENGTH_MAX + 1), []]],
    ['a call without arguments', [entry.CALL, 7, 'metrics', null]],
    ['a call of too many arguments', [entry.CALL, 7, 'metrics', Array(entry.CALL_ARGUMENTS_MAX + 1).fill(1)]],
    ['a call of an argument that is too long', [entry.CALL, 7, 'ids', ['x'.repeat(entry.CALL_TEXT_LENGTH_MAX + 1)]]],
    ['a call of an argument that is an object', [entry.CALL, 7, 'ids', [{ limit: 1 }]]],
    ['an entry of no kind', [99]],
  ])('%s', (_, parts) => {
    const { given, error } = readAll([batch(...parts)]);
    expect([given, error?.message]).toEqual([0, expect.stringContaining('got')]);
  });

  test('an epoch that is none', () => {
    for (const epoch of [-1, 0.5, 'one', null]) {
      const frame = new FrameEncoder().encode([epoch, 1, entry.MARKER, 1]).slice(FRAME_HEAD_BYTES);
      expect(readAll([frame]).error?.message).toMatch(/whole number; got/);
    }
  });
});

describe('bytes that cannot be read cost the message that they are, and nothing else', () => {
  const garbage = Uint8Array.of(0xff, 0x0f, 0x72, 0x63, 0x5e, 0x00);

  test('a tell, an ask and a publish beside others', () => {
    const ingress = new KeptIngress();
    const reader = new FrameReader(ingress);
    const note = { type: 'note', n: 1 };
    reader.read(
      batch(
        ...[entry.MESSAGE, 'counter/a', null, note, entry.MESSAGE, 'counter/b', null, garbage],
        ...[entry.ASK, 'counter/c', null, garbage, '~1.1', 7, 9, entry.PUBLISH, 'news', null, garbage, 1, null],
        ...[entry.MESSAGE, 'counter/a', null, note],
      ),
    );
    expect(ingress.lines).toEqual([
      'message counter/a 1',
      'unreadable counter/b',
      'unreadable counter/c',
      'unreadable news',
      'message counter/a 1',
    ]);
  });

  test('a reply fails its ask with INVALID_MESSAGE', () => {
    const ingress = new KeptIngress();
    new FrameReader(ingress).read(batch(entry.REPLY, 7, garbage, entry.REPLY, 8, 'yes'));
    expect(ingress.failures).toMatchObject([[7, { code: 'INVALID_MESSAGE', fate: 'executed' }]]);
    expect(ingress.replies).toEqual([[8, 'yes']]);
  });

  test('an error, or what it carries, fails its ask with INVALID_MESSAGE', () => {
    const ingress = new KeptIngress();
    const refusal = { code: 'REFUSED', message: 'no', fate: 'executed' };
    const parts = [
      entry.FAILURE,
      7,
      garbage,
      entry.FAILURE,
      8,
      { ...refusal, data: garbage },
      entry.FAILURE,
      9,
      refusal,
    ];
    new FrameReader(ingress).read(batch(...parts));
    expect(ingress.failures).toMatchObject([
      [7, { code: 'INVALID_MESSAGE', fate: 'unknown' }],
      [8, { code: 'INVALID_MESSAGE', fate: 'unknown' }],
      [9, refusal],
    ]);
  });
});

describe('whatever bytes come', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  /** Bytes that are often tags, marks and kinds, so that more of them get further. */
  const lively = fc
    .array(fc.oneof(fc.constantFrom(...TAGS, 0, 1, 2, 3, 4, 5, 13), fc.integer({ min: 0, max: 255 })), {
      maxLength: 100,
    })
    .map((list) => Uint8Array.from(list));

  test('noise behind each mark', () => {
    const frame = fc
      .tuple(fc.constantFrom(0, 1, COMPACT, COMPACT_RESET, PIECE, 77), fc.oneof(bytes, lively))
      .map(([mark, rest]) => Uint8Array.from([mark, ...rest]));
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), (frames) => void readAll(frames)),
      { numRuns: 5_000 },
    );
  });

  test('real frames with some bytes changed, cut short, doubled, left out or in another order', async () => {
    const frames = await goodFrames();
    expect(readAll(frames)).toEqual({ given: 12, error: undefined });
    const change = fc.record({
      frame: fc.nat(frames.length - 1),
      at: fc.nat(),
      how: fc.constantFrom('flip', 'cut', 'double', 'drop', 'swap', 'insert'),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const spoilt: Uint8Array[] = frames.map((frame) => Uint8Array.from(frame));
        for (const { frame, at, how, byte } of changes) {
          const one = spoilt[frame % spoilt.length] as Uint8Array;
          const place = at % one.length;
          if (how === 'flip') one[place] = byte;
          else if (how === 'cut') spoilt[frame % spoilt.length] = one.subarray(0, Math.max(1, place));
          else if (how === 'double') spoilt.splice(frame, 0, one);
          else if (how === 'drop' && spoilt.length > 1) spoilt.splice(frame % spoilt.length, 1);
          else if (how === 'swap') spoilt.reverse();
          else
            spoilt[frame % spoilt.length] = Buffer.concat([
              one.subarray(0, place),
              Buffer.of(byte),
              one.subarray(place),
            ]);
        }
        readAll(spoilt);
      }),
      { numRuns: 5_000 },
    );
  });

  test('batches of parts of any sort, in any place', () => {
    const part = fc.oneof(
      fc.constantFrom<unknown>('counter/a', '~1.1', { type: 'note' }, null, undefined, true, 0, 1, 2.5, -1, 'news', [
        'a/b',
      ]),
      fc.anything({ withBigInt: true, withDate: true, maxDepth: 2 }),
    );
    const kind = fc.integer({ min: 0, max: 21 });
    const swapped = fc.tuple(fc.constantFrom(...GOOD), fc.nat(), part).map(([[, ...parts], at, other]) => {
      const odd: unknown[] = [...parts];
      odd[1 + (at % (odd.length - 1))] = other;
      return odd;
    });
    const entries = fc.oneof(
      fc.tuple(kind, fc.array(part, { maxLength: 12 })).map(([first, rest]) => [first, ...rest]),
      swapped,
    );
    fc.assert(
      fc.property(fc.array(entries, { maxLength: 4 }), (list) => {
        let frame: Uint8Array;
        try {
          frame = batch(...list.flat());
        } catch {
          return; // what no encoder writes
        }
        readAll([frame]);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a spoilt link leaves another one as it was', async () => {
    const frames = await goodFrames();
    const ingress = new KeptIngress();
    const other = new FrameReader(ingress);
    for (const frame of frames) {
      readAll([frame.subarray(0, frame.length >> 1), Uint8Array.of(0, 0xc1), Uint8Array.of(COMPACT, 0, 1, 137, 255)]);
      other.read(Buffer.from(frame));
    }
    expect(ingress.envelopes).toHaveLength(12);
  });
});

describe('a shape of a compact frame', () => {
  const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
  const framed = (...shape: number[]): Uint8Array =>
    Uint8Array.from([COMPACT_RESET, 0, entry.MESSAGE, 138, 0, ...shape, 1, ...text('counter/a'), 0]);

  test('is taken with its type', () => {
    expect(readAll([framed(2, ...text('type'), ...text('n'), 1, ...text('note'), 5)])).toEqual({
      given: 1,
      error: undefined,
    });
  });

  test.each<[string, number[]]>([
    ['no type', [1, ...text('n'), 0, 5]],
    ['a type at another key', [2, ...text('type'), ...text('n'), 2, ...text('note'), 5]],
    ['two types', [2, ...text('type'), ...text('type'), 1, ...text('note'), 5]],
    ['a key that would set the prototype', [2, ...text('type'), ...text('__proto__'), 1, ...text('note'), 130]],
  ])('with %s is none', (_, shape) => {
    expect(readAll([framed(...shape)])).toMatchObject({ given: 0, error: { message: expect.stringContaining('got') } });
  });
});

describe('a piece', () => {
  test('announces no more than the largest frame, and is refused before memory is taken for it', () => {
    const piece = Buffer.alloc(6);
    piece[0] = PIECE;
    piece.writeUInt32LE(1_000_001, 1);
    expect(readAll([piece]).error?.message).toMatch(/at most 1000000 bytes; got 1000001/);
  });

  test('joined to a whole that is a piece again is no frame', () => {
    const inner = Uint8Array.from([0, 0, 0, 0, PIECE, 1, 0, 0, 0, 7]);
    const cutter = new PieceCutter(inner);
    expect(readAll([cutter.next().subarray(FRAME_HEAD_BYTES)]).error).toBeDefined();
  });

  test('of the largest size is joined', () => {
    const whole = Buffer.alloc(FRAME_HEAD_BYTES + 200_000, 5);
    const cutter = new PieceCutter(whole);
    const joiner = new PieceJoiner(200_000);
    let joined: Buffer | undefined;
    while (!cutter.isDone) joined = joiner.add(cutter.next().subarray(FRAME_HEAD_BYTES));
    expect(joined?.byteLength).toBe(200_000);
  });
});
