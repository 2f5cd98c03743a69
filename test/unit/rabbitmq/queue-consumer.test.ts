import { describe, expect, it } from 'vitest';
import { WAITING_MS, WAITING_SHARE } from '../../../src/rabbitmq/acknowledgements.ts';
import { BrokerLink } from '../../../src/rabbitmq/broker-link.ts';
import { checkConsume, type ConsumeOptions } from '../../../src/rabbitmq/consume-options.ts';
import { QueueConsumer } from '../../../src/rabbitmq/queue-consumer.ts';
import { SETTLED_IDS_MAX, SettledIds } from '../../../src/rabbitmq/settled-ids.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';
import { KeptLog } from '../actor/kernel-fixture.ts';
import { MemoryConnection, turns } from './memory-broker.ts';

interface Asked {
  to: string;
  id: string | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

async function start(options: Partial<ConsumeOptions> = {}) {
  const clock = new VirtualClock();
  const log = new KeptLog();
  const connections: MemoryConnection[] = [];
  const asked: Asked[] = [];
  const letters: string[] = [];
  const consumer = new QueueConsumer({
    queue: 'q',
    options: checkConsume('q', {
      to: ({ content }) => `sink/${content}`,
      message: () => ({ type: 'take' }),
      ...options,
    }),
    ...{ clock, random: () => 0.5, log },
    ask: ({ to, outside }, _options, onward) =>
      void asked.push({
        ...{ to, id: outside && `${outside.life}:${outside.name}` },
        resolve: () => onward.resolve(undefined),
        reject: (error) => onward.reject(error as TroupeError),
      }),
    deadLetter: (to, _message, code) => letters.push(`${to} ${code}`),
  });
  const dial = async () => {
    connections.push(new MemoryConnection());
    return connections.at(-1) as MemoryConnection;
  };
  const link = new BrokerLink({ clock, random: () => 0.5, dial, changed: () => {} });
  link.add(consumer);
  link.begin();
  await turns();
  const later = async (ms = 10_000) => {
    await clock.advance(ms);
    await turns();
  };
  const channel = () => (connections.at(-1) as MemoryConnection).last;
  return { consumer, clock, log, connections, asked, letters, later, channel, link };
}

const failure = (
  code: 'MAILBOX_FULL' | 'ASK_TIMEOUT' | 'HANDLER_FAILED' | 'SHUTTING_DOWN' | 'UNKNOWN_MESSAGE',
  fate: 'not-executed' | 'executed' | 'unknown',
) => new TroupeError(code, 'as the test says', { fate });

describe('a delivery', () => {
  it('is acknowledged once its ask has resolved, and not before', async () => {
    const { asked, channel } = await start({ prefetch: 7 });
    channel().bring('a', { messageId: 'm1' });
    await turns();
    expect(channel().said).toEqual(['prefetch 7']);
    asked[0]?.resolve();
    await turns();
    expect(channel().said).toEqual(['prefetch 7', 'ack 1']);
  });

  it('is acknowledged with those before it in one word, also where it was handled before one of them', async () => {
    const { asked, channel, consumer } = await start();
    for (let n = 1; n <= 6; n++) channel().bring(`${n}`, { messageId: `m${n}` });
    for (const n of [1, 2, 3, 5]) asked[n - 1]?.resolve();
    await turns();
    expect(channel().said.slice(1)).toEqual(['ack up to 3']);
    asked[3]?.resolve();
    await turns();
    expect(channel().said.slice(2)).toEqual(['ack up to 5']);
    asked[5]?.resolve();
    await turns();
    expect(channel().said.slice(3)).toEqual(['ack 6']);
    expect(consumer.metrics()).toMatchObject({ acknowledged: 6, unacknowledged: 0 });
  });

  it('that waits for an earlier one is acknowledged once that is rejected, or given back', async () => {
    const { asked, channel } = await start({ tries: 1 });
    for (let n = 1; n <= 4; n++) channel().bring(`${n}`, { messageId: `m${n}` });
    asked[1]?.resolve();
    await turns();
    expect(channel().said.slice(1)).toEqual([]);
    asked[0]?.reject(failure('HANDLER_FAILED', 'executed'));
    await turns();
    expect(channel().said.slice(1)).toEqual(['nack 1', 'ack 2']);
    asked[3]?.resolve();
    await turns();
    asked[2]?.reject(failure('ASK_TIMEOUT', 'unknown'));
    await turns();
    expect(channel().said.slice(3)).toEqual(['requeue 3', 'ack 4']);
  });

  it('waits for an earlier one no longer than two beats', async () => {
    const { asked, channel, later, clock } = await start();
    for (let n = 1; n <= 4; n++) channel().bring(`${n}`, { messageId: `m${n}` });
    asked[1]?.resolve();
    await turns();
    await later(WAITING_MS / 2);
    asked[2]?.resolve();
    await turns();
    await later(WAITING_MS);
    expect(channel().said.slice(1)).toEqual([]);
    asked[3]?.resolve();
    await turns();
    await later(WAITING_MS);
    expect(channel().said.slice(1)).toEqual(['ack 2', 'ack 3']);
    await later(WAITING_MS);
    expect(channel().said.slice(3)).toEqual(['ack 4']);
    asked[0]?.resolve();
    await turns();
    expect(channel().said.slice(4)).toEqual(['ack 1']);
    await later(60_000);
    expect(clock.timers).toBe(0);
  });

  it.each([
    { prefetch: 1_000, waiting: 1_000 / WAITING_SHARE },
    { prefetch: 10, waiting: 2 },
    { prefetch: 3, waiting: 0 },
  ])('waits with a quarter of those that may be unacknowledged, $prefetch, at most', async ({ prefetch, waiting }) => {
    const { asked, channel } = await start({ prefetch });
    for (let n = 1; n <= waiting + 2; n++) channel().bring(`${n}`, { messageId: `m${n}` });
    for (let n = 2; n <= waiting + 1; n++) asked[n - 1]?.resolve();
    await turns();
    expect(channel().said.slice(1)).toEqual([]);
    asked[waiting + 1]?.resolve();
    await turns();
    expect(channel().said.slice(1)).toEqual(['ack 2']);
    asked[0]?.resolve();
    await turns();
    expect(channel().said.slice(2)).toEqual([waiting === 0 ? 'ack 1' : `ack up to ${waiting + 2}`]);
  });

  it('that waits for an earlier one is acknowledged as the consumption closes', async () => {
    const { asked, channel, consumer } = await start();
    for (let n = 1; n <= 3; n++) channel().bring(`${n}`, { messageId: `m${n}` });
    asked[2]?.resolve();
    await turns();
    const closed = consumer.close();
    asked[0]?.reject(failure('SHUTTING_DOWN', 'not-executed'));
    asked[1]?.resolve();
    await closed;
    expect(channel().said.slice(1)).toEqual(['cancel', 'ack 3', 'ack 2', 'close']);
  });

  it('whose channel is gone is not acknowledged with those of the next one', async () => {
    const { asked, channel, connections, later } = await start();
    for (let n = 1; n <= 3; n++) channel().bring(`${n}`, { messageId: `m${n}` });
    connections[0]?.drop('cut');
    await later();
    channel().bring('4', { messageId: 'm4' });
    for (const n of [1, 2, 3]) asked[n - 1]?.resolve();
    await turns();
    expect(channel().said.slice(1)).toEqual([]);
    asked[3]?.resolve();
    await turns();
    expect(channel().said.slice(1)).toEqual(['ack 1']);
  });

  it('that its publisher has sent twice at once is asked once, and both are acknowledged', async () => {
    const { asked, channel, consumer } = await start();
    channel().bring('a', { messageId: 'm1' });
    channel().bring('a', { messageId: 'm1' });
    channel().bring('b', { messageId: 'm2' });
    expect(asked).toHaveLength(2);
    for (const one of asked) one.resolve();
    await turns();
    expect(channel().said.slice(1)).toEqual(['ack up to 3']);
    expect(consumer.metrics()).toMatchObject({ acknowledged: 3, unacknowledged: 0 });
  });

  it('that comes again while its ask is under way joins that one: no second ask, and the new tag is acknowledged', async () => {
    const { asked, channel, connections, later } = await start();
    channel().bring('a', { messageId: 'm1' });
    const before = channel();
    connections[0]?.drop('cut');
    await later();
    channel().bring('b', { messageId: 'm2' });
    channel().bring('a', { messageId: 'm1' });
    expect(asked.map(({ to }) => to)).toEqual(['sink/a', 'sink/b']);
    asked[0]?.resolve();
    await turns();
    expect(before.said).not.toContain('ack 1');
    asked[1]?.resolve();
    await turns();
    expect(channel().said.slice(1)).toEqual(['ack up to 2']);
  });

  it('whose acknowledgement was lost with its channel is known when it comes again', async () => {
    const { asked, channel, connections, later, consumer } = await start();
    channel().bring('a', { messageId: 'm1' });
    connections[0]?.drop('cut');
    asked[0]?.resolve();
    await later();
    channel().bring('a', { messageId: 'm1' });
    await turns();
    expect(asked).toHaveLength(1);
    expect(channel().said).toContain('ack 1');
    expect(consumer.metrics()).toMatchObject({ recognised: 1, acknowledged: 1, delivered: 2 });
  });

  it('with the same id in another life is another one', async () => {
    const { asked, channel } = await start();
    channel().bring('a', { messageId: 'm1' });
    asked[0]?.reject(failure('HANDLER_FAILED', 'executed'));
    await turns();
    const death = { queue: 'q', reason: 'rejected', count: 1 };
    const headers = {
      'x-death': [{ queue: 'other', reason: 'rejected', count: 3 }, { ...death, reason: 'expired' }, death],
    };
    channel().bring('a', { messageId: 'm1', headers });
    expect(asked.map(({ id }) => id)).toEqual(['0:q|m1', '1:q|m1']);
    expect(channel().said).toContain('nack 1');
  });

  it('without an id is asked each time, and counted; the first is logged', async () => {
    const { asked, channel, consumer, log } = await start();
    for (let n = 0; n < 3; n++) channel().bring('a');
    expect(asked.map(({ id }) => id)).toEqual([undefined, undefined, undefined]);
    expect(consumer.metrics().unnamed).toBe(3);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('may have its id from a function, or none', async () => {
    const one = await start({ once: ({ properties }) => properties.headers?.key as string });
    one.channel().bring('a', { messageId: 'm1', headers: { key: 'k' } });
    expect(one.asked[0]?.id).toBe('0:q|k');
    const none = await start({ once: false });
    none.channel().bring('a', { messageId: 'm1' });
    expect(none.asked[0]?.id).toBeUndefined();
    expect(none.consumer.metrics().unnamed).toBe(0);
  });

  it('that cannot be read is rejected, as a dead letter', async () => {
    const { channel, letters, asked } = await start({
      to: () => {
        throw new Error('no');
      },
    });
    channel().bring('a', { messageId: 'm1' });
    expect(channel().said).toContain('nack 1');
    expect([letters, asked.length]).toEqual([['q INVALID_MESSAGE'], 0]);
  });

  it('that fails for good is rejected: a dead letter, but where its actor has left one', async () => {
    const { channel, letters, asked } = await start();
    channel().bring('a', { messageId: 'm1' });
    channel().bring('b', { messageId: 'm2' });
    asked[0]?.reject(failure('HANDLER_FAILED', 'executed'));
    asked[1]?.reject(failure('UNKNOWN_MESSAGE', 'not-executed'));
    await turns();
    expect(channel().said.slice(1)).toEqual(['nack 1', 'nack 2']);
    expect(letters).toEqual(['sink/b UNKNOWN_MESSAGE']);
  });

  it('that is rejected has a line with its trace', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const to = ({ content }: { content: Buffer }): string => {
      if (String(content) === 'odd') throw new Error('no actor');
      return 'sink/a';
    };
    const { asked, channel, log } = await start({ to });
    const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` };
    channel().bring('odd', { messageId: 'm1', headers });
    channel().bring('fine', { messageId: 'm2', headers });
    asked[0]?.reject(failure('HANDLER_FAILED', 'executed'));
    await turns();
    const lines = log.lines.filter(({ text }) => text.includes('rejected'));
    expect(lines.map(({ fields }) => fields.trace_id)).toEqual([trace, trace]);
  });

  it('that its actor cannot take is asked again, later and later, and rejected after the last try', async () => {
    const { channel, asked, later, consumer, letters } = await start({ tries: 3 });
    channel().bring('a', { messageId: 'm1' });
    for (const waitMs of [100, 200]) {
      asked.at(-1)?.reject(failure('MAILBOX_FULL', 'not-executed'));
      const before = asked.length;
      await later(waitMs - 1);
      expect(asked).toHaveLength(before);
      await later(2);
      expect(asked).toHaveLength(before + 1);
    }
    asked.at(-1)?.reject(failure('MAILBOX_FULL', 'not-executed'));
    await turns();
    expect(channel().said.slice(1)).toEqual(['nack 1']);
    expect(letters).toEqual(['sink/a MAILBOX_FULL']);
    expect(consumer.metrics()).toMatchObject({ retried: 2, rejected: 1, unacknowledged: 0 });
  });

  it('that may be handled is never given up: it goes back to the queue after the last try', async () => {
    const { channel, asked, consumer } = await start({ tries: 1 });
    channel().bring('a', { messageId: 'm1' });
    asked[0]?.reject(failure('ASK_TIMEOUT', 'executed'));
    await turns();
    expect(channel().said.slice(1)).toEqual(['requeue 1']);
    channel().bring('a', { messageId: 'm1' });
    expect(asked).toHaveLength(2);
    expect(consumer.metrics()).toMatchObject({ requeued: 1, rejected: 0 });
  });

  it('that waits to be asked again as its channel goes is left to the broker', async () => {
    const { channel, asked, connections, later, consumer } = await start();
    channel().bring('a', { messageId: 'm1' });
    asked[0]?.reject(failure('MAILBOX_FULL', 'not-executed'));
    await turns();
    connections[0]?.drop('cut');
    await later();
    expect(asked).toHaveLength(1);
    expect(consumer.metrics().unacknowledged).toBe(0);
    channel().bring('a', { messageId: 'm1' });
    expect(asked).toHaveLength(2);
  });
});

describe('a consumer', () => {
  it('that is closed takes nothing more, and waits for what is under way', async () => {
    const { channel, asked, consumer, clock } = await start();
    channel().bring('a', { messageId: 'm1' });
    channel().bring('b', { messageId: 'm2' });
    asked[1]?.reject(failure('MAILBOX_FULL', 'not-executed'));
    await turns();
    let isClosed = false;
    void consumer.close().then(() => (isClosed = true));
    await turns();
    channel().bring('c', { messageId: 'm3' });
    await clock.advance(60_000);
    expect([asked.length, isClosed]).toEqual([2, false]);
    asked[0]?.resolve();
    await turns();
    expect(isClosed).toBe(true);
    expect(channel().said.slice(1)).toEqual(['cancel', 'ack 1', 'close']);
    expect(consumer.metrics().state).toBe('closed');
  });

  it('whose system shuts down leaves what it has to the broker', async () => {
    const { channel, asked } = await start();
    channel().bring('a', { messageId: 'm1' });
    asked[0]?.reject(failure('SHUTTING_DOWN', 'not-executed'));
    await turns();
    expect(channel().said.slice(1)).toEqual([]);
  });

  it('makes a new channel where its queue was deleted, and waits where there is none', async () => {
    const { channel, connections, later, consumer } = await start();
    const connection = connections[0] as MemoryConnection;
    connection.lack = new Error('NOT_FOUND');
    channel().deliver(null);
    expect(consumer.metrics()).toMatchObject({ state: 'waiting', reason: expect.stringContaining('deleted') });
    await later(30_000);
    expect(consumer.metrics()).toMatchObject({ state: 'waiting', reason: 'NOT_FOUND' });
    expect(connection.channels.length).toBeGreaterThan(4);
    expect(connection.channels.length).toBeLessThan(20);
    connection.lack = undefined;
    await later();
    expect(consumer.metrics()).toMatchObject({ state: 'consuming', reason: undefined });
  });

  it(`remembers how the newest ${SETTLED_IDS_MAX} messages ended, and no others`, () => {
    const ids = new SettledIds();
    const count = SETTLED_IDS_MAX * 2.5;
    for (let n = 0; n < count; n++) {
      ids.add(`${n}`, n % 3 === 0 ? 'reject' : 'ack');
      // While it grows, too.
      if (n % 500 === 0 && n < SETTLED_IDS_MAX)
        expect([ids.get('0'), ids.get('1')]).toEqual(['reject', n ? 'ack' : undefined]);
    }
    const known = (n: number) => (n < count - SETTLED_IDS_MAX ? undefined : n % 3 === 0 ? 'reject' : 'ack');
    for (let n = 0; n < count; n++) if (ids.get(`${n}`) !== known(n)) expect(`${n}`).toBe(`${known(n)}`);
    expect(ids.get('other')).toBeUndefined();
  });
});
