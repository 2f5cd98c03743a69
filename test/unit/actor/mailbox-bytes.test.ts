/** Mailboxes that share the memory of a process: what the quick way takes, and the sum after any steps. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mailbox, MailboxBounds } from '../../../src/actor/mailbox.ts';
import { Envelope, type Message } from '../../../src/vocabulary/envelope.ts';
import { QUEUE_SHARE, QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import { LIGHT_BYTES, Scales } from '../../../src/plain-data/weight.ts';

const CAPACITY = 12;
const MEMORY_BYTES = 40 * LIGHT_BYTES;

const light: Message = { type: 'take' };
/** One of them is told to many: it takes its memory once. */
const heavyOnes: Message[] = [1_000, 2_000, 3_000].map((length) => ({ type: 'take', text: 'x'.repeat(length) }));

const mail = (message: Message): Envelope => new Envelope('message', 'counter/a', message, undefined, undefined, 0);

/** As a cell does. */
function offer(mailbox: Mailbox, memory: QueueMemory, message: Message): 'few' | 'taken' | 'refused' {
  const envelope = mail(message);
  memory.weigh(envelope, message);
  if (mailbox.pushOfFew(envelope, new Lenient())) return 'few';
  if (!mailbox.hasRoomFor(envelope)) return 'refused';
  mailbox.push(envelope);
  return 'taken';
}

/** Nothing is to be looked at again: all was weighed. */
class Lenient extends Scales {
  override isDue(): boolean {
    return false;
  }
}

/** By looking at every message that waits: each has a place in its mailbox, and a heavy one takes its memory once. */
function sumOf(boxes: readonly Mailbox[]): number {
  const mail = boxes.flatMap((mailbox) => [...mailbox.mail()]);
  const aside = boxes.flatMap((mailbox) => [...mailbox.aside()]);
  const heavy = new Set([...mail, ...aside].map((envelope) => envelope.heavy));
  const places = mail.length + aside.filter((envelope) => envelope.heavy === undefined).length;
  let bytes = places * LIGHT_BYTES;
  for (const one of heavy) bytes += one?.bytes ?? 0;
  return bytes;
}

function bytesIn(mailbox: Mailbox): number {
  return [...mailbox.mail()].reduce((sum, { heavy }) => sum + LIGHT_BYTES + (heavy?.bytes ?? 0), 0);
}

type Step = ['light' | 'heavy' | 'shift' | 'aside' | 'back' | 'remove' | 'takeAll', number, number];

test('after any steps the sum of a process is what its mailboxes hold, and 0 once they are empty', () => {
  const what = fc.constantFrom('light', 'light', 'light', 'heavy', 'shift', 'aside', 'back', 'remove', 'takeAll');
  const steps = fc.array(fc.tuple(what, fc.nat(2), fc.nat(2)) as fc.Arbitrary<Step>, { maxLength: 80 });
  fc.assert(
    fc.property(steps, (all) => {
      const memory = new QueueMemory(MEMORY_BYTES);
      const boxes = [0, 1, 2].map(() => new Mailbox(new MailboxBounds(memory, CAPACITY)));
      for (const [step, which, size] of all) {
        const mailbox = boxes[which] as Mailbox;
        const before = { length: mailbox.length, bytes: mailbox.bytes, all: memory.bytes };
        if (step === 'light' || step === 'heavy') {
          const verdict = offer(mailbox, memory, step === 'light' ? light : (heavyOnes[size] as Message));
          // Whoever went the quick way need not slow down, and whoever is refused stands before a bound.
          if (verdict === 'few') expect([step, mailbox.isClear]).toEqual(['light', true]);
          if (verdict === 'refused')
            expect(before.length === CAPACITY || before.bytes > 0 || before.all > 0).toBe(true);
        } else if (step === 'shift') mailbox.shift();
        else if (step === 'remove') mailbox.removeFirst(() => true);
        else if (step === 'takeAll') mailbox.takeAll();
        else if (step === 'back') mailbox.bringBack();
        else {
          const envelope = mailbox.shift();
          if (envelope) mailbox.putAside(envelope);
        }
        expect(memory.bytes).toBe(sumOf(boxes));
        expect(mailbox.bytes).toBe(bytesIn(mailbox));
      }
      for (const mailbox of boxes) {
        mailbox.bringBack();
        mailbox.takeAll();
      }
      expect([memory.bytes, memory.waiting, memory.heavyWaiting]).toEqual([0, 0, 0]);
    }),
    { numRuns: 300 },
  );
});

test('the quick way ends at half of a mailbox, of its bytes, of the process, and where a heavy message waits', () => {
  const scales = new Lenient();
  const taken = (memory: QueueMemory, capacity: number, others = 0): number => {
    const mailbox = new Mailbox(new MailboxBounds(memory, capacity));
    const other = new Mailbox(new MailboxBounds(memory, 1_000));
    for (let at = 0; at < others; at++) other.push(mail(light));
    let count = 0;
    while (count < 10_000 && mailbox.pushOfFew(mail(light), scales)) count++;
    return count;
  };
  expect(taken(new QueueMemory(), 21)).toBe(10);
  expect(taken(new QueueMemory(MEMORY_BYTES), 1_000)).toBe(40 / QUEUE_SHARE / 2);
  expect(taken(new QueueMemory(MEMORY_BYTES), 1_000, 18)).toBe(2);

  const memory = new QueueMemory();
  const mailbox = new Mailbox(new MailboxBounds(memory, 100));
  offer(mailbox, memory, heavyOnes[0] as Message);
  expect(mailbox.pushOfFew(mail(light), scales)).toBe(false);
  mailbox.shift();
  expect(mailbox.pushOfFew(mail(light), scales)).toBe(true);
});
