/** The e-mail actor against a real SMTP server on loopback; one port for all tests, as the pool belongs to the process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSystem, defineActor, type System } from 'troupe';
import { KEPT_MS, letterOf, messageIdOf, retryMs } from '../../actors/_mail.ts';
import { deliveryOf } from '../../actors/_smtp.ts';
import email from '../../actors/email.ts';
import { freePort } from '../free-port.ts';

interface Arrived {
  from: string;
  to: string;
  subject: string;
  messageId: string;
  text: string;
  at: number;
}

interface Inbox {
  url: string;
  close(): Promise<void>;
}

/** Tells a mail and keeps what it hears of it. */
const teller = defineActor({
  state: () => ({ heard: [] as { id: string; to: string; reason: string }[] }),
  receive: {
    send(ctx, message: { mail: object }) {
      ctx.tell('email/service', { type: 'send', ...message.mail });
    },
    'mail-failed'(ctx, { id, to, reason }: { id: string; to: string; reason: string }) {
      ctx.state.heard.push({ id, to, reason });
    },
    heard: (ctx) => ctx.state.heard,
  },
});

let port = 0;
let inbox: Inbox | undefined;
let system: System;
let dataDir: string;
let arrived: Arrived[] = [];

async function openInbox(verdict: (to: string) => string | undefined = () => undefined): Promise<void> {
  const { startInbox } = await import(new URL('../../examples/email/inbox-server.mjs', import.meta.url).href);
  const onMail = (mail: Omit<Arrived, 'at'>) => arrived.push({ ...mail, at: performance.now() });
  inbox = await startInbox({ port, verdict, onMail });
}

function mail(subject: string, more: object = {}): { type: string } & Record<string, unknown> {
  return { type: 'send', to: 'reader@example.net', subject, text: `about ${subject}`, ...more };
}

const status = () => system.ask('email/service', { type: 'status' });
const arrivals = (count: number) => vi.waitFor(() => expect(arrived).toHaveLength(count), { timeout: 10_000 });

async function startSystem(): Promise<void> {
  system = await createSystem({ workers: 0, actors: { email, teller }, log: 'silent', dataDir });
}

beforeAll(async () => {
  port = await freePort();
  process.env.SMTP_URL = `smtp://127.0.0.1:${port}`;
});

beforeEach(async () => {
  arrived = [];
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-email-'));
  await startSystem();
});

afterEach(async () => {
  await system.shutdown({ timeoutMs: 2_000 });
  await inbox?.close();
  inbox = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

describe('a mail that the server takes', () => {
  test('arrives, with a Message-ID made of its id and the fence that it was accepted under', async () => {
    await openInbox();
    const outcome = await system.ask('email/service', mail('Hello', { id: 'hello-1' }));
    expect(outcome).toEqual({ result: 'sent', tries: 1 });
    expect(arrived).toMatchObject([
      { from: 'service@localhost', to: 'reader@example.net', subject: 'Hello', text: 'about Hello' },
    ]);
    expect(arrived[0]?.messageId).toMatch(/^<hello-1\.[0-9a-f]{16}@localhost>$/);
    expect(await status()).toEqual({ queued: 0, sent: 1, failed: 0 });
  });

  test('is not sent again when it is repeated under the same id, waiting or gone', async () => {
    await openInbox();
    system.tell('email/service', mail('Once', { id: 'once-1' }));
    system.tell('email/service', mail('Once', { id: 'once-1' }));
    await system.ask('email/service', mail('Once', { id: 'once-1' }));
    await system.ask('email/service', mail('Once', { id: 'once-1' }));
    await system.ask('email/service', mail('Last', { id: 'last-1' }));
    expect(arrived.map(({ subject }) => subject)).toEqual(['Once', 'Last']);
  });

  test('gets an id of its own where it has none', async () => {
    await openInbox();
    system.tell('email/service', mail('Same'));
    system.tell('email/service', mail('Same'));
    await arrivals(2);
    expect(new Set(arrived.map(({ messageId }) => messageId)).size).toBe(2);
  });

  test('waits for its turn: an account sends five a second, others are not held up by it', async () => {
    await openInbox();
    for (let i = 0; i < 8; i++) system.tell('email/service', mail(`Mail ${i}`));
    await system.ask('email/other', mail('Quick', { id: 'quick-1' }), { timeoutMs: 1_000 });
    expect((await status()).queued).toBeGreaterThan(3);
    await arrivals(9);
    const own = arrived.filter(({ from }) => from === 'service@localhost');
    expect(own.map(({ subject }) => subject)).toEqual(own.map((_, i) => `Mail ${i}`));
    // Six gaps of 200 ms from the second on; the first mail opens the connection, and servers take their time.
    expect((own.at(-1)?.at ?? 0) - (own[1]?.at ?? 0)).toBeGreaterThan(1_100);
  });
});

describe('a mail that the server does not take now', () => {
  test('is tried again after a 451, and arrives once', async () => {
    const answers = ['451 busy, try later', '451 still busy'];
    await openInbox(() => answers.shift());
    const outcome = await system.ask('email/service', mail('Later', { id: 'later-1' }), { timeoutMs: 10_000 });
    expect(outcome).toEqual({ result: 'sent', tries: 3 });
    await system.ask('email/service', mail('Next', { id: 'next-1' }));
    expect(arrived.map(({ subject }) => subject)).toEqual(['Later', 'Next']);
  });

  test('does not hold up the mails behind it', async () => {
    const answers = ['451 busy, try later', '451 still busy', '451 still busy'];
    await openInbox((to) => (to === 'busy@example.net' ? answers.shift() : undefined));
    system.tell('email/service', mail('Held', { to: 'busy@example.net' }));
    system.tell('email/service', mail('Free'));
    await arrivals(2);
    expect(arrived.map(({ subject }) => subject)).toEqual(['Free', 'Held']);
  });

  test('waits for a server that is down at first and comes up later', async () => {
    for (const subject of ['One', 'Two']) system.tell('email/service', mail(subject));
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await status()).toEqual({ queued: 2, sent: 0, failed: 0 });
    await openInbox();
    await arrivals(2);
    expect(arrived.map(({ subject }) => subject).sort()).toEqual(['One', 'Two']);
  });

  test('is tried under one Message-ID, also after a new start of the system', async () => {
    await openInbox(() => '451 busy, try later');
    system.tell('email/service', mail('Held', { id: 'held-1' }));
    await vi.waitFor(async () => expect(await status()).toMatchObject({ queued: 1 }), 5_000);
    await system.shutdown({ timeoutMs: 2_000 });
    await inbox?.close();
    await openInbox();
    await startSystem();
    await arrivals(1);
    expect(arrived.map(({ messageId }) => messageId)).toEqual([
      expect.stringMatching(/^<held-1\.[0-9a-f]{16}@localhost>$/),
    ]);
    expect(await status()).toEqual({ queued: 0, sent: 1, failed: 0 });
  });

  test('is tried at longer and longer intervals, for four days', () => {
    const waits = Array.from({ length: 15 }, (_, i) => retryMs(i + 1, 0));
    expect(waits.slice(0, 5)).toEqual([200, 400, 800, 1_600, 3_200]);
    expect(waits.at(-1)).toBe(900_000);
    expect(retryMs(400, KEPT_MS - 1)).toBe(900_000);
    expect(retryMs(400, KEPT_MS)).toBeUndefined();
  });
});

describe('a mail that will never go', () => {
  test('is reported to the actor that told it, and answers an ask with a Refusal', async () => {
    await openInbox((to) => (to.startsWith('nobody') ? '550 no such user here' : undefined));
    await system.ask('teller/one', { type: 'send', mail: mail('Lost', { to: 'nobody@example.net', id: 'lost-1' }) });
    await vi.waitFor(async () => expect(await system.ask('teller/one', { type: 'heard' })).toHaveLength(1), 5_000);
    expect(await system.ask('teller/one', { type: 'heard' })).toMatchObject([
      { id: 'lost-1', to: 'nobody@example.net', reason: expect.stringContaining('550 no such user here') },
    ]);
    const asked = system.ask('email/service', mail('Lost too', { to: 'nobody@example.net', id: 'lost-2' }));
    await expect(asked).rejects.toMatchObject({
      code: 'REFUSED',
      reason: 'mail-failed',
      message: expect.stringContaining('550'),
    });
    expect(await status()).toEqual({ queued: 0, sent: 0, failed: 2 });
    expect(arrived).toEqual([]);
  });

  test.each([
    ['two addresses', { to: 'a@example.net, b@example.net' }],
    ['no address', { to: undefined }],
    ['a comment in its address', { to: 'a(b@example.org)@example.net' }],
    ['a zero in its address', { to: 'a\0@example.net' }],
    ['a header in its address', { to: 'a@example.net\r\nBcc: b@example.net' }],
    ['a subject beyond its bound', { subject: 'x'.repeat(501) }],
    ['a text beyond its bound', { text: 'x'.repeat(100_001) }],
    ['an id that is no id', { id: 'a b' }],
  ])('is refused at once when it has %s', async (_, more) => {
    await expect(system.ask('email/service', mail('Odd', { id: 'odd-1', ...more }))).rejects.toMatchObject({
      code: 'REFUSED',
      reason: 'mail-failed',
    });
    expect(await status()).toEqual({ queued: 0, sent: 0, failed: 1 });
  });

  test('is refused when the waiting ones hold four million characters', async () => {
    for (let i = 0; i < 40; i++) system.tell('email/service', mail('Large', { text: 'x'.repeat(100_000) }));
    await expect(system.ask('email/service', mail('Too much'))).rejects.toMatchObject({
      message: 'outbox: expected at most 4000000 characters in waiting mails',
    });
  });

  test('is refused when a thousand wait already', { timeout: 60_000 }, async () => {
    for (let i = 0; i < 1_000; i++) system.tell('email/service', mail('Waits'));
    await expect(system.ask('email/service', mail('Too many'), { timeoutMs: 30_000 })).rejects.toMatchObject({
      code: 'REFUSED',
      message: 'outbox: expected at most 1000 waiting mails',
    });
    expect(await status()).toEqual({ queued: 1_000, sent: 0, failed: 1 });
  });
});

describe('what the server answers', () => {
  test('is a verdict on a mail only as a 5yz to MAIL, RCPT or DATA', () => {
    const resultOf = (responseCode: number, command: string): string =>
      deliveryOf(Object.assign(new Error('no'), { responseCode, command })).result;
    for (const command of ['MAIL FROM', 'RCPT TO', 'DATA']) {
      expect([550, 599, 451, 600].map((code) => resultOf(code, command))).toEqual([
        'refused',
        'refused',
        'later',
        'later',
      ]);
    }
    for (const command of ['CONN', 'EHLO', 'STARTTLS', 'AUTH PLAIN', 'API', ''])
      expect(resultOf(535, command)).toBe('later');
    expect(deliveryOf(new Error('no answer')).result).toBe('later');
  });

  test('may take longer than the deadline of an ask: a second copy would arrive as well', {
    timeout: 30_000,
  }, async () => {
    let copies = 0;
    const slow = createServer((socket) => {
      socket.write('220 slow ESMTP\r\n');
      let isData = false;
      socket.on('data', (bytes) => {
        const text = bytes.toString();
        if (isData && !text.endsWith('\r\n.\r\n')) return;
        if (isData) copies++;
        const wasData = isData;
        isData = !isData && text.startsWith('DATA');
        const answer = isData ? '354 go on' : text.startsWith('QUIT') ? '221 bye' : '250 ok';
        setTimeout(() => socket.writable && socket.write(`${answer}\r\n`), wasData ? 5_500 : 0);
      });
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => void slow.listen(port, '127.0.0.1', resolve));
    inbox = { url: '', close: () => new Promise<void>((resolve) => void slow.close(() => resolve())) };
    system.tell('email/service', mail('Slow', { id: 'slow-1' }));
    await vi.waitFor(async () => expect(await status()).toEqual({ queued: 0, sent: 1, failed: 0 }), {
      timeout: 20_000,
    });
    expect(copies).toBe(1);
    await system.shutdown({ timeoutMs: 1_000 });
  });
});

test.each(['a@example.net, b@example.net', 'a@example.net> X', 'a b', 'a\r\nBcc: b@example.net'])(
  'an account that would be something else in a header sends nothing: %j',
  async (account) => {
    const asked = system.ask(`email/${account.replace(/[\r\n]/g, ';')}`, mail('Odd', { id: 'odd-1' }));
    await expect(asked).rejects.toMatchObject({
      code: 'REFUSED',
      message: 'account: expected a name, or one address name@host',
    });
    const letter = letterOf(account, 'f', { to: 'a@example.net', subject: 's', text: 't' } as never);
    expect(letter.from).toMatch(/^[0-9a-f]{16}@localhost$/);
    expect(messageIdOf(account, 'id', 'f')).toMatch(/^<id\.[0-9a-f]{16}@localhost>$/);
  },
);
