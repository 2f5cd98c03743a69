import { describe, expect, it } from 'vitest';
import { BrokerLink } from '../../../src/rabbitmq/broker-link.ts';
import { CHANNEL_ERRORS_MAX, Publisher, WINDOW_BYTES_MAX, WINDOW_MAX } from '../../../src/rabbitmq/publisher.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { MemoryConnection, turns } from './memory-broker.ts';

async function start() {
  const clock = new VirtualClock();
  const connections: MemoryConnection[] = [];
  let settled = 0;
  const publisher = new Publisher({
    ...{ clock, random: () => 0.5, exchange: 'orders' },
    declare: (channel) => channel.checkExchange('orders'),
    settled: () => settled++,
  });
  const dial = async () => {
    connections.push(new MemoryConnection());
    return connections.at(-1) as MemoryConnection;
  };
  const link = new BrokerLink({ clock, random: () => 0.5, dial, changed: () => {} });
  link.add(publisher);
  link.begin();
  await turns();
  const send = (id: string, bytes = 1) =>
    publisher.send({ id, routingKey: 'a', content: Buffer.alloc(bytes), properties: {} });
  const outcome = (id: string) => publisher.stateOf(id)?.outcome;
  const channel = () => (connections.at(-1) as MemoryConnection).last;
  const later = async (ms = 10_000) => {
    await clock.advance(ms);
    await turns();
  };
  return { publisher, connections, link, send, outcome, channel, later, settled: () => settled };
}

describe('what is published', () => {
  it('is confirmed one by one, many at once, and out of order', async () => {
    const { send, outcome, channel, publisher, settled } = await start();
    for (const id of ['a', 'b', 'c', 'd']) send(id);
    channel().emit('ack', { deliveryTag: 3, multiple: false });
    expect(['a', 'b', 'c', 'd'].map(outcome)).toEqual([undefined, undefined, 'confirmed', undefined]);
    channel().emit('ack', { deliveryTag: 2, multiple: true });
    expect([publisher.isSettled, settled()]).toEqual([false, 0]);
    channel().emit('nack', { deliveryTag: 4, multiple: false });
    expect(['a', 'b', 'c', 'd'].map(outcome)).toEqual(['confirmed', 'confirmed', 'confirmed', 'nacked']);
    expect([publisher.isSettled, settled()]).toEqual([true, 1]);
  });

  it('is returned where the broker says so before its confirmation', async () => {
    const { send, outcome, channel } = await start();
    send('a');
    send('b');
    channel().emit('return', { properties: { messageId: 'b' } });
    channel().emit('ack', { deliveryTag: 2, multiple: true });
    expect(['a', 'b'].map(outcome)).toEqual(['confirmed', 'returned']);
  });

  it('is written again in order, under its id, where its channel or connection is lost; what a channel says later counts no more', async () => {
    const { send, outcome, channel, connections, later, publisher } = await start();
    for (const id of ['a', 'b', 'c']) send(id);
    const first = channel();
    first.emit('ack', { deliveryTag: 2, multiple: false });
    first.fail(new Error('PRECONDITION_FAILED'));
    send('d');
    await later();
    expect(channel().said).toEqual(['publish a', 'publish c', 'publish d']);
    first.emit('ack', { deliveryTag: 3, multiple: true });
    expect(['a', 'c', 'd'].map(outcome)).toEqual([undefined, undefined, undefined]);
    connections[0]?.drop('gone');
    await later();
    expect(connections).toHaveLength(2);
    expect(channel().said).toEqual(['publish a', 'publish c', 'publish d']);
    channel().emit('ack', { deliveryTag: 3, multiple: true });
    expect(publisher.isSettled).toBe(true);
    expect(publisher.metrics()).toMatchObject({ published: 9, confirmed: 4, resent: 5, unconfirmed: 0 });
  });

  it('before there is a connection goes with the first one', async () => {
    const { send, connections, channel, later } = await start();
    connections[0]?.drop();
    send('a');
    await later();
    expect(channel().said).toEqual(['publish a']);
  });

  it(`is taken for the cause where it comes first on ${CHANNEL_ERRORS_MAX} channels in a row that end by an error`, async () => {
    const { send, outcome, channel, later, publisher } = await start();
    send('poison');
    send('b');
    for (let n = 0; n < CHANNEL_ERRORS_MAX; n++) {
      expect(outcome('poison')).toBeUndefined();
      channel().fail(new Error('message size is too large'));
      await later();
    }
    expect(publisher.stateOf('poison')).toMatchObject({ outcome: 'nacked', why: 'message size is too large' });
    expect(channel().said).toEqual(['publish b']);
    channel().emit('ack', { deliveryTag: 1, multiple: false });
    expect(outcome('b')).toBe('confirmed');
  });

  it('is no cause where connections are lost, however often', async () => {
    const { send, outcome, connections, later } = await start();
    send('a');
    for (let n = 0; n < CHANNEL_ERRORS_MAX + 2; n++) {
      connections.at(-1)?.drop('reset');
      await later();
    }
    expect(outcome('a')).toBeUndefined();
  });

  it(`is ${WINDOW_MAX} messages at most, or ${WINDOW_BYTES_MAX} bytes beside the newest`, async () => {
    const { send, publisher } = await start();
    for (let n = 0; n < WINDOW_MAX; n++) {
      expect(publisher.hasRoom).toBe(true);
      send(`${n}`);
    }
    expect(publisher.hasRoom).toBe(false);
    publisher.forget('0');
    expect(publisher.hasRoom).toBe(true);
    for (let n = 0; n < WINDOW_MAX; n++) publisher.forget(`${n}`);
    send('large', WINDOW_BYTES_MAX);
    expect(publisher.hasRoom).toBe(false);
  });

  it('waits for an exchange that is not there, and says so', async () => {
    const { send, connections, channel, later, publisher } = await start();
    const connection = connections[0] as MemoryConnection;
    connection.lack = new Error('NOT_FOUND');
    channel().fail(new Error('NOT_FOUND'));
    send('a');
    await later(60_000);
    expect(publisher.metrics()).toMatchObject({ state: 'waiting', reason: 'NOT_FOUND', nacked: 0 });
    expect(connection.channels.length).toBeGreaterThan(CHANNEL_ERRORS_MAX);
    connection.lack = undefined;
    await later();
    expect(channel().said).toEqual(['publish a']);
  });

  it('is waited for as long as is said', async () => {
    const { send, publisher, later, channel } = await start();
    send('a');
    let waited = 0;
    for (let n = 0; n < 2; n++) void publisher.settled(1_000).then(() => waited++);
    await later(999);
    expect(waited).toBe(0);
    await later(2);
    expect(waited).toBe(2);
    void publisher.settled(1_000).then(() => waited++);
    channel().emit('ack', { deliveryTag: 1, multiple: false });
    await turns();
    expect(waited).toBe(3);
  });
});
