import { describe, expect, test } from 'vitest';
import { LocalTopics } from '../../../src/pubsub/local-topics.ts';
import { VirtualClock } from '../../../src/testkit/virtual-clock.ts';
import type { Envelope } from '../../../src/vocabulary/envelope.ts';
import { ClusterTopics } from '../../../src/worker/cluster-topics.ts';
import type { PeerLink } from '../../../src/worker/peer-link.ts';
import { silent } from './link-fixture.ts';

const TOPIC = 8;
const TOPIC_ACK = 9;
const TOPICS = 10;

class FakePeer {
  ended = false;
  readonly notes: unknown[][] = [];
  readonly published: unknown[] = [];

  note(...parts: unknown[]): void {
    this.notes.push(parts);
  }

  publish(topic: string, message: { n: number }): void {
    this.published.push(`${topic} ${message.n}`);
  }

  get link(): PeerLink {
    return this as unknown as PeerLink;
  }
}

function newTopics(count = 2): {
  topics: ClusterTopics;
  peers: FakePeer[];
  got: string[];
  clock: VirtualClock;
  held: Envelope[];
} {
  const clock = new VirtualClock();
  const got: string[] = [];
  const held: Envelope[] = [];
  const local = new LocalTopics(clock, silent);
  const note = ({ to, message }: Envelope): number => got.push(`${to} ${(message as { n: number }).n}`);
  local.post = { deliver: (envelope) => note(envelope) > 0, signal: () => {} };
  const peers = Array.from({ length: count }, () => new FakePeer());
  return {
    held,
    topics: new ClusterTopics(local, () => peers.map(({ link }) => link), {
      deliver: (envelope) => held.push(envelope),
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
    topics.told(first.link, ['news', 'sport']);
    topics.changed(second.link, 'news', true, 7);
    topics.changed(second.link, 'news', true, 8);
    topics.publish('news', message(1), undefined);
    expect([got, peers.map(({ published }) => published)]).toEqual([['counter/a 1'], [['news 1'], ['news 1'], []]]);
    expect(second.notes.slice(1)).toEqual([
      [TOPIC_ACK, 7],
      [TOPIC_ACK, 8],
    ]);
  });

  test('goes no more to a process that has left the topic, or is gone', () => {
    const { topics, peers } = newTopics();
    const [first, second] = peers as [FakePeer, FakePeer];
    for (const { link } of peers) topics.told(link, ['news']);
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
    for (const { link } of peers) topics.told(link, ['news']);
    topics.arrived('news', message(4), 'counter/s', 1, () => false);
    await clock.settle();
    expect([got, heard, peers.map(({ published }) => published)]).toEqual([['counter/a 4'], [message(4)], [[], []]]);
  });
});

test('a new link is told what is subscribed here by now', () => {
  const { topics, peers } = newTopics();
  void topics.join('news', 'counter/a');
  void topics.join('sport', 'counter/a');
  topics.leave('news', 'counter/a');
  const peer = new FakePeer();
  topics.greet(peer.link);
  expect([peer.notes, peers.length]).toEqual([[[TOPICS, ['sport']]], 2]);
});

test('a topic that is none is refused at the call', async () => {
  const { topics } = newTopics();
  expect(() => topics.publish('', message(1), undefined)).toThrow('a topic is a string');
  expect(() => topics.join('', 'counter/a')).toThrow('a topic is a string');
  await expect(topics.listen('', () => {})).rejects.toThrow('a topic is a string');
});
