import { expect, test } from 'vitest';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { FrameEncoder } from '../../../src/wire/codec.ts';
import { MARKER, MESSAGE, REPLY, STATE, TOPIC, TOPIC_ACK, TOPICS } from '../../../src/wire/entry.ts';
import { FRAME_HEAD_BYTES } from '../../../src/wire/link.ts';
import { FrameReader } from '../../../src/frames/frame-reader.ts';
import { KeptIngress, KeptReply, message, newLine } from './link-fixture.ts';

function newReader(): { reader: FrameReader; ingress: KeptIngress; frame: (...entries: unknown[]) => Uint8Array } {
  const ingress = new KeptIngress();
  const encoder = new FrameEncoder();
  const frame = (...batch: unknown[]): Uint8Array => encoder.encode(batch).slice(FRAME_HEAD_BYTES);
  return { reader: new FrameReader(ingress), ingress, frame };
}

test('a frame under a newer epoch waits for its table, and is then read once', () => {
  const { reader, ingress, frame } = newReader();
  ingress.now = 3;
  expect(reader.read(frame(3, 1, MARKER, 1))).toBe(true);
  expect(reader.read(frame(5, 0, MARKER, 2))).toBe(false);
  ingress.now = 4;
  expect([reader.unpark(), reader.isParked, ingress.lines]).toEqual([false, true, ['marker 1']]);
  ingress.now = 5;
  expect([reader.unpark(), reader.unpark(), reader.isParked]).toEqual([true, true, false]);
  expect(ingress.lines).toEqual(['marker 1', 'marker 2']);
});

test('nothing passes a frame that waits, on the way to it either', async () => {
  const line = await newLine();
  line.out.mail(message('counter/a', 1));
  await line.settle();
  line.epoch.now = 1;
  line.out.mail(message('counter/a', 2));
  line.out.flush();
  line.epoch.now = 0;
  line.out.mail(message('counter/a', 3));
  line.out.reply(1, 'yes');
  await line.settle();
  expect(line.ingress.lines).toEqual(['message counter/a 1']);
  line.ingress.now = 1;
  if (line.reader.unpark()) line.far.resume();
  await line.settle();
  expect(line.ingress.lines.slice(1)).toEqual(['message counter/a 2', 'reply 1', 'message counter/a 3']);
});

test('a frame under an older epoch is read', () => {
  const { reader, ingress, frame } = newReader();
  ingress.now = 9;
  expect(
    reader.read(frame(1, 1, TOPICS, ['news', 'sport'], TOPIC, 'news', true, 4, TOPIC_ACK, 5, STATE, 6, null)),
  ).toBe(true);
  expect(ingress.lines).toEqual(['topics news sport', 'topic news true 4', 'topic-ack 5', 'transfer 6']);
});

test('what was sent arrives as it was: sender, deadline, verb, refs, and where the reply goes', async () => {
  const line = await newLine();
  const text = { type: 'note', n: 1, when: new Date(5), more: new Map([['a', [undefined, 1n]]]) };
  line.out.mail(new Envelope('message', 'counter/a', text, 'counter/s', new KeptReply(), 1_234));
  line.out.mail(new Envelope('stop', 'counter/a', 'enough', undefined, undefined, 0));
  await line.settle();
  const [ask, stop] = line.ingress.envelopes;
  expect(ask).toMatchObject({ verb: 'message', to: 'counter/a', sender: 'counter/s', deadline: 1_234, message: text });
  expect(ask?.replyTo).toBeInstanceOf(KeptReply);
  expect(stop).toMatchObject({ verb: 'stop', to: 'counter/a', message: 'enough', replyTo: undefined });
  expect(stop?.sender).toBeUndefined();
});

test.each<[string, unknown[]]>([
  ['an entry of no kind', [0, 1, 99]],
  ['a number that no id was given', [0, 1, MESSAGE, 7, null, {}]],
  ['an id that is none', [0, 1, MESSAGE, true, null, {}]],
])('%s makes no sense, and is an error of its link', (_, batch) => {
  const { reader, frame } = newReader();
  expect(() => reader.read(frame(...batch))).toThrow('got');
});

test('a reset makes both ends forget the numbers of ids together', () => {
  const { reader, ingress, frame } = newReader();
  reader.read(
    frame(0, 1, MESSAGE, 'counter/a', null, { type: 'note', n: 1 }, MESSAGE, 0, null, { type: 'note', n: 2 }),
  );
  reader.read(
    frame(
      0,
      1,
      MESSAGE,
      'counter/b',
      null,
      { type: 'note', n: 3 },
      MESSAGE,
      0,
      null,
      { type: 'note', n: 4 },
      REPLY,
      3,
      'x',
    ),
  );
  expect(ingress.lines).toEqual([
    'message counter/a 1',
    'message counter/a 2',
    'message counter/b 3',
    'message counter/b 4',
    'reply 3',
  ]);
  expect([ingress.entries, ingress.messages]).toEqual([5, 4]);
});
