/**
 * rabbitmq — messages of a durable queue handled by 256 durable actors, and acknowledged after their commits, in one process and with two
 * workers, beside a consumer of bare amqplib that acknowledges at once; all with the same prefetch, taking turns at the same server of their own.
 * Processor time is that of this process, with its threads: the broker, and workers, have theirs beside it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import amqplib from 'amqplib';
import { createSystem } from 'troupe';
import { rabbitmq } from 'troupe/rabbitmq';
import { register } from 'tsx/esm/api';
import { cpuMicros, Program, sleep } from '../harness/measure.mjs';
import { median } from '../harness/statistics.mjs';

const ACTORS = 256;
const PREFETCH = 1_000;
const WARM = 3_000;
const METRIC = 'consume and acknowledge, prefetch 1000';
const QUEUE = 'bench';

const program = new Program('troupe');
register();
const { lackOfRabbit, RabbitServer } = await import('../../test/cluster/rabbit-server.ts');
const lack = lackOfRabbit();
if (lack !== undefined) throw new Error(lack);
const server = new RabbitServer();
await server.start();
const actors = new URL('../rabbit-actors/', import.meta.url);
const systems = [];

async function startGateway(workers) {
  const dataDir = mkdtempSync(join(process.env.TROUPE_BENCH_DIR ?? tmpdir(), 'troupe-bench-'));
  const system = await createSystem({ actors, workers, dataDir, log: 'warn' });
  systems.push({ system, dataDir });
  return rabbitmq(system, { url: server.url });
}

const inOneProcess = await startGateway(0);
const withWorkers = await startGateway(2);
const connection = await amqplib.connect(server.url);
const channel = await connection.createConfirmChannel();
await channel.assertQueue(QUEUE, { durable: true });
let published = 0;

async function fill(n) {
  for (let left = n; left > 0; left--) {
    const number = published++;
    const content = Buffer.from(JSON.stringify({ ledger: number % ACTORS, n: 1 }));
    channel.sendToQueue(QUEUE, content, { messageId: `m${number}`, persistent: true });
    if (left % 1_000 === 0) await channel.waitForConfirms();
  }
  await channel.waitForConfirms();
}

/** Messages a second, from the first delivery to the last acknowledgement. */
async function bare(n) {
  const consumer = await connection.createChannel();
  await consumer.prefetch(PREFETCH);
  let startAt = 0;
  let count = 0;
  const { promise: all, resolve } = withResolvers();
  await consumer.consume(QUEUE, (message) => {
    if (count === 0) startAt = performance.now();
    // As a gateway has to look at it, too.
    JSON.parse(String(message.content));
    consumer.ack(message);
    if (++count === n) resolve();
  });
  await all;
  const seconds = (performance.now() - startAt) / 1_000;
  await consumer.close();
  return n / seconds;
}

async function throughActors(gateway, n) {
  let startAt = 0;
  const consumption = gateway.consume(QUEUE, {
    to: ({ content }) => {
      if (startAt === 0) startAt = performance.now();
      return `ledger/${JSON.parse(String(content)).ledger}`;
    },
    message: () => ({ type: 'add' }),
    prefetch: PREFETCH,
    timeoutMs: 60_000,
  });
  while (gateway.metrics().queues[0].acknowledged < n) await sleep(1);
  const seconds = (performance.now() - startAt) / 1_000;
  await consumption.close();
  return n / seconds;
}

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

const WAYS = [
  ['bare amqplib', bare],
  ['troupe', (n) => throughActors(inOneProcess, n)],
  ['troupe, 2 workers', (n) => throughActors(withWorkers, n)],
];
for (const [, run] of WAYS) {
  await fill(WARM);
  await run(WARM);
}
const n = Math.max(5_000, Math.round(program.seconds * 20_000));
const rates = new Map(WAYS.map(([name]) => [name, []]));
const cpu = new Map(WAYS.map(([name]) => [name, []]));
for (let rep = 0; rep < Math.max(3, program.reps); rep++) {
  for (const [name, run] of WAYS) {
    await fill(n);
    const before = cpuMicros();
    rates.get(name).push(await run(n));
    cpu.get(name).push((cpuMicros() - before) / n);
  }
}
for (const [name, all] of rates) {
  // Of two workers it would be the smaller part.
  const cpuMicrosEach = name.includes('workers') ? undefined : Number(median(cpu.get(name)).toPrecision(3));
  program.report('rabbitmq', METRIC, 'messages/s', median(all), { name, n, cpuMicrosEach });
}

for (const { system, dataDir } of systems) {
  await system.shutdown();
  rmSync(dataDir, { recursive: true, force: true });
}
await connection.close();
await server.end();
