// What `npm start` runs: the chat and the e-mail in one system, a web worker for each core and one for mail.
// Ctrl-C (SIGINT, SIGTERM) ends what is under way, then all; a second one does not wait.
// PORT: of the chat, default 3000. SMTP_URL: a real server; without it an inbox on loopback shows what arrives.
// DATA_DIR: where rooms, people and mails are kept, default .troupe/start in the current folder. It stays: the next start
// goes on from it. Remove the folder to begin anew.
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { createSystem } from 'troupe';
import { startInbox } from './email/inbox-server.mjs';

const port = await freePort(process.env.PORT ?? '3000').catch((error) => {
  console.error(error.message);
  process.exit(1);
});
process.env.PORT = String(port);

const inbox = process.env.SMTP_URL
  ? undefined
  : await startInbox({ onMail: ({ subject, to }) => console.log(`mail arrived: "${subject}" to ${to}`) });
// Workers learn both from their environment, which is that of this process.
process.env.SMTP_URL ??= inbox.url;

const dataDir = process.env.DATA_DIR ?? join(import.meta.dirname, '..', '.troupe', 'start');
const system = await createSystem({
  dataDir,
  actors: new URL('../actors', import.meta.url),
  workers: [
    { role: 'web', count: Math.max(2, availableParallelism()) },
    { role: 'mail', count: 1 },
  ],
  main: new URL('./chat/main.ts', import.meta.url),
  // What ends and comes back is told below, in words.
  log: 'error',
}).catch(async (error) => {
  console.error(`not started: ${error.message}`);
  await inbox?.close();
  process.exit(1);
});

system.on('worker-exited', ({ worker, pid, signal, code }) =>
  console.log(`worker ${worker} (${pid}) ended: ${signal ?? code}`),
);
system.on('worker-online', ({ worker, pid }) => console.log(`worker ${worker} (${pid}) is online`));

console.log(`\nchat:    http://localhost:${port} (open it twice)`);
console.log(`e-mail:  ${inbox ? `${inbox.url}, what arrives is shown here` : 'by SMTP_URL'}`);
console.log(`kept in: ${resolve(dataDir)}`);
for (const { index, role, pid } of system.workers()) console.log(`worker ${index}: ${role}, pid ${pid}`);
console.log(`try:     kill -9 ${system.workers()[0].pid}, and go on chatting: its actors live on elsewhere.\n`);

const to = inbox ? 'you@example.net' : process.env.MAIL_TO;
if (to) {
  const text = `The chat is at http://localhost:${port}`;
  system.tell('email/welcome', { type: 'send', to, subject: 'Welcome to troupe', text });
}

/** The workers share the port through this process, so it can tell first whether somebody else has it. */
async function freePort(text) {
  const port = Number(text);
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new Error(`PORT: expected a whole number from 1 to 65535; got ${text}`);
  }
  const probe = createServer();
  await new Promise((resolve, reject) => {
    const refuse = ({ code }) => reject(new Error(`PORT: expected a port that is free; got ${port} (${code})`));
    probe.once('error', refuse).listen(port, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
