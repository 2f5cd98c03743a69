/** The mailbox as a thing of its own: the order of its two lanes, and its count of what waits. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mailbox, MailboxBounds } from '../../../src/actor/mailbox.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';

const mail = (n: number): Envelope =>
  new Envelope('message', 'counter/a', { type: 'take', n }, undefined, undefined, 0);
const numberOf = ({ message }: Envelope): number => (message as { n: number }).n;

test('mail put back goes first, what was put aside comes back in front of all, in order', () => {
  const mailbox = new Mailbox(new MailboxBounds(new QueueMemory(), 100));
  for (const n of [3, 4]) mailbox.push(mail(n));
  mailbox.putBack([mail(1), mail(2)]);
  for (const n of [-1, 0]) mailbox.putAside(mail(n));
  expect([mailbox.length, mailbox.asideLength, mailbox.bringBack(), mailbox.asideLength]).toEqual([4, 2, true, 0]);
  expect([...mailbox.mail()].map(numberOf)).toEqual([-1, 0, 1, 2, 3, 4]);
  expect([mailbox.bringBack(), mailbox.takeAll().map(numberOf), mailbox.shift()]).toEqual([
    false,
    [-1, 0, 1, 2, 3, 4],
    undefined,
  ]);
});

type Step = ['push' | 'shift' | 'putBack' | 'remove' | 'takeAll' | 'putAside' | 'bringBack' | 'takeAside', number];

test('after any steps the count of a process is what its mailboxes hold, and both lanes are as lists would be', () => {
  const steps = fc.array(
    fc.tuple(
      fc.constantFrom('push', 'shift', 'putBack', 'remove', 'takeAll', 'putAside', 'bringBack', 'takeAside'),
      fc.nat(3),
    ) as fc.Arbitrary<Step>,
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, steps, (first, second) => {
      const memory = new QueueMemory();
      const boxes = [first, second].map(
        (steps) => ({ steps, mailbox: new Mailbox(new MailboxBounds(memory, 100)), mail: [], aside: [] }) as Box,
      );
      for (const box of boxes) for (const step of box.steps) take(box, step);
      for (const { mailbox, mail, aside } of boxes) {
        expect([[...mailbox.mail()].map(numberOf), [...mailbox.aside()].map(numberOf)]).toEqual([mail, aside]);
        expect([mailbox.length, mailbox.asideLength]).toEqual([mail.length, aside.length]);
      }
      expect(memory.waiting).toBe(boxes.reduce((sum, { mail }) => sum + mail.length, 0));
    }),
  );
});

interface Box {
  steps: Step[];
  mailbox: Mailbox;
  mail: number[];
  aside: number[];
}

function take({ mailbox, mail: list, aside }: Box, [what, n]: Step): void {
  const at = list.indexOf(n);
  switch (what) {
    case 'push':
      mailbox.push(mail(n));
      return void list.push(n);
    case 'shift':
      return expect(numberOf(mailbox.shift() ?? mail(-1))).toBe(list.shift() ?? -1);
    case 'putBack':
      mailbox.putBack([mail(n), mail(n)]);
      return void list.unshift(n, n);
    case 'remove':
      mailbox.removeFirst((envelope) => numberOf(envelope) === n);
      return void (at >= 0 && list.splice(at, 1));
    case 'takeAll':
      return expect(mailbox.takeAll().map(numberOf)).toEqual(list.splice(0));
    case 'putAside':
      mailbox.putAside(mail(n));
      return void aside.push(n);
    case 'bringBack':
      expect(mailbox.bringBack()).toBe(aside.length > 0);
      return void list.unshift(...aside.splice(0));
    case 'takeAside':
      return expect(mailbox.takeAside().map(numberOf)).toEqual(aside.splice(0));
  }
}
