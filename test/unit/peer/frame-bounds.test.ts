/** No frame is written that the other end does not take: whatever waits goes in as many frames as it needs. */
import { expect, test } from 'vitest';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { errorToData, TroupeError } from '../../../src/vocabulary/errors.ts';
import { FRAME_EXTRA_BYTES } from '../../../src/wire/link.ts';
import { KeptReply, type Line, message, newLine } from './link-fixture.ts';

const MESSAGE_BYTES_MAX = 20_000;

/** Bytes of the largest frame that went by, and how many there were. */
async function frames(line: Line): Promise<{ largest: number; count: number }> {
  const seen = { largest: 0, count: 0 };
  const { write } = line.near;
  line.near.write = (bytes) => {
    seen.largest = Math.max(seen.largest, bytes.byteLength);
    seen.count++;
    return write.call(line.near, bytes);
  };
  await line.settle();
  return seen;
}

const newNarrowLine = (): Promise<Line> => newLine({ messageBytesMax: MESSAGE_BYTES_MAX });

function failure(chars: number, data?: unknown): ReturnType<typeof errorToData> {
  const cause = new Error('x'.repeat(chars));
  return errorToData(new TroupeError('HANDLER_FAILED', `it threw ${cause.message}`, { fate: 'executed', cause, data }));
}

test('thousands of errors with much text arrive, each at its asker, in frames of the usual size', async () => {
  const line = await newNarrowLine();
  for (let n = 1; n <= 3_000; n++) line.out.fail(n, failure(100 * (n % 100)));
  const { largest, count } = await frames(line);
  expect(line.ingress.failures.map(([correlation]) => correlation)).toEqual(
    Array.from({ length: 3_000 }, (_, n) => n + 1),
  );
  expect(count).toBeGreaterThan(20);
  expect(largest).toBeLessThan(FRAME_EXTRA_BYTES / 4);
});

test('the data of a refusal arrives within the bound of a message; beyond it the refusal goes without', async () => {
  const line = await newNarrowLine();
  const data = { when: new Map([['a', new Date(5)]]), text: 'y'.repeat(10_000) };
  line.out.fail(1, failure(1, data));
  line.out.fail(2, failure(1, { text: 'y'.repeat(MESSAGE_BYTES_MAX + 1) }));
  await line.settle();
  const [first, second] = line.ingress.failures.map(([, error]) => error);
  expect(first?.data).toEqual(data);
  expect(second).toMatchObject({ code: 'HANDLER_FAILED', fate: 'executed' });
  expect(second?.data).toBeUndefined();
});

test('long ids, told ends and probes count: a thousand of them do not make a frame of megabytes', async () => {
  const line = await newNarrowLine();
  const long = (n: number): string => `counter/${n}${'k'.repeat(480)}`;
  const path = Array.from({ length: 60 }, (_, n) => long(n));
  for (let n = 0; n < 1_000; n++) {
    const sent = new Envelope('message', long(n), { type: 'note', n, at: new Date(1) }, long(n), undefined, 0);
    line.out.mail(sent);
    line.out.signal(long(n), {
      type: 'terminated',
      id: long(n),
      reason: 'r'.repeat(1_000),
      watch: `${long(n)} ~1.1:1`,
    });
    line.out.signal(long(n), { type: 'ask-probe', path });
    line.out.publish('t'.repeat(200), { type: 'note', n, at: new Date(1) }, long(n), 1, new Set(path));
  }
  const { largest } = await frames(line);
  expect(line.ingress.lines).toHaveLength(4_000);
  expect(largest).toBeLessThan(FRAME_EXTRA_BYTES / 2);
});

test('what only the encoder finds too large is refused alone; its neighbours arrive', async () => {
  const line = await newNarrowLine();
  let looks = 0;
  const fickle = {
    type: 'note',
    n: 2,
    at: new Date(1),
    get text() {
      return looks++ < 2 ? 'short' : 'x'.repeat(5_000_000);
    },
  };
  const asked = new KeptReply();
  line.out.mail(new Envelope('message', 'counter/a', { type: 'note', n: 1, at: new Date(1) }, undefined, undefined, 0));
  line.out.mail(new Envelope('message', 'counter/a', fickle, undefined, asked, 9));
  line.out.mail(message('counter/a', 3));
  await line.settle();
  expect(line.ingress.lines).toEqual(['message counter/a 1', 'message counter/a 3']);
  expect(asked.outcome).toMatchObject({ code: 'MESSAGE_TOO_LARGE', fate: 'not-executed' });
});
