/**
 * npm run soak:rabbitmq -- --minutes 5 [--messages 100000] [--workers 2] [--seed 1]
 *
 * A real RabbitMQ, workers that consume a queue of it, and an hour's worth of faults: workers killed, everything killed, connections
 * cut, acknowledgements that go nowhere, the broker killed and started anew. Every message has to be handled exactly once by its durable
 * ledger, and every tenth has to come out of an exchange again, under one message id. It fails where one is lost or was handled twice.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import amqplib from 'amqplib';
import { BrokerProxy, lackOfRabbit, RabbitServer } from '../test/cluster/rabbit-server.ts';
import { seeded } from './harness/random.mjs';
import { linkTroupe } from './harness/rounds.mjs';

const LEDGERS = 64;
const EXCHANGE = 'exchange/soak-done';
/** Published and not confirmed, at most. */
const UNCONFIRMED_MAX = 2_000;
/** Without progress, when the faults are over: what is left then does not come any more. */
const STUCK_MS_MAX = 60_000;
const PROGRAM = new URL('./programs/rabbit-system.mjs', import.meta.url);

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    messages: { type: 'string', default: '100000' },
    workers: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
  },
});
const minutes = Number(values.minutes);
const messages = Number(values.messages);
const random = seeded(Number(values.seed));
const lack = lackOfRabbit();
if (lack !== undefined) throw new Error(lack);
linkTroupe();

const server = new RabbitServer();
await server.start();
const proxy = await BrokerProxy.open(server.port);
process.env.TROUPE_SOAK_BROKER = proxy.url;
const dataDir = mkdtempSync(join(process.env.TROUPE_BENCH_DIR ?? tmpdir(), 'troupe-soak-'));
const startedAt = performance.now();
const until = startedAt + minutes * 60_000;
const isOver = () => performance.now() > until;
const faults = {};
let isDone = false;

// The system, and what it is asked.
let program;

async function startSystem() {
  const options = {
    actors: new URL('./rabbit-actors/', import.meta.url).href,
    main: new URL('./programs/rabbit-main.mjs', import.meta.url).href,
    workers: Number(values.workers),
    dataDir,
  };
  for (;;) {
    program = fork(PROGRAM, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const [said] = await Promise.race([once(program, 'message'), once(program, 'exit')]);
    if (said === 'ready') return;
    await sleep(200);
  }
}

async function ask(call, ...args) {
  program.send({ call, args });
  const [{ value }] = await once(program, 'message');
  return value;
}

async function killSystem() {
  const exit = once(program, 'exit');
  program.kill('SIGKILL');
  await exit;
}

// The publisher: what was not confirmed goes again, under its id, as any good publisher does.
let last = 0;
let confirmed = 0;
const unconfirmed = new Map();
const done = new Set();
const doneIds = new Map();
let idsTwice = 0;

function messageOf(number) {
  const [ledger, n] = [number % LEDGERS, Math.floor(number / LEDGERS)];
  return Buffer.from(JSON.stringify({ ledger, n, ...(number % 10 === 0 && { to: EXCHANGE }) }));
}

async function connectOwn() {
  for (;;) {
    try {
      const connection = await amqplib.connect(server.url);
      connection.on('error', () => {});
      const channel = await connection.createConfirmChannel();
      channel.on('error', () => {});
      await channel.assertQueue('soak', { durable: true });
      await channel.assertQueue('soak-done', { durable: true });
      await channel.assertExchange('soak-done', 'topic', { durable: true });
      await channel.bindQueue('soak-done', 'soak-done', '#');
      await channel.consume('soak-done', (message) => message && noteDone(channel, message));
      return { connection, channel };
    } catch {
      await sleep(200);
    }
  }
}

function noteDone(channel, message) {
  const { ledger, n } = JSON.parse(String(message.content));
  const number = n * LEDGERS + Number(ledger);
  const { messageId } = message.properties;
  if ((doneIds.get(number) ?? messageId) !== messageId) idsTwice++;
  doneIds.set(number, messageId);
  done.add(number);
  channel.ack(message);
}

async function publish() {
  while (!isDone) {
    const { connection, channel } = await connectOwn();
    const closed = once(connection, 'close').then(() => 'closed');
    const send = (number) => {
      const properties = { messageId: `m${number}`, persistent: true };
      channel.sendToQueue('soak', messageOf(number), properties, (error) => {
        if (error || !unconfirmed.delete(number)) return;
        confirmed++;
      });
    };
    try {
      for (const number of [...unconfirmed.keys()]) send(number);
      for (;;) {
        const share = Math.min(1, (performance.now() - startedAt) / (until - startedAt - 10_000));
        while (last < messages * share && unconfirmed.size < UNCONFIRMED_MAX) {
          unconfirmed.set(last, true);
          send(last++);
        }
        if ((await Promise.race([closed, sleep(20)])) === 'closed' || isDone) break;
      }
    } catch {
      // The channel closed as it was written to.
    }
    await connection.close().catch(() => {});
  }
}

// The faults.
const FAULTS = [
  ['worker killed', 10, async () => process.kill(pick(await ask('workers')), 'SIGKILL')],
  ['connections cut', 10, async () => proxy.cut()],
  [
    'acknowledgements lost',
    6,
    async () => {
      proxy.hold();
      await sleep(300 + random() * 700);
      proxy.cut();
    },
  ],
  [
    'worker killed between commits and acknowledgements',
    6,
    async () => {
      proxy.hold();
      await sleep(200 + random() * 500);
      process.kill(pick(await ask('workers')), 'SIGKILL');
      proxy.cut();
    },
  ],
  [
    'everything killed',
    4,
    async () => {
      if (random() < 0.5) proxy.hold();
      await sleep(random() * 500);
      await killSystem();
      proxy.cut();
      await startSystem();
    },
  ],
  ['broker restarted', 1, () => restartBroker('SIGTERM')],
  ['broker killed', 2, () => restartBroker('SIGKILL')],
];
const WEIGHT = FAULTS.reduce((sum, [, weight]) => sum + weight, 0);

function pick(list) {
  return list[Math.floor(random() * list.length)];
}

async function restartBroker(signal) {
  await server.stop(signal);
  await sleep(random() * 1_000);
  await server.start();
}

async function inflict() {
  while (!isOver()) {
    await sleep(300 + random() * 1_500);
    let at = random() * WEIGHT;
    const [name, , carryOut] = FAULTS.find(([, weight]) => (at -= weight) < 0) ?? FAULTS[0];
    try {
      await carryOut();
      faults[name] = (faults[name] ?? 0) + 1;
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

async function counts() {
  const asks = Array.from({ length: LEDGERS }, async (_, n) => [n]);
  const all = [];
  for (const [n] of await Promise.all(asks))
    all.push(await ask('ask', `ledger/${n}`, { type: 'get' }, { timeoutMs: 20_000 }));
  const sum = (what) => all.reduce((total, one) => total + (one?.[what] ?? 0), 0);
  return { count: sum('count'), twice: sum('twice') };
}

await startSystem();
const publishing = publish();
const looking = setInterval(() => {
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(
    `${seconds} s: ${confirmed} published, ${done.size} out of the exchange, ${Object.values(faults).reduce((a, b) => a + b, 0)} faults`,
  );
}, 20_000);
await inflict();
const faultsOverAt = performance.now();
let handled = await counts();
let movedAt = performance.now();
while ((handled.count < messages || done.size < messages / 10) && performance.now() < movedAt + STUCK_MS_MAX) {
  await sleep(1_000);
  const before = handled.count + done.size;
  handled = await counts();
  if (handled.count + done.size > before) movedAt = performance.now();
}
const drainSeconds = Math.round((performance.now() - faultsOverAt) / 1_000);
isDone = true;
clearInterval(looking);
await publishing;
const { gateways } = (await ask('metrics')) ?? {};
await ask('shutdown');
await proxy.close();
await server.end();
rmSync(dataDir, { recursive: true, force: true });

const totals = {
  published: confirmed,
  handled: handled.count,
  twice: handled.twice,
  fromExchange: done.size,
  idsTwice,
};
console.log(
  JSON.stringify({ minutes, drainSeconds, totals, faults, queues: gateways?.flatMap(({ queues }) => queues) }, null, 1),
);
const isFine =
  confirmed === messages &&
  handled.count === messages &&
  handled.twice === 0 &&
  done.size === Math.ceil(messages / 10) &&
  idsTwice === 0;
console.log(isFine ? 'every message was handled exactly once' : 'FAILED: messages were lost, or handled twice');
process.exit(isFine ? 0 : 1);
