import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { FRAME_HEAD_BYTES, PIECE } from '../../../src/wire/link.ts';
import { MARKER } from '../../../src/wire/entry.ts';
import { isLarge, LARGE } from '../../../src/peer/large-mail.ts';
import { PIECE_BYTES, PieceCutter, PieceJoiner } from '../../../src/frames/pieces.ts';
import { KeptReply, type Line, newLine } from './link-fixture.ts';

const blob = 'x'.repeat(40 * PIECE_BYTES);

function learned(sender: string, n: number, text?: string): Envelope {
  return new Envelope('message', 'counter/a', { type: 'note', n, ...(text && { text }) }, sender, undefined, 0);
}

/** Pieces are no entries: nothing of a frame is seen to arrive before its last one. */
async function arrived(line: Line): Promise<void> {
  for (let rounds = 0; rounds < 200; rounds++) await line.settle();
}

const seen = ({ sender, message }: Envelope): string => `${sender} ${(message as { n: number }).n}`;

describe('a large message', () => {
  test('arrives as it was, in pieces', async () => {
    const line = await newLine({ messageBytesMax: 100_000_000 });
    const message = { type: 'note', n: 1, text: blob, map: new Map([['a', new Uint8Array(300_000).fill(7)]]) };
    line.out.mail(new Envelope('message', 'counter/a', message, 'counter/s', new KeptReply(), 5_000));
    line.out.reply(9, { text: blob });
    line.out.publish('news', { type: 'note', n: 2, text: blob }, 'counter/s', 0);
    await arrived(line);
    expect(line.ingress.envelopes[0]).toMatchObject({ to: 'counter/a', sender: 'counter/s', deadline: 5_000, message });
    expect(line.ingress.replies).toEqual([[9, { text: blob }]]);
    expect(line.ingress.lines.some((text) => text.startsWith('publish news 2'))).toBe(true);
    expect([line.out.waiting, line.out.sent, line.ingress.entries]).toEqual([0, 3, 3]);
  });

  test('is passed by replies and by mail of other senders, and never by mail of its own', async () => {
    const line = await newLine({ messageBytesMax: 100_000_000, blockedFrames: 2 });
    line.out.mail(learned('counter/large', 0, blob));
    await Promise.resolve();
    for (let n = 1; n <= 3; n++) line.out.mail(learned('counter/other', n));
    line.out.reply(5, 'yes');
    line.out.mail(learned('counter/large', 1));
    line.out.mail(learned('counter/other', 4));
    await arrived(line);
    expect(line.ingress.lines[0]).toBe('reply 5');
    expect(line.ingress.envelopes.map(seen)).toEqual([
      ...['counter/other 1', 'counter/other 2', 'counter/other 3'],
      ...['counter/large 0', 'counter/large 1', 'counter/other 4'],
    ]);
  });

  test('is not passed by a marker, which says that all before it has come', async () => {
    const line = await newLine({ messageBytesMax: 100_000_000, blockedFrames: 2 });
    line.out.mail(learned('counter/large', 0, blob));
    await Promise.resolve();
    line.out.note(MARKER, 1);
    line.out.mail(learned('counter/other', 1));
    await arrived(line);
    expect(line.ingress.lines).toEqual(['message counter/a 0', 'marker 1', 'message counter/a 1']);
  });

  test('of which the last piece was not written is given back, before all later mail', async () => {
    const line = await newLine({ messageBytesMax: 100_000_000, blockedFrames: 2 });
    line.network.stall('~1.1', '~2.1');
    line.out.mail(learned('counter/large', 0, blob));
    line.out.mail(learned('counter/large', 1));
    line.out.flush();
    // The two, and a frame that the link has not accepted.
    expect(line.out.waiting).toBe(3);
    line.out.detach();
    expect(line.out.takeUnwritten().map((mail) => seen(mail as Envelope))).toEqual([
      'counter/large 0',
      'counter/large 1',
    ]);
    expect(line.out.waiting).toBe(0);
  });

  test('keeps the order of each sender, whatever is sent at whatever moment', async () => {
    const step = fc.record({
      sender: fc.constantFrom('counter/a', 'counter/b', undefined),
      kind: fc.constantFrom('small', 'small', 'small', 'large', 'date', 'publish', 'settle'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        async (steps, blockedFrames) => {
          const line = await newLine({ messageBytesMax: 100_000_000, blockedFrames });
          const sent = new Map<string, number[]>();
          const got = new Map<string, number[]>();
          const note = (of: Map<string, number[]>, sender: string | undefined, n: number): void => {
            of.set(`${sender}`, [...(of.get(`${sender}`) ?? []), n]);
          };
          line.ingress.published = ({ message, sender }) => note(got, sender, (message as { n: number }).n);
          line.ingress.envelope = ({ sender, message }) => note(got, sender, (message as { n: number }).n);
          for (const [n, { sender, kind }] of steps.entries()) {
            if (kind === 'settle') {
              await Promise.resolve();
              continue;
            }
            const text = kind === 'large' ? blob.slice(0, 5 * PIECE_BYTES) : 'small';
            const message = { type: 'note', n, text, ...(kind === 'date' && { at: new Date(n) }) };
            if (kind === 'publish') line.out.publish('news', message, sender, 0);
            else line.out.mail(new Envelope('message', `counter/${n % 3}`, message, sender, undefined, 0));
            note(sent, sender, n);
          }
          await arrived(line);
          expect(got).toEqual(sent);
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('what counts as large is seen from outside', () => {
  const at = (message: unknown): boolean =>
    isLarge(new Envelope('message', 'counter/a', message, undefined, undefined, 0));
  const text = 'x'.repeat(LARGE);
  expect(
    [text, { text }, { rows: new Array(LARGE).fill(0) }, Buffer.alloc(LARGE), { b: new ArrayBuffer(LARGE) }].map(at),
  ).toEqual([true, true, true, true, true]);
  expect([undefined, null, 5, { text: text.slice(1) }, { deep: { text } }].map(at)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});

describe('pieces', () => {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + 2.5 * PIECE_BYTES, 'abc');

  test('joined they are the frame, and the next one begins anew', () => {
    const joiner = new PieceJoiner();
    for (let round = 0; round < 2; round++) {
      const cutter = new PieceCutter(frame);
      const got: (Buffer | undefined)[] = [];
      while (!cutter.isDone && got.length < 10) got.push(joiner.add(cutter.next().subarray(FRAME_HEAD_BYTES)));
      expect(got.length).toBe(3);
      expect(got.slice(0, 2)).toEqual([undefined, undefined]);
      expect(got[2]?.equals(frame.subarray(FRAME_HEAD_BYTES))).toBe(true);
    }
  });

  test.each<[string, number[][]]>([
    ['nothing', [[PIECE, 9, 0, 0, 0]]],
    ['more than the frame', [[PIECE, 1, 0, 0, 0, 1, 2]]],
    [
      'another frame',
      [
        [PIECE, 9, 0, 0, 0, 1],
        [PIECE, 8, 0, 0, 0, 1],
      ],
    ],
    ['a frame of a size that none has', [[PIECE, 255, 255, 255, 255, 1]]],
    ['no head', [[PIECE, 1]]],
  ])('that make no sense throw: %s', (_, pieces) => {
    const joiner = new PieceJoiner();
    expect(() => pieces.forEach((bytes) => void joiner.add(Buffer.from(bytes)))).toThrow('got');
  });
});
