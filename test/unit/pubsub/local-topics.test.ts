import { describe, expect, it } from 'vitest';
import { LISTENER_CALLS_MAX } from '../../../src/pubsub/listener-calls.ts';
import { LocalTopics } from '../../../src/pubsub/local-topics.ts';
import { SUBSCRIPTIONS_MAX } from '../../../src/pubsub/subscriptions.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { silent } from '../peer/link-fixture.ts';
import { TOPIC_LENGTH_MAX } from '../../../src/pubsub/topic-bus.ts';
import { defineActor, errorOf, startKit, thrownBy } from '../actor/kernel-fixture.ts';

const reader = defineActor({
  state: () => ({ got: [] as unknown[] }),
  onStart: async (ctx) => {
    if (ctx.key.startsWith('born')) await ctx.subscribe('news', `reader/next-${ctx.key}`);
  },
  receive: {
    join: async (ctx, { topic }: { topic: string }) => void (await ctx.subscribe(topic)),
    'join-and-leave': async (ctx, { topic }: { topic: string }) => {
      const leave = await ctx.subscribe(topic);
      await leave();
    },
    leave: (ctx, { topic }: { topic: string }) => ctx.unsubscribe(topic),
    news: (ctx, { n }: { n: number }) => void ctx.state.got.push([n, ctx.sender]),
    got: (ctx) => ctx.state.got,
    say: (ctx, { n, value }: { n: number; value?: unknown }) => ctx.publish('news', { type: 'news', n, value }),
    'say-and-tell': (ctx, { to }: { to: string }) => {
      for (let n = 0; n < 6; n++) {
        if (n % 2 === 0) ctx.publish('news', { type: 'news', n });
        else ctx.tell(to, { type: 'news', n });
      }
    },
    'say-odd': (ctx) => ctx.publish('news', { type: 'news', call: () => {} }),
    boom: () => {
      throw new Error('boom');
    },
  },
});

const got = (system: ReturnType<typeof startKit>['system'], key: string): Promise<[number, string | undefined][]> =>
  system.ask(`reader/${key}`, { type: 'got' });

const MB = 1024 * 1024;
let opened = (): void => {};

const slow = defineActor({
  mailbox: { capacity: 8 },
  state: () => ({ got: 0 }),
  receive: {
    join: async (ctx) => void (await ctx.subscribe('news')),
    wait: () => new Promise<void>((resolve) => (opened = resolve)),
    news: (ctx) => void ctx.state.got++,
    say: (ctx, { count }: { count: number }) =>
      Array.from({ length: count }, (_, n) => ctx.publish('news', { type: 'news', n })),
    'say-and-wait': async (ctx, { count }: { count: number }) => {
      for (let n = 0; n < count; n++) ctx.publish('news', { type: 'news', n });
      await ctx.drained();
      return 'drained';
    },
    got: (ctx) => ctx.state.got,
  },
});

describe('publish', () => {
  const waiting = async (kit: ReturnType<typeof startKit>): Promise<void> => {
    await kit.system.ask('slow/a', { type: 'join' });
    kit.system.tell('slow/a', { type: 'wait' });
    await kit.clock.settle();
  };

  it('says false once half of what may wait for a subscriber does, and drained() waits for it', async () => {
    const kit = startKit({ slow });
    await waiting(kit);
    const said = Array.from({ length: 6 }, (_, n) => kit.system.publish('news', { type: 'news', n }));
    expect(said).toEqual([true, true, true, true, false, false]);
    let isDrained = false;
    void kit.system.drained().then(() => (isDrained = true));
    await kit.clock.settle();
    expect(isDrained).toBe(false);
    opened();
    await kit.clock.settle();
    expect([isDrained, await kit.system.ask('slow/a', { type: 'got' })]).toEqual([true, 6]);
    expect(kit.system.publish('news', { type: 'news', n: 6 })).toBe(true);
  });

  it('says the same to an actor, which waits as long as for a reply at most, and not for itself', async () => {
    const kit = startKit({ slow }, { askTimeoutMs: 5_000 });
    await waiting(kit);
    await kit.system.ask('slow/b', { type: 'join' });
    expect(await kit.system.ask('slow/c', { type: 'say', count: 5 })).toEqual([true, true, true, true, false]);
    let answer: unknown;
    void kit.system
      .ask('slow/b', { type: 'say-and-wait', count: 2 }, { timeoutMs: 60_000 })
      .then((got) => (answer = got));
    await kit.clock.settle();
    expect(answer).toBe(undefined);
    opened();
    await kit.clock.settle();
    expect(answer).toBe('drained');
    await waiting(kit);
    answer = undefined;
    void kit.system
      .ask('slow/c', { type: 'say-and-wait', count: 6 }, { timeoutMs: 60_000 })
      .then((got) => (answer = got));
    await kit.clock.settle();
    expect(answer).toBe(undefined);
    await kit.clock.advance(60_000);
    expect(answer).toBe('drained');
  });

  it('says false by bytes too, of mailboxes and of what waits for listeners, and refuses beyond', async () => {
    const kit = startKit({ slow }, { memoryBytes: 4 * MB });
    let heard = 0;
    await kit.system.subscribe('texts', () => heard++);
    const body = 'x'.repeat(100_000);
    const said = Array.from({ length: 12 }, (_, n) => kit.system.publish('texts', { type: 'text', n, body: body + n }));
    expect([said.indexOf(false), kit.dead()]).toEqual([5, ['texts:text:OVERLOADED', 'texts:text:OVERLOADED']]);
    await kit.system.drained();
    expect([heard, kit.process.kernel.memory.bytes]).toEqual([10, 0]);
    for (let n = 0; n <= LISTENER_CALLS_MAX; n++) kit.system.publish('texts', { type: 'text', n });
    expect(kit.dead().length).toBeGreaterThan(2);
    await kit.system.drained();
    expect(kit.process.kernel.memory.bytes).toBe(0);
  });

  it('keeps no more calls of listeners than their bound', async () => {
    const kit = startKit({ slow });
    let heard = 0;
    await kit.system.subscribe('texts', () => heard++);
    const said: boolean[] = [];
    for (let n = 0; n <= LISTENER_CALLS_MAX; n++) said.push(kit.system.publish('texts', { type: 'text', n }));
    expect([said.indexOf(false), kit.dead()]).toEqual([LISTENER_CALLS_MAX / 2, ['texts:text:OVERLOADED']]);
    await kit.system.drained();
    expect(heard).toBe(LISTENER_CALLS_MAX);
  });
});

describe('a topic', () => {
  it('brings each message to every subscriber once, in the order of its publisher', async () => {
    const { system } = startKit({ reader });
    const heard: unknown[] = [];
    for (const key of ['a', 'b']) await system.ask(`reader/${key}`, { type: 'join', topic: 'news' });
    await system.subscribe('news', 'reader/a');
    await system.subscribe('news', (message) => heard.push((message as unknown as { n: number }).n));
    for (let n = 0; n < 5; n++) system.publish('news', { type: 'news', n });
    const all = [...Array(5).keys()];
    for (const key of ['a', 'b']) expect((await got(system, key)).map(([n]) => n)).toEqual(all);
    expect(heard).toEqual(all);
  });

  it('shares one order with the tells of its publisher, and names it as the sender', async () => {
    const { system } = startKit({ reader });
    await system.ask('reader/a', { type: 'join', topic: 'news' });
    await system.ask('reader/p', { type: 'say-and-tell', to: 'reader/a' });
    expect(await got(system, 'a')).toEqual([0, 1, 2, 3, 4, 5].map((n) => [n, 'reader/p']));
  });

  it('is left by unsubscribe, by what subscribe gave, and with the end of the actor', async () => {
    const { system, process } = startKit({ reader });
    for (const key of ['a', 'b', 'c']) await system.ask(`reader/${key}`, { type: 'join', topic: 'news' });
    await system.ask('reader/a', { type: 'leave', topic: 'news' });
    await system.ask('reader/d', { type: 'join-and-leave', topic: 'news' });
    const leave = await system.subscribe('news', 'reader/e');
    await leave();
    await leave();
    await system.stop('reader/b');
    system.publish('news', { type: 'news', n: 1 });
    const lengths = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(async (key) => (await got(system, key)).length));
    expect(lengths).toEqual([0, 0, 1, 0, 0]);
    await system.kill('reader/c');
    expect(process.kernel.topics).toMatchObject({ subscriptions: { size: 0 } });
  });

  it('keeps its subscribers over their restarts', async () => {
    const { system, clock } = startKit({ reader });
    await system.ask('reader/a', { type: 'join', topic: 'news' });
    system.tell('reader/a', { type: 'boom' });
    system.publish('news', { type: 'news', n: 1 });
    await clock.advance(100);
    expect(await got(system, 'a')).toEqual([[1, undefined]]);
  });

  it('activates a subscriber that is not in memory; those that it subscribes as it starts hear the next message', async () => {
    const { system } = startKit({ reader });
    await system.subscribe('news', 'reader/born');
    system.publish('news', { type: 'news', n: 1 });
    expect(await got(system, 'born')).toEqual([[1, undefined]]);
    system.publish('news', { type: 'news', n: 2 });
    expect((await got(system, 'next-born')).map(([n]) => n)).toEqual([2]);
  });

  it('without subscribers takes messages too', () => {
    const { system, dead } = startKit({ reader });
    system.publish('nobody', { type: 'news', n: 1 });
    expect(dead()).toEqual([]);
  });

  it('carries plain data only, checked and frozen, from systems and actors alike', async () => {
    const { system, dead } = startKit({ reader });
    const values: unknown[] = [];
    await system.subscribe('news', (message) => values.push(message));
    system.publish('news', { type: 'news', call: () => {} });
    await system.ask('reader/a', { type: 'say-odd' });
    expect(dead()).toEqual(['news:news:INVALID_MESSAGE', 'news:news:INVALID_MESSAGE']);
    await system.ask('reader/a', { type: 'say', n: 1, value: { deep: 1 } });
    expect(values).toHaveLength(1);
    expect(Object.isFrozen((values[0] as { value: object }).value)).toBe(true);
  });

  it('has no messages larger than messageBytesMax', () => {
    const { system, dead } = startKit({ reader }, { messageBytesMax: 1_000 });
    system.publish('news', { type: 'news', text: 'x'.repeat(2_000) });
    expect(dead()).toEqual(['news:news:MESSAGE_TOO_LARGE']);
  });

  it.each(['', 'x'.repeat(TOPIC_LENGTH_MAX + 1), 7])('is not named %j', async (topic) => {
    const { system, process } = startKit({ reader });
    expect(thrownBy(() => system.publish(topic as string, { type: 'news' })).code).toBe('INVALID_OPTIONS');
    expect((await errorOf(system.subscribe(topic as string, () => {}))).code).toBe('INVALID_OPTIONS');
    expect((await errorOf(system.subscribe(topic as string, 'reader/a'))).code).toBe('INVALID_OPTIONS');
    expect(process.kernel.pending.size).toBe(0);
  });

  it('goes on when a listener throws, now or later', async () => {
    const { system, log, clock } = startKit({ reader });
    const heard: unknown[] = [];
    await system.subscribe('news', () => {
      throw new Error('a listener’s own');
    });
    await system.subscribe('news', async () => {
      throw new Error('a listener’s own, later');
    });
    await system.subscribe('news', (message) => heard.push(message));
    system.publish('news', { type: 'news', n: 1 });
    await clock.settle();
    expect(heard).toHaveLength(1);
    expect(log.lines.filter(({ text }) => text === 'a topic listener threw')).toHaveLength(2);
  });
});

it('takes so many subscriptions, unless told otherwise', () => {
  const topics = new LocalTopics(new VirtualClock(), silent);
  let size = SUBSCRIPTIONS_MAX - 1;
  Object.defineProperty(topics.subscriptions, 'size', { get: () => size });
  void topics.join('news', 'reader/a');
  size++;
  expect(() => topics.join('news', 'reader/b')).toThrow(`has ${SUBSCRIPTIONS_MAX} subscriptions, which is the limit`);
});
