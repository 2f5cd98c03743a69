// EMAIL commands on a queue of RabbitMQ, handled by mail workers. AMQP_URL=amqp://… names the broker; SMTP_URL=smtp://… a server of yours.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystem } from 'troupe';
import { rabbitmq } from 'troupe/rabbitmq';
import { startInbox } from '../email/inbox-server.mjs';

const url = process.env.AMQP_URL ?? 'amqp://localhost';
const ORDERS = 3;
const EMAIL = 'EMAIL';
const FAILED = 'EMAIL.failed';

let arrived = 0;
const inbox = await startInbox({
  onMail({ from, to, subject }) {
    console.log(`  arrived: "${subject}" from ${from} to ${to}`);
    arrived++;
  },
});
process.env.SMTP_URL ??= inbox.url;
process.env.AMQP_URL ??= url;

// A program of yours keeps its dataDir: what is in it says which messages are handled.
const dataDir = mkdtempSync(join(tmpdir(), 'troupe-mails-'));
const system = await createSystem({
  actors: new URL('./actors', import.meta.url),
  workers: [
    { role: 'web', count: 1 },
    { role: 'mail', count: 1 },
  ],
  dataDir,
  log: 'error',
});

const gateway = await rabbitmq(system, { url });
gateway.consume(EMAIL, {
  // A command without an account, or without JSON, is rejected, to EMAIL.failed.
  to: ({ content }) => `email/${JSON.parse(content).account}`,
  // Accepted is sent: the ask resolves once the mail is in the record of its account, and then the message is acknowledged.
  message: ({ content }) => ({ ...JSON.parse(content), type: 'send' }),
  async declare(channel) {
    await channel.assertQueue(FAILED);
    await channel.assertQueue(EMAIL, { deadLetterExchange: '', deadLetterRoutingKey: FAILED });
    await channel.assertExchange('commands', 'topic', { durable: true });
    await channel.bindQueue(EMAIL, 'commands', EMAIL);
  },
});
await gateway.consuming();

// From an actor, by way of the broker, to another one.
for (let n = 0; n < ORDERS; n++)
  await system.ask('shop/books', { type: 'order', to: 'reader@example.net', item: 'book' });

// What has no address is refused by the mail actor, and so rejected.
const wrong = {
  type: 'publish',
  routingKey: EMAIL,
  content: { account: 'books', to: 'nobody', subject: 'x', text: 'y' },
};
await system.ask('exchange/commands', wrong);

const queue = () => gateway.metrics().queues[0];
while (arrived < ORDERS || queue().rejected < 1) await new Promise((resolve) => setTimeout(resolve, 50));
const { delivered, acknowledged, rejected } = queue();
console.log(`${EMAIL}: ${delivered} delivered, ${acknowledged} acknowledged, ${rejected} rejected`);

await system.shutdown();
await inbox.close();
rmSync(dataDir, { recursive: true });
