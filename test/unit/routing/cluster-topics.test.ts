import { describe, expect, test } from 'vitest';
import { PlacementTable } from '../../../src/placement/placement-table.ts';
import { LocalTopics } from '../../../src/pubsub/local-topics.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { QueueMemory } from '../../../src/vocabulary/queue-memory.ts';
import type { Envelope } from '../../../src/vocabulary/envelope.ts';
import type { MoveOrder } from '../../../src/wire/control.ts';
import type { Published } from '../../../src/frames/frame-reader.ts';
import { SOME_TOPICS, TOPIC_BARRIER, TOPIC_REACHED } from '../../../src/wire/entry.ts';
import { ClusterTopics, TOPICS_CHARACTERS } from '../../../src/routing/cluster-topics.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { silent } from '../peer/link-fixture.ts';

const TOPIC = 8;
const TOPIC_ACK = 9;
const TOPICS = 10;
const TERMS = { role: '', column: '', strategy: 'hash', isDurable: false, capacity: 8 } as const;

class FakePeer {
  ended = false;
  isClear = true;
  readonly notes: unknown[][] = [];
  readonly published: unknown[] = [];

  note(...parts: unknown[]): void {
    this.notes.push(parts);
  }

  publish(
    topic: string,
    message: { n: number },
    _sender: string | undefined,
    _epoch: number,
    excluded?: Set<string>,
  ): boolean {
    this.published.push(`${topic} ${message.n}${excluded ? ` but ${[...excluded]}` : ''}`);
    return this.isClear;
  }

  get link(): OutboundQueue {
    return this as unknown as OutboundQueue;
  }
}

function newTopics(
  count = 2,
  memoryBytes?: number,
  barrier: () => Promise<unknown> = async () => {},
): {
  topics: ClusterTopics;
  peers: FakePeer[];
  got: string[];
  clock: VirtualClock;
  held: Envelope[];
  now: { epoch: number };
} {
  const clock = new VirtualClock();
  const got: string[] = [];
  const held: Envelope[] = [];
  const now = { epoch: 1 };
  const local = new LocalTopics(clock, silent);
  const note = ({ to, message }: Envelope): number => got.push(`${to} ${(message as { n: number }).n}`);
  local.router = { deliver: (envelope) => note(envelope) > 0, signal: () => {} };
  const peers = Array.from({ length: count }, () => new FakePeer());
  return {
    held,
    now,
    topics: new ClusterTopics(local, {
      peers: { all: () => peers.map(({ link }) => link) },
      router: { deliver: (envelope) => held.push(envelope) > 0 },
      memory: new QueueMemory(memoryBytes),
      barrier,
      cluster: {
        table: PlacementTable.from({ epoch: 1, columns: {}, pins: [], kinds: { counter: TERMS } }),
        get epoch() {
          return now.epoch;
        },
      },
    }),
    peers,
    got,
    clock,
  };
}

function hasSettled(promise: Promise<unknown> | undefined): () => boolean {
  let isSettled = promise === undefined;
  void promise?.then(() => (isSettled = true));
  return () => isSettled;
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const message = (n: number): { type: string; n: number } => ({ type: 'note', n });

describe('a subscription', () => {
  test('is in force once every other process has said so, not before', async () => {
    const { topics, peers } = newTopics();
    const isInForce = hasSettled(topics.join('news', 'counter/a'));
    expect(peers.map(({ notes }) => notes)).toEqual([[[TOPIC, 'news', true, 1]], [[TOPIC, 'news', true, 1]]]);
    topics.acknowledged((peers[0] as FakePeer).link, 1);
    topics.acknowledged((peers[0] as FakePeer).link, 1);
    topics.acknowledged((peers[1] as FakePeer).link, 99);
    await tick();
    expect(isInForce()).toBe(false);
    topics.acknowledged((peers[1] as FakePeer).link, 1);
    await tick();
    expect(isInForce()).toBe(true);
  });

  test('does not wait for a process that has died, before or meanwhile', async () => {
    const { topics, peers } = newTopics(3);
    const [first, second, third] = peers as [FakePeer, FakePeer, FakePeer];
    first.ended = true;
    const isInForce = hasSettled(topics.join('news', 'counter/a'));
    topics.acknowledged(second.link, 1);
    topics.peerGone(third.link);
    await tick();
    expect([isInForce(), first.notes]).toEqual([true, []]);
  });

  test('waits with the one that is being announced, and is at once where the topic is known to all', async () => {
    const { topics, peers } = newTopics(1);
    const [peer] = peers as [FakePeer];
    const [one, two] = [hasSettled(topics.join('news', 'counter/a')), hasSettled(topics.listen('news', () => {}))];
    await tick();
    expect([one(), two(), peer.notes.length]).toEqual([false, false, 1]);
    topics.acknowledged(peer.link, 1);
    await tick();
    expect([one(), two(), topics.join('news', 'counter/b')]).toEqual([true, true, undefined]);
  });

  test('is told off when the last one here has left, not before', async () => {
    const { topics, peers } = newTopics(1);
    const [peer] = peers as [FakePeer];
    void topics.join('news', 'counter/a');
    const listening = topics.listen('news', () => {});
    topics.acknowledged(peer.link, 1);
    const unlisten = await listening;
    topics.leaveAll('counter/a');
    expect(peer.notes.length).toBe(1);
    await unlisten();
    expect(peer.notes.slice(1)).toEqual([[TOPIC, 'news', false, 2]]);
    await unlisten();
    expect(peer.notes.length).toBe(2);
  });

  test('in one process alone is in force at once', async () => {
    const { topics } = newTopics(0);
    const isInForce = hasSettled(topics.join('news', 'counter/a'));
    await tick();
    expect(isInForce()).toBe(true);
  });
});

describe('a published message', () => {
  test('goes to subscribers here, and once to each process that has some', () => {
    const { topics, peers, got } = newTopics(3);
    const [first, second] = peers as [FakePeer, FakePeer];
    void topics.join('news', 'counter/a');
    topics.learned(first.link, ['news', 'sport']);
    topics.changed(second.link, 'news', true, 7);
    topics.changed(second.link, 'news', true, 8);
    topics.publish('news', message(1), undefined);
    expect([got, peers.map(({ published }) => published)]).toEqual([['counter/a 1'], [['news 1'], ['news 1'], []]]);
    expect(second.notes.slice(1, 3)).toEqual([
      [TOPIC_ACK, 7],
      [TOPIC_ACK, 8],
    ]);
  });

  test('goes no more to a process that has left the topic, or is gone', () => {
    const { topics, peers } = newTopics();
    const [first, second] = peers as [FakePeer, FakePeer];
    for (const { link } of peers) topics.learned(link, ['news']);
    topics.changed(first.link, 'news', false, 3);
    topics.peerGone(second.link);
    topics.publish('news', message(1), undefined);
    expect([peers.map(({ published }) => published), first.notes]).toEqual([[[], []], [[TOPIC_ACK, 3]]]);
  });

  test('from elsewhere goes to the subscribers here, and not on', async () => {
    const { topics, peers, got, clock } = newTopics();
    const heard: unknown[] = [];
    void topics.join('news', 'counter/a');
    void topics.listen('news', (one) => void heard.push(one));
    for (const { link } of peers) topics.learned(link, ['news']);
    topics.arrived({ topic: 'news', message: message(4), sender: 'counter/s', epoch: 1, excluded: undefined });
    await clock.settle();
    expect([got, heard, peers.map(({ published }) => published)]).toEqual([['counter/a 4'], [message(4)], [[], []]]);
  });
});

describe('a publisher', () => {
  const questions = ({ notes }: FakePeer): unknown[][] => notes.filter(([kind]) => kind === TOPIC_BARRIER);
  const numberIn = (question: unknown[] | undefined): number => question?.[2] as number;

  test('is told false from half of what a subscriber elsewhere may have, until that is handled', () => {
    const { topics, peers } = newTopics(1);
    const [peer] = peers as [FakePeer];
    topics.learned(peer.link, ['news']);
    const publish = (count: number): boolean[] =>
      Array.from({ length: count }, (_, n) => topics.publish('news', message(n), undefined));
    expect([publish(1), questions(peer)]).toEqual([[true], [[TOPIC_BARRIER, 'news', 1]]]);
    topics.reached(peer.link, 1, 8);
    expect(publish(6)).toEqual([true, true, true, true, false, false]);
    // A quarter of it went before the next question.
    expect(questions(peer).slice(1)).toEqual([[TOPIC_BARRIER, 'news', 2]]);
    topics.reached(peer.link, 2, 8);
    expect(publish(2)).toEqual([true, false]);
    topics.reached(peer.link, 99, 8);
    expect(publish(1)).toEqual([false]);
  });

  test('is told false by a link that is half full, and by the bytes under way', () => {
    const { topics, peers } = newTopics(2, 1024 * 1024);
    const [first, second] = peers as [FakePeer, FakePeer];
    for (const { link } of peers) topics.learned(link, ['news']);
    second.isClear = false;
    expect(topics.publish('news', message(1), undefined)).toBe(false);
    second.isClear = true;
    const large = { type: 'note', n: 2, body: 'x'.repeat(50_000) };
    const said = [1, 2, 3].map(() => topics.publish('news', large, undefined));
    expect([said, questions(first).length]).toEqual([[true, true, false], 1]);
    // All of it went with its process.
    topics.peerGone(first.link);
    topics.peerGone(second.link);
    topics.learned(first.link, ['news']);
    expect(topics.publish('news', large, undefined)).toBe(true);
  });

  test('asks by the bytes under way, too, so that a few large ones do not hold it up for good', () => {
    const { topics, peers } = newTopics(1, 1024 * 1024);
    const [peer] = peers as [FakePeer];
    topics.learned(peer.link, ['news']);
    topics.publish('news', message(1), undefined);
    topics.reached(peer.link, 1, 100_000);
    const large = { type: 'note', n: 2, body: 'x'.repeat(70_000) };
    const publish = (): boolean => topics.publish('news', large, undefined);
    // Each is more than a quarter of what may be under way, and two of them more than half.
    expect([publish(), publish(), questions(peer).length]).toEqual([true, false, 2]);
    topics.reached(peer.link, 2, 100_000);
    expect([publish(), questions(peer).length]).toEqual([false, 3]);
    topics.reached(peer.link, 3, 100_000);
    expect(publish()).toBe(true);
  });

  test('waits until the subscribers of all processes are through, or gone', async () => {
    const { topics, peers } = newTopics(3);
    const [first, second, third] = peers as [FakePeer, FakePeer, FakePeer];
    for (const { link } of peers) topics.learned(link, ['news']);
    void topics.join('news', 'counter/a');
    third.ended = true;
    const asked: string[] = [];
    const isHandled = hasSettled(topics.handled('news', async (id) => void asked.push(id)));
    await tick();
    expect([asked, isHandled()]).toEqual([['counter/a'], false]);
    topics.reached(first.link, numberIn(questions(first)[0]), 8);
    // Not its question.
    topics.reached(first.link, numberIn(questions(second)[0]), 8);
    await tick();
    expect(isHandled()).toBe(false);
    topics.peerGone(second.link);
    await tick();
    expect(isHandled()).toBe(true);
  });

  test('gets its answer once those who subscribe here are through', async () => {
    let through = (): void => {};
    const { topics, peers } = newTopics(1, undefined, () => new Promise<void>((resolve) => (through = resolve)));
    const [peer] = peers as [FakePeer];
    void topics.join('news', 'counter/a');
    topics.barrier(peer.link, 'news', 5);
    topics.barrier(peer.link, 'sport', 6);
    await tick();
    const answers = (): unknown[][] => peer.notes.filter(([kind]) => kind === TOPIC_REACHED);
    expect(answers()).toEqual([[TOPIC_REACHED, 6, 100_000]]);
    through();
    await tick();
    expect(answers().slice(1)).toEqual([[TOPIC_REACHED, 5, 8]]);
  });
});

test('a new link is told what is subscribed here by now', () => {
  const { topics, peers } = newTopics();
  void topics.join('news', 'counter/a');
  void topics.join('sport', 'counter/a');
  topics.leave('news', 'counter/a');
  const peer = new FakePeer();
  topics.announce(peer.link);
  expect([peer.notes, peers.length]).toEqual([[[TOPICS, ['sport']]], 2]);
});

test('a hundred thousand topics are told in portions, all of them, the last one as the last', () => {
  const { topics } = newTopics();
  const names = Array.from({ length: 100_000 }, (_, n) => `topic-${n}`.padEnd(100, 'x'));
  for (const name of names) void topics.join(name, 'counter/a');
  const peer = new FakePeer();
  topics.announce(peer.link);
  const portions = peer.notes.map(([, portion]) => portion as string[]);
  expect(portions.flat()).toEqual(names);
  for (const portion of portions) expect(portion.join('').length).toBeLessThan(TOPICS_CHARACTERS + 200);
  const kinds = peer.notes.map(([kind]) => kind);
  expect([kinds.pop(), new Set(kinds)]).toEqual([TOPICS, new Set([SOME_TOPICS])]);
});

test('a topic that is none is refused at the call', async () => {
  const { topics } = newTopics();
  expect(() => topics.publish('', message(1), undefined)).toThrow('a topic is a string');
  expect(() => topics.join('', 'counter/a')).toThrow('a topic is a string');
  await expect(topics.listen('', () => {})).rejects.toThrow('a topic is a string');
});

describe('a subscriber on the move', () => {
  const order = (subscriptions: [string, string][]): MoveOrder => ({
    ...{ id: 7, purpose: 'move', units: ['counter/a'], subscriptions },
    ...{ from: { index: 1, incarnation: 1 }, to: { index: 2, incarnation: 1 } },
  });

  test('gets what is published with its other mail, and by no other way', () => {
    const { topics, peers, got, held } = newTopics();
    void topics.join('news', 'counter/a');
    void topics.join('news', 'counter/b');
    for (const { link } of peers) topics.learned(link, ['news']);
    topics.moving.hold(order([['news', 'counter/a']]));
    topics.publish('news', message(1), undefined);
    expect([got, held.map(({ to }) => to)]).toEqual([['counter/b 1'], ['counter/a']]);
    expect(peers.map(({ published }) => published)).toEqual([['news 1 but counter/a'], ['news 1 but counter/a']]);
    topics.moving.release(order([['news', 'counter/a']]));
    topics.publish('news', message(2), undefined);
    expect([got.slice(1), held.length]).toEqual([['counter/a 2', 'counter/b 2'], 1]);
  });

  test('does not get what its publisher sends it another way, nor what is older than its life here', () => {
    const { topics, got, now } = newTopics();
    void topics.join('news', 'counter/a');
    now.epoch = 5;
    void topics.join('news', 'counter/b');
    const from = (n: number, epoch: number, excluded?: string[]): Published => ({
      ...{ topic: 'news', message: message(n), sender: undefined, epoch, excluded },
    });
    topics.arrived(from(1, 5, ['counter/a']));
    topics.arrived(from(2, 4));
    topics.arrived(from(3, 5));
    expect(got).toEqual(['counter/b 1', 'counter/a 2', 'counter/a 3', 'counter/b 3']);
  });

  test('is published to at its new host from the end of the move on, though that has not said anything yet', () => {
    const { topics, peers } = newTopics();
    const [old, next] = peers as [FakePeer, FakePeer];
    const moves = order([['news', 'counter/a']]);
    topics.learned(old.link, ['news']);
    topics.moving.hold(moves);
    topics.peerGone(old.link);
    topics.moved(moves.subscriptions, next.link);
    topics.released(moves);
    topics.publish('news', message(1), undefined);
    expect(peers.map(({ published }) => published)).toEqual([[], ['news 1']]);
    // At a new host to which nothing of it has come nobody subscribes: all others hear that.
    topics.moved([['sport', 'counter/a']], undefined);
    expect(next.notes.at(-1)).toEqual([TOPIC, 'sport', false, 1]);
  });

  test('is subscribed for other machines while its old host is gone, and its new one is not known yet', () => {
    const { topics, peers } = newTopics();
    const told: string[] = [];
    topics.beyond = {
      joined: (topic) => void told.push(`joined ${topic}`),
      left: (topic) => void told.push(`left ${topic}`),
      publishing: () => {},
    };
    const [old, next] = peers as [FakePeer, FakePeer];
    for (const [to, left] of [
      [next, []],
      [undefined, ['left news']],
    ] as const) {
      const moves = order([['news', 'counter/a']]);
      topics.learned(old.link, ['news']);
      topics.moving.hold(moves);
      topics.peerGone(old.link);
      expect([told, [...topics.names()]]).toEqual([[], ['news']]);
      if (to) topics.moved(moves.subscriptions, to.link);
      topics.released(moves);
      expect(told.splice(0)).toEqual(left);
      if (to) topics.changed(to.link, 'news', false, 1);
      told.splice(0);
    }
  });

  test('is in force only when all know it under the table of that moment', async () => {
    const { topics, peers, now } = newTopics();
    void topics.join('news', 'counter/a');
    for (const { link } of peers) topics.acknowledged(link, 1);
    await tick();
    expect(topics.join('news', 'counter/b')).toBeUndefined();
    now.epoch = 2;
    const isInForce = hasSettled(topics.join('news', 'counter/c'));
    await tick();
    expect(isInForce()).toBe(false);
    for (const { link } of peers) topics.acknowledged(link, 2);
    await tick();
    expect(isInForce()).toBe(true);
  });
});
