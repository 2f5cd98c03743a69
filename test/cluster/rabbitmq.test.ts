/** Queues and exchanges of a real RabbitMQ, with real workers, and with what goes wrong between them. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import amqplib, { type ChannelModel, type ConfirmChannel, type ConsumeMessage, type GetMessage } from 'amqplib';
import type { ExchangeMetrics, GatewayMetrics, QueueMetrics, System, SystemOptions } from 'troupe';
import { connect } from 'troupe/client';
import { type ConsumeOptions, type RabbitGateway, rabbitmq } from 'troupe/rabbitmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  childrenOf,
  collectDeadLetters,
  idOn,
  kill,
  numbers,
  sleep,
  startSystem,
  stopSystems,
  TIRELESS,
  until,
  whenAllReady,
  whenReady,
} from './harness.ts';
import { Program } from './program.ts';
import { BrokerProxy, lackOfRabbit, RabbitServer } from './rabbit-server.ts';

const ACTORS = new URL('./rabbit-actors/', import.meta.url);
const MAIN = new URL('./programs/rabbit-main.mjs', import.meta.url);
const LEDGERS = 8;
const lack = lackOfRabbit();
if (lack !== undefined) {
  if (process.env.TROUPE_RABBITMQ === 'required') throw new Error(`the tests of RabbitMQ are left out: ${lack}`);
  console.log(`The tests of RabbitMQ are left out: ${lack}.`);
}

const server = new RabbitServer();
let admin: ChannelModel;
/** Confirmed publishing by the test itself, and a look at queues. */
let channel: ConfirmChannel;
let proxy: BrokerProxy;
let dataDir: string;
let queue: string;
let queues = 0;
const programs: Program[] = [];

async function openAdmin(): Promise<void> {
  admin = await amqplib.connect(server.url);
  for (const event of ['error', 'close']) admin.on(event, () => {});
  channel = await admin.createConfirmChannel();
  for (const event of ['error', 'close']) channel.on(event, () => {});
}

describe.skipIf(lack !== undefined)('RabbitMQ', () => {
  beforeAll(async () => {
    await server.start();
    await openAdmin();
  }, 180_000);
  afterAll(async () => {
    await admin?.close().catch(() => {});
    await server.end();
  }, 30_000);
  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'troupe-rabbitmq-'));
    proxy = await BrokerProxy.open(server.port);
    process.env.TROUPE_TEST_BROKER = proxy.url;
    queue = `queue-${++queues}`;
    await channel.assertQueue(queue);
  });
  afterEach(async () => {
    await stopSystems();
    for (const { pid, child } of programs.splice(0)) {
      const left = [...childrenOf(pid), ...(child.exitCode === null && child.signalCode === null ? [pid] : [])];
      for (const one of left) process.kill(one, 'SIGKILL');
    }
    await proxy.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  function start(options: SystemOptions = {}): Promise<System> {
    return startSystem({ actors: ACTORS, workers: 2, dataDir, supervision: TIRELESS, ...options });
  }

  const ledgerOf = (n: number): string => `ledger/${n % LEDGERS}`;
  const byNumber: ConsumeOptions = {
    to: ({ content }) => ledgerOf(JSON.parse(String(content)).n),
    message: ({ content }) => JSON.parse(String(content)),
  };

  async function consume(system: System, options: Partial<ConsumeOptions> = {}): Promise<RabbitGateway> {
    const gateway = await rabbitmq(system, { url: proxy.url });
    gateway.consume(queue, { ...byNumber, ...options });
    await gateway.consuming();
    return gateway;
  }

  function publish(from: number, count: number, more: object = {}, properties: object = {}): Promise<void> {
    for (const n of numbers(count, from)) {
      const content = Buffer.from(JSON.stringify({ type: 'note', n, ...more }));
      const headers = { to: String(n % LEDGERS) };
      channel.sendToQueue(queue, content, { messageId: `m${n}`, persistent: true, headers, ...properties });
    }
    return channel.waitForConfirms();
  }

  interface Noted {
    count: number;
    twice: number[];
  }

  async function noted(system: Pick<System, 'ask'>, kind = 'ledger'): Promise<Noted> {
    const asks = numbers(LEDGERS).map((n) => system.ask<Noted>(`${kind}/${n}`, { type: 'get' }, { timeoutMs: 30_000 }));
    const all = await Promise.all(asks);
    return {
      count: all.reduce((sum, { count }) => sum + count, 0),
      twice: all.flatMap(({ twice }) => twice),
    };
  }

  async function expectOnce(system: System, count: number, kind = 'ledger'): Promise<void> {
    await until(`${count} messages are handled`, async () => (await noted(system, kind)).count === count, 30_000);
    await until('all is acknowledged', async () => {
      const own = (await system.metrics()).gateways.flatMap((gateway) => gateway.queues);
      return own.every(({ unacknowledged }) => unacknowledged === 0) && (await waiting()) === 0;
    });
    expect(await noted(system, kind)).toEqual({ count, twice: [] });
  }

  async function waiting(name = queue): Promise<number> {
    return (await channel.checkQueue(name)).messageCount;
  }

  /** The broker closes the channel of who acknowledges what was never delivered. False: it is closed already. */
  function breakChannel(own: { ack(message: object): void } | undefined): boolean {
    try {
      own?.ack({ fields: { deliveryTag: 1e6 } });
      return own !== undefined;
    } catch {
      return false;
    }
  }

  function queueOf(gateway: RabbitGateway): QueueMetrics {
    return gateway.metrics().queues[0] as QueueMetrics;
  }

  async function exchangesOf(system: System): Promise<GatewayMetrics[]> {
    return (await system.metrics()).gateways.filter(({ exchanges }) => exchanges.length > 0);
  }

  async function exchangeOf(system: System): Promise<ExchangeMetrics | undefined> {
    return (await exchangesOf(system)).flatMap(({ exchanges }) => exchanges)[0];
  }

  describe('a queue', () => {
    test('is handled by durable actors, each message once, while workers are killed and connections cut', async () => {
      const system = await start();
      const gateway = await consume(system);
      for (let round = 0; round < 6; round++) {
        await publish(round * 500, 500);
        const worker = round % 4 === 1 ? 1 : 2;
        if (round % 2 === 0) proxy.cut();
        else await whenReady(system, worker).then(() => kill(system, worker));
        await sleep(150);
      }
      await whenAllReady(system);
      await expectOnce(system, 3_000);
      const { connects } = gateway.metrics();
      expect(connects).toBe(4);
      expect(queueOf(gateway)).toMatchObject({ state: 'consuming', rejected: 0, unacknowledged: 0 });
      expect((await system.metrics()).gateways).toEqual([gateway.metrics()]);
    });

    test('comes again, and is known, after a kill of everything between the commits and their acknowledgements', async () => {
      process.env.TROUPE_TEST_QUEUE = JSON.stringify({ url: proxy.url, queue, prefetch: 200 });
      const options = { actors: ACTORS.href, workers: 2, dataDir, supervision: TIRELESS };
      const program = new Program('rabbit.mjs', options);
      programs.push(program);
      await until('the gateway is there', () => program.said.length > 0);
      await until('it consumes', async () => (await channel.checkQueue(queue)).consumerCount === 1);
      proxy.hold();
      await publish(0, 200);
      const client = await connect({ dataDir });
      await until('all are handled', async () => (await noted(client)).count === 200);
      await client.close();
      program.kill('SIGKILL');
      await program.ended;
      proxy.cut();
      await until('all are back in the queue', async () => (await channel.checkQueue(queue)).messageCount === 200);
      const system = await start();
      // They were handled in the first life.
      expect(await noted(system)).toEqual({ count: 200, twice: [] });
      const gateway = await consume(system);
      await publish(200, 100);
      await expectOnce(system, 300);
      expect(queueOf(gateway)).toMatchObject({ delivered: 300, acknowledged: 300 });
    });

    test('is consumed by the workers themselves, whoever of them is killed between a commit and its acknowledgement', async () => {
      process.env.TROUPE_TEST_QUEUE = JSON.stringify({ url: proxy.url, queue, prefetch: 100 });
      const system = await start({ main: MAIN });
      await until('both consume', async () => (await channel.checkQueue(queue)).consumerCount === 2);
      for (let round = 0; round < 4; round++) {
        proxy.hold();
        await publish(round * 300, 300);
        await sleep(400);
        kill(system, 1 + (round % 2));
        await sleep(100);
        proxy.cut();
        await whenAllReady(system);
      }
      await expectOnce(system, 1_200);
      const states = async (): Promise<string[]> =>
        (await system.metrics()).gateways.map(({ worker, state }) => `${worker} ${state}`);
      await until('both are back', async () => `${(await states()).sort()}` === '1 connected,2 connected');
    });

    test('goes on through a reload: workers that are replaced take nothing more, and acknowledge what they have', async () => {
      process.env.TROUPE_TEST_QUEUE = JSON.stringify({ url: proxy.url, queue, prefetch: 50 });
      const system = await start({ main: MAIN });
      const letters = collectDeadLetters(system);
      await until('both consume', async () => (await channel.checkQueue(queue)).consumerCount === 2);
      let isOver = false;
      const reloading = system.reload().finally(() => (isOver = true));
      let count = 0;
      for (; !isOver || count < 300; count += 30) {
        await publish(count, 30);
        await sleep(20);
      }
      await reloading;
      await expectOnce(system, count);
      expect(letters).toEqual([]);
      const { gateways } = await system.metrics();
      expect(gateways.map(({ connects }) => connects)).toEqual([1, 1]);
    });

    test('is consumed again after an error that closed the channel, with nothing twice, also by volatile actors', async () => {
      const system = await start();
      const channels: { ack(message: object): void }[] = [];
      const gateway = await consume(system, {
        to: ({ content }) => `tally/${JSON.parse(String(content)).n % LEDGERS}`,
        declare: async (own) => channels.push(own),
      });
      for (let round = 0; round < 5; round++) {
        await publish(round * 200, 200);
        await until('some are handled', () => queueOf(gateway).acknowledged > round * 200);
        const opened = channels.length;
        await until('the broker closes its channel', () => breakChannel(channels.at(-1)));
        // A channel that is not yet known to be closed would be broken twice. What the broker had sent before may cost the connection too:
        // amqplib knows that channel no more.
        await until('it has a successor', () => channels.length > opened);
      }
      await expectOnce(system, 1_000, 'tally');
      expect(queueOf(gateway).recognised).toBeGreaterThan(0);
    });

    test('that is deleted is waited for, and consumed once it is there again', async () => {
      const system = await start();
      const gateway = await consume(system);
      await publish(0, 100);
      await expectOnce(system, 100);
      await channel.deleteQueue(queue);
      await until('it waits', () => queueOf(gateway).state === 'waiting');
      await until('it says why', () => queueOf(gateway).reason?.includes('NOT_FOUND'));
      await channel.assertQueue(queue);
      await publish(100, 100);
      await expectOnce(system, 200);
      expect(queueOf(gateway)).toMatchObject({ state: 'consuming', reason: undefined });
    });

    test('holds back what more actors could not take: prefetch is the bound', async () => {
      const system = await start();
      let most = 0;
      const gateway = await consume(system, { prefetch: 10 });
      await publish(0, 100, { type: 'slowly', ms: 20 });
      await until('all are acknowledged', () => {
        most = Math.max(most, queueOf(gateway).unacknowledged);
        return queueOf(gateway).acknowledged === 100;
      });
      expect(most).toBe(10);
      await expectOnce(system, 100);
    });

    test('gives up what fails for good, with the reason here and in the dead-letter exchange; brought back it is tried again', async () => {
      const system = await start();
      const letters = collectDeadLetters(system);
      const dead = `${queue}-dead`;
      queue = `${queue}-with`;
      await channel.assertQueue(dead);
      await channel.assertQueue(queue, { deadLetterExchange: '', deadLetterRoutingKey: dead });
      const gateway = await consume(system);
      await publish(0, 1, { type: 'break' });
      await publish(1, 1, { type: 'refuse' });
      await publish(2, 1, { type: 'unknown' });
      channel.sendToQueue(queue, Buffer.from('no JSON'), { messageId: 'm3' });
      await publish(4, 1);
      await until('four are rejected', () => queueOf(gateway).rejected === 4);
      await until('they are dead letters', async () => (await channel.checkQueue(dead)).messageCount === 4);
      await until('all are told of', () => letters.length === 4);
      const reasons = ['HANDLER_FAILED', 'INVALID_MESSAGE', 'REFUSED', 'UNKNOWN_MESSAGE'];
      expect(letters.map(({ reason }) => reason).sort()).toEqual(reasons);
      await system.ask('ledger/0', { type: 'mend' });
      // As an operator would: with what the broker has noted of its death.
      const all = await Promise.all(numbers(4).map(() => channel.get(dead) as Promise<GetMessage>));
      const first = all.find(({ properties }) => properties.messageId === 'm0') as GetMessage;
      channel.sendToQueue(queue, first.content, { messageId: 'm0', headers: first.properties.headers });
      channel.ackAll();
      await expectOnce(system, 2);
      expect(queueOf(gateway)).toMatchObject({ rejected: 4, acknowledged: 2 });
    });

    test('asks again where the actor does not answer in time, and handles it once', async () => {
      const system = await start();
      const gateway = await consume(system, { timeoutMs: 100 });
      await publish(0, 4, { type: 'slowly', ms: 600 });
      await expectOnce(system, 4);
      expect(queueOf(gateway)).toMatchObject({ acknowledged: 4, rejected: 0, requeued: 0 });
      expect(queueOf(gateway).retried).toBeGreaterThanOrEqual(4);
    });

    test('keeps what comes as the system shuts down, and its process has no connection left', async () => {
      const system = await start();
      await consume(system);
      await publish(0, 500);
      await sleep(20);
      await system.shutdown();
      await until('the connection is closed', () => proxy.connections === 0);
      const left = (await channel.checkQueue(queue)).messageCount;
      const next = await start();
      const { count } = await noted(next);
      expect(count).toBe(500 - left);
      await consume(next);
      await expectOnce(next, 500);
    });
  });

  describe('an exchange', () => {
    /** What has come by a queue that is bound to it. */
    async function bind(name: string, pattern = '#'): Promise<{ n: number; from: string; id: string }[]> {
      const seen: { n: number; from: string; id: string }[] = [];
      await channel.assertExchange(name, 'topic', { durable: true });
      await channel.assertQueue(`${name}-all`);
      await channel.bindQueue(`${name}-all`, name, pattern);
      const take = (message: ConsumeMessage | null): void => {
        if (message) seen.push({ ...JSON.parse(String(message.content)), id: message.properties.messageId });
      };
      await channel.consume(`${name}-all`, take, { noAck: true });
      return seen;
    }

    /** By id, as consumers know a repeat: what came first. */
    function firstOnes<T extends { id: string }>(seen: readonly T[]): T[] {
      const ids = new Set<string>();
      return seen.filter(({ id }) => !ids.has(id) && ids.add(id));
    }

    test('gets what durable actors tell it, in order, each under one id, while the way to it is cut and its worker killed', async () => {
      const name = `${queue}-exchange`;
      const seen = await bind(name);
      const system = await start();
      const from = await idOn(system, 'ledger', 1);
      const to = `exchange/${name}`;
      const { worker } = await system.where(to);
      const asks: Promise<unknown>[] = [];
      for (let n = 0; n < 900; n++) {
        asks.push(system.ask(from, { type: 'pass', n, to, routingKey: 'a' }, { timeoutMs: 30_000 }));
        if (n % 300 === 150) proxy.cut();
        if (n === 400) kill(system, worker);
        if (n % 50 === 0) await sleep(15);
      }
      await Promise.all(asks);
      await until('all have come', () => firstOnes(seen).length === 900, 30_000);
      expect(firstOnes(seen).map(({ n }) => n)).toEqual(numbers(900));
      expect(new Set(seen.map(({ n, id }) => `${n} ${id}`)).size).toBe(900);
      await until('all are confirmed', async () => (await exchangeOf(system))?.unconfirmed === 0);
    });

    test('answers an ask once the broker has confirmed it', async () => {
      const name = `${queue}-exchange`;
      const seen = await bind(name);
      const system = await start();
      const publication = { type: 'publish', routingKey: 'a', content: { n: 1, from: 'here' } };
      await system.ask(`exchange/${name}`, publication);
      expect(await exchangeOf(system)).toMatchObject({ exchange: name, published: 1, confirmed: 1, unconfirmed: 0 });
      await until('it has come', () => seen.length === 1);
    });

    test('moves with what is under way, and nothing is lost or swapped', async () => {
      const name = `${queue}-exchange`;
      const seen = await bind(name);
      const system = await start();
      const to = `exchange/${name}`;
      for (let n = 0; n < 1_200; n++) {
        system.tell(to, { type: 'publish', routingKey: 'a', content: { n, from: 'here' } });
        if (n % 200 === 100) await system.move(to, 1 + ((n / 100) % 4 === 1 ? 1 : 0));
      }
      await until('all have come', () => firstOnes(seen).length === 1_200, 20_000);
      expect(firstOnes(seen).map(({ n }) => n)).toEqual(numbers(1_200));
    });

    test('makes dead letters of what the broker returns and of what it does not take, with the reason', async () => {
      const name = `${queue}-exchange`;
      await bind(name, 'known');
      await channel.assertQueue(`${name}-full`, { maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } });
      await channel.bindQueue(`${name}-full`, name, 'full');
      const system = await start();
      const to = `exchange/${name}`;
      const tell = (routingKey: string, content: unknown = 1) =>
        system.tell(to, { type: 'publish', routingKey, content });
      for (let n = 0; n < 20; n++) tell(n % 2 === 0 ? 'unknown' : 'known');
      for (let n = 0; n < 3; n++) tell('full');
      tell('known', 1n);
      await until('all are dead letters', async () => (await system.deadLetters.list()).length === 13);
      const reasons = (await system.deadLetters.list()).map(({ reason }) => reason);
      const count = (reason: string): number => reasons.filter((each) => each === reason).length;
      expect([count('RETURNED'), count('NACKED'), count('INVALID_MESSAGE')]).toEqual([10, 2, 1]);
      expect(await exchangeOf(system)).toMatchObject({ returned: 10, nacked: 2, confirmed: 11 });
      const ask = system.ask(to, { type: 'publish', routingKey: 'unknown', content: 1 });
      await expect(ask).rejects.toMatchObject({ code: 'RETURNED', fate: 'executed' });
      // Once there is a queue for it, it can be sent again.
      await channel.bindQueue(`${name}-all`, name, 'unknown');
      const letter = (await system.deadLetters.list()).find(({ reason }) => reason === 'RETURNED');
      expect(await system.deadLetters.resend(letter?.id ?? '')).toBe(true);
    });

    test('waits while the broker has no memory or disk to spare, says so, and goes on then', async () => {
      const name = `${queue}-exchange`;
      const seen = await bind(name);
      const system = await start();
      const to = `exchange/${name}`;
      await system.ask(to, { type: 'publish', routingKey: 'a', content: { n: 0, from: 'here' } });
      await server.control('set_vm_memory_high_watermark', 'absolute', '1');
      for (let n = 1; n < 400; n++) system.tell(to, { type: 'publish', routingKey: 'a', content: { n, from: 'here' } });
      await until('it is blocked', async () => (await exchangesOf(system))[0]?.state === 'blocked');
      expect((await exchangesOf(system))[0]?.reason).toContain('memory');
      await sleep(1_500);
      expect(seen).toHaveLength(1);
      await server.control('set_vm_memory_high_watermark', '0.4');
      await until('all have come', () => firstOnes(seen).length === 400, 20_000);
      expect(firstOnes(seen).map(({ n }) => n)).toEqual(numbers(400));
      await until('it is not blocked', async () => (await exchangesOf(system))[0]?.state === 'connected');
    });
  });

  test('the example mails what comes by a queue, and rejects what cannot be mailed', async () => {
    const env = { ...process.env, AMQP_URL: server.url };
    const path = fileURLToPath(new URL('../../examples/rabbitmq/mails.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [path], { env, timeout: 25_000 });
    for (const n of [1, 2, 3])
      expect(stdout).toContain(`arrived: "Order ${n}" from books@localhost to reader@example.net`);
    expect(stdout).toContain('EMAIL: 4 delivered, 3 acknowledged, 1 rejected');
    expect((await channel.checkQueue('EMAIL.failed')).messageCount).toBe(1);
  });

  test('a restart of the broker, by a kill and in good order, loses nothing and handles nothing twice', async () => {
    const name = `${queue}-exchange`;
    await channel.assertExchange(name, 'topic', { durable: true });
    await channel.assertQueue(`${name}-all`);
    await channel.bindQueue(`${name}-all`, name, '#');
    const system = await start();
    const gateway = await consume(system);
    const more = { type: 'pass', to: `exchange/${name}`, routingKey: 'a' };
    await publish(0, 500, more);
    await server.stop('SIGKILL');
    await until('it says so', () => gateway.metrics().state === 'connecting');
    await server.start();
    await openAdmin();
    await publish(500, 500, more);
    await until('it is back', () => queueOf(gateway).acknowledged > 500, 60_000);
    await server.stop('SIGTERM');
    await server.start();
    await openAdmin();
    await publish(1_000, 500, more);
    await expectOnce(system, 1_500);
    const ids = new Set<string>();
    const take = (message: ConsumeMessage | null): void => {
      if (message) ids.add(`${message.properties.messageId}`);
    };
    await channel.consume(`${name}-all`, take, { noAck: true });
    // What was not confirmed is sent again after 30 s at most.
    await until('all are published', () => ids.size === 1_500, 60_000);
    expect(gateway.metrics()).toMatchObject({ state: 'connected', connects: 3 });
  }, 200_000);
});
