import { expect, test } from 'vitest';
import { MigrationBuffer } from '../../../src/handoff/migration-buffer.ts';
import { BUFFERED_MAIL_MAX, OutgoingHandoff } from '../../../src/handoff/outgoing.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';

const UNIT = 'counter/a';
const LARGE = 64 * 1024;

interface Buffer {
  memory: QueueMemory;
  outgoing: OutgoingHandoff;
  /** What was refused, with the reason. */
  refused: [code: string, text: string][];
  /** One more message of so many bytes comes for the actor that moves. */
  arrives(bytes?: number): void;
}

function newBuffer(memory = new QueueMemory()): Buffer {
  const ends = { from: { index: 1, incarnation: 1 }, to: { index: 2, incarnation: 1 } };
  const order = { ...ends, id: 1, purpose: 'move' as const, units: [UNIT], subscriptions: [] };
  const outgoing = new OutgoingHandoff({ actors: { kernel: { memory } } } as never, order);
  const refused: [string, string][] = [];
  const deadLetters = { refuseUnlessResent: (_: Envelope, code: string, text: string) => refused.push([code, text]) };
  const buffer = new MigrationBuffer([outgoing], {} as never, { memory, deadLetters } as never);
  return {
    ...{ memory, outgoing, refused },
    arrives: (bytes = 10) =>
      void buffer.captureInbound(
        UNIT,
        new Envelope('message', UNIT, { type: 'add', text: 'x'.repeat(bytes) }, undefined, undefined, 0),
      ),
  };
}

test('mail for an actor that moves waits up to its bound; one more is refused', () => {
  const { outgoing, refused, arrives } = newBuffer();
  for (let n = 0; n <= BUFFERED_MAIL_MAX; n++) arrives();
  expect(outgoing.buffered.length).toBe(BUFFERED_MAIL_MAX);
  const text = 'no room for one message more for the move of counter/a; the limit is 100000 messages';
  expect(refused).toEqual([['OVERLOADED', text]]);
});

test('it waits within the bytes of one queue, which count with all others of the process until it has moved', () => {
  const { memory, outgoing, refused, arrives } = newBuffer(new QueueMemory(40 * LARGE));
  for (let n = 0; n < 20; n++) arrives(LARGE);
  expect(outgoing.buffered.length + refused.length).toBe(20);
  expect(outgoing.buffered.length).toBeGreaterThan(3);
  expect(outgoing.buffered.length).toBeLessThan(11);
  expect(refused.every(([code]) => code === 'OVERLOADED')).toBe(true);
  expect(memory.bytes).toBeGreaterThan(3 * LARGE);
  outgoing.buffered.clear();
  expect(memory.bytes).toBe(0);
});
