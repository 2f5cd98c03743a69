/**
 * What processes write to each other, to the byte: a build that writes it otherwise has another version, or one of the build before would break its link at
 * the first such frame, and lose what stood in it, again and again.
 */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { FrameWriter } from '../../../src/frames/frame-writer.ts';
import { CreditNote, Note, type Outbound, PublishNote, ReplyNote, SignalNote } from '../../../src/frames/outbound.ts';
import type { DeadLetters } from '../../../src/observe/dead-letters.ts';
import { DeliveryId, Envelope, type ReplyTo } from '../../../src/vocabulary/envelope.ts';
import * as entries from '../../../src/wire/entry.ts';
import { FRAME_HEAD_BYTES, WIRE_VERSION } from '../../../src/wire/link.ts';

/** Of all below. Where it is another one: WIRE_VERSION + 1, and both here. */
const WRITTEN = { version: 4, hash: 'ac8e276a8ea9288e40c5c32d700c1f36' };

const replyTo = {
  settled: false,
  address: () => ({ process: '~1.7', correlation: 300 }),
  written() {},
} as unknown as ReplyTo;
const stamp = new DeliveryId('counter/1', 9, 8, 7, 'turn', true);

function message(body: unknown, more: Partial<Envelope> = {}): Envelope {
  return Object.assign(new Envelope('message', 'counter/2', body, 'counter/1', undefined, 0), more);
}

const common: Outbound[] = [
  message({ type: 'inc', n: 1, x: 1.5, text: 'é', list: [true, null, undefined], big: 2 ** 40 }),
  message({ type: 'inc', n: 2, x: -1, text: '', list: [], big: 0 }, { replyTo, deadline: 12_345.5 }),
  message({ type: 'inc' }, { deliveryId: stamp }),
  message({ type: 'inc' }, { deliveryId: stamp, replyTo, deadline: 7 }),
  new ReplyNote(300, { n: 1 }),
  new CreditNote(8_192),
  new SignalNote('counter/1', { type: 'acknowledged', by: 'counter/2', stream: 'counter/1', number: 9 }),
];

const others: Outbound[] = [
  message({ type: 'inc', at: new Date(0), of: new Map([[1, new Set(['x'])]]) }),
  message({ type: 'inc' }, { trace: '00-1-2-01' }),
  new Envelope('watch', 'counter/2', ['w', 1], 'counter/1', replyTo, 5),
  message({ type: 'inc', at: new Date(0) }, { deliveryId: stamp, replyTo }),
  new SignalNote('counter/1', { type: 'terminated', id: 'counter/2', reason: 'stopped', watch: 'counter/1 ~1.7:3' }),
  new PublishNote('news', { type: 'said' }, 'counter/1', 12, ['counter/3'], '00-1-2-01'),
  new ReplyNote(301, new Date(0)),
  new Note([entries.FLUSH, 2 ** 41 + 1]),
  new Note([entries.CALL, 5, 'places', [0]]),
  new Note([entries.ARRIVAL, 3, ['end']]),
];

function written(): string {
  const writer = new FrameWriter({
    ...{ address: '~2.1', messageBytesMax: 1e6, frameBytes: 65_536, frameBytesMax: 2e6, epoch: () => 77 },
    deadLetters: {} as DeadLetters,
  });
  const hash = createHash('sha256');
  const numbers = Object.entries(entries).filter(
    ([name, value]) => typeof value === 'number' && !name.endsWith('_MAX'),
  );
  hash.update(JSON.stringify(numbers.sort(([one], [other]) => (one < other ? -1 : 1))));
  writer.beginCompact();
  for (const item of common) expect(writer.appendCompact(item)).toBe(true);
  hash.update(writer.finishCompact(common.length)?.subarray(FRAME_HEAD_BYTES) ?? '');
  const batch = writer.begin();
  for (const item of others) expect(writer.append(batch, item, { bytesMax: 0 })).toBe(true);
  hash.update(writer.encode(batch).subarray(FRAME_HEAD_BYTES));
  return hash.digest('hex').slice(0, 32);
}

test('what is written to a link is that of this version', () => {
  expect({ version: WIRE_VERSION, hash: written() }).toEqual(WRITTEN);
});
