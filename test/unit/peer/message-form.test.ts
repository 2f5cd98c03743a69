/** Messages that pass the door in their own process, and would be none in another: refused by their sender's link. */
import { expect, test } from 'vitest';
import { runInNewContext } from 'node:vm';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { KeptReply, type Line, newLine } from './link-fixture.ts';

function tell(line: Line, message: unknown): KeptReply {
  const reply = new KeptReply();
  line.out.mail(new Envelope('message', 'counter/a', { type: 'note', n: 1 }, undefined, undefined, 0));
  line.out.mail(new Envelope('message', 'counter/a', message, undefined, reply, 9));
  line.out.mail(new Envelope('message', 'counter/a', { type: 'note', n: 3 }, undefined, undefined, 0));
  return reply;
}

let looks = 0;

test.each<[string, () => object]>([
  ['that is not enumerable', () => Object.defineProperty({ n: 2 }, 'type', { value: 'note', enumerable: false })],
  [
    'that is not enumerable, among values of all sorts',
    () => Object.defineProperty({ at: new Map() }, 'type', { value: 'x' }),
  ],
  ['on an Error', () => Object.assign(new Error('x'), { type: 'note' })],
  ['on a Map', () => Object.assign(new Map(), { type: 'note' })],
  ['on bytes', () => Object.assign(new Uint8Array(2), { type: 'note' })],
  [
    'that another look finds to be a number',
    () => ({
      n: 2,
      at: new Map(),
      get type() {
        return looks++ % 2 ? 7 : 'note';
      },
    }),
  ],
])('a type %s: its ask is refused, and its neighbours arrive', async (_, make) => {
  const line = await newLine();
  looks = 0;
  const reply = tell(line, make());
  await line.settle();
  expect(line.ingress.lines).toEqual(['message counter/a 1', 'message counter/a 3']);
  expect(reply.outcome).toMatchObject({ code: 'INVALID_MESSAGE' });
});

test.each<[string, () => object]>([
  [
    'of a getter',
    () => ({
      n: 2,
      get type() {
        return 'note';
      },
    }),
  ],
  [
    'of a getter, beside a Map',
    () => ({
      n: 2,
      at: new Map(),
      get type() {
        return 'note';
      },
    }),
  ],
  ['on an array', () => Object.assign([1], { type: 'note', n: 2 })],
  ['of an object without a prototype', () => Object.assign(Object.create(null) as object, { type: 'note', n: 2 })],
  ['of another realm', () => runInNewContext('({ type: "note", n: 2 })') as object],
])('a type %s arrives', async (_, make) => {
  const line = await newLine();
  const reply = tell(line, make());
  await line.settle();
  expect(line.ingress.lines).toEqual(['message counter/a 1', 'message counter/a 2', 'message counter/a 3']);
  expect(reply.outcome).toBeUndefined();
});
