import { expect, test } from 'vitest';
import type { TrackedStream } from '../../../src/actor/durable-side.ts';
import type { Kernel } from '../../../src/actor/kernel.ts';
import { SessionMail } from '../../../src/gateway/session-mail.ts';
import { Envelope, type ReplyTo } from '../../../src/vocabulary/envelope.ts';

/** A kernel whose kind `ledger` is durable; what is sent to it waits until the test commits it. */
function newMail(): { mail: SessionMail; sent: string[]; commit(...numbers: number[]): void; streams: string[] } {
  const sent: string[] = [];
  const streams: string[] = [];
  let gone: (numbers: readonly number[]) => void = () => {};
  const stream: TrackedStream = {
    size: 0,
    send: ({ to }, number) => sent.push(`${to} ${number}`) > 0,
    follow: ({ to }) => void sent.push(`${to} behind`),
  };
  const kernel = {
    address: '~0.1',
    router: { deliver: ({ to }: Envelope) => sent.push(to) > 0, signal: () => {} },
    durability: {
      isDurable: (id: string) => id.startsWith('ledger/'),
      openStream(name: string, told: typeof gone) {
        streams.push(name);
        gone = told;
        return stream;
      },
      closeStream: (name: string) => void streams.push(`end of ${name}`),
    },
  } as unknown as Kernel;
  return { mail: new SessionMail(kernel, 'a session'), sent, commit: (...numbers) => gone(numbers), streams };
}

function tell(mail: SessionMail, to: string, number: number): boolean {
  const envelope = new Envelope('message', to, { type: 'x' }, undefined, undefined, 0);
  return mail.once(number, () => mail.deliver(envelope));
}

function ask(mail: SessionMail, to: string, number: number): void {
  const envelope = new Envelope('message', to, { type: 'x' }, undefined, {} as ReplyTo, 0);
  mail.beginAsk(number);
  mail.deliver(envelope);
  mail.endMessage();
}

test('a message to a durable actor is accepted once it is committed, and with it what was told behind it', () => {
  const { mail, sent, commit } = newMail();
  let told = 0;
  mail.onAccepted = () => told++;
  tell(mail, 'note/a', 1);
  expect(mail.accepted).toBe(1);
  tell(mail, 'ledger/a', 2);
  tell(mail, 'ledger/b', 3);
  tell(mail, 'note/a', 5);
  expect(mail.accepted).toBe(1);
  commit(3);
  expect(mail.accepted).toBe(1);
  commit(2);
  expect(mail.accepted).toBe(5);
  expect(told).toBe(2);
  expect(mail.isBusy).toBe(false);
  expect(sent).toEqual(['note/a', 'ledger/a 2', 'ledger/b 3', 'note/a']);
});

test('asks are in line with the tells, under their own numbers, and hold up nothing', () => {
  const { mail, sent } = newMail();
  tell(mail, 'note/a', 1);
  ask(mail, 'ledger/a', 4);
  mail.deliver(new Envelope('barrier', 'ledger/a', undefined, undefined, {} as ReplyTo, 0));
  expect(sent).toEqual(['note/a', 'ledger/a 4', 'ledger/a behind']);
  expect(mail.accepted).toBe(1);
});

test('a number that came before is not taken again, and an ask with such a number is of no stream', () => {
  const { mail, sent } = newMail();
  tell(mail, 'ledger/a', 7);
  ask(mail, 'ledger/a', 9);
  for (const number of [7, 8, 9]) expect(tell(mail, 'ledger/a', number)).toBe(true);
  ask(mail, 'ledger/a', 9);
  expect(sent).toEqual(['ledger/a 7', 'ledger/a 9', 'ledger/a']);
});

test('the name of its stream does not tell that of the session; it ends with the session', () => {
  const { mail, streams } = newMail();
  tell(mail, 'ledger/a', 1);
  mail.close();
  expect(streams).toHaveLength(2);
  expect(streams[0]).toMatch(/^~0\.1@client-[\w-]{22}$/);
  expect(streams[1]).toBe(`end of ${streams[0]}`);
});
