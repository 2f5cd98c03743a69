// E-mail from actors, over real SMTP: to an inbox on loopback, or with SMTP_URL=smtp://… to a server of yours.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystem } from 'troupe';
import { startInbox } from './inbox-server.mjs';

const show = ({ from, to, subject }) => console.log(`  arrived: "${subject}" from ${from} to ${to}`);
const inbox = process.env.SMTP_URL ? undefined : await startInbox({ onMail: show });
const to = process.env.MAIL_TO ?? 'reader@example.net';

// A mail that is accepted is on disk. A program of yours keeps its dataDir, so that what could not go yet goes after the
// next start; this one ends with all mails gone, and removes its own.
const dataDir = mkdtempSync(join(tmpdir(), 'troupe-mails-'));

// Workers find the server by their environment, which is that of this process.
process.env.SMTP_URL ??= inbox.url;
const system = await createSystem({
  actors: new URL('../../actors', import.meta.url),
  workers: [{ role: 'mail', count: 1 }],
  dataDir,
  log: 'error',
});

// An account is a durable actor. A tell queues the mail; each account sends five a second at most, the rest waits its turn.
for (const subject of ['One', 'Two', 'Three']) system.tell('email/news', { type: 'send', to, subject, text: 'Hello.' });
console.log('queued:', (await system.ask('email/news', { type: 'status' })).queued);

// An ask with an id waits for what becomes of the mail: gone, though put off at first, or refused for good.
const ask = (mail) => system.ask('email/service', { type: 'send', text: 'Hello.', ...mail }, { timeoutMs: 10_000 });
if (inbox) {
  const { tries } = await ask({ to: 'busy@example.net', subject: 'Patience', id: 'patience-1' });
  console.log(`busy@example.net took it at try ${tries}`);
  await ask({ to: 'nobody@example.net', subject: 'Anyone?', id: 'anyone-1' }).catch((error) =>
    console.log(`nobody@example.net: ${error.code}, ${error.message}`),
  );
  // The same id is the same mail: it is not sent again.
  await ask({ to: 'busy@example.net', subject: 'Patience', id: 'patience-1' });
}

// Mails of one account that the server takes at once go in order, so the others have gone when the last one has.
const last = { type: 'send', to, subject: 'Last', text: 'Goodbye.', id: `last-${Date.now()}` };
await system.ask('email/news', last, { timeoutMs: 10_000 });
for (const account of ['news', 'service']) {
  console.log(account, JSON.stringify(await system.ask(`email/${account}`, { type: 'status' })));
}

await system.shutdown();
await inbox?.close();
rmSync(dataDir, { recursive: true });
