import { describe, expect, it } from 'vitest';
import { LocalTopics } from '../../../src/pubsub/local-topics.ts';
import { Subscriptions } from '../../../src/pubsub/subscriptions.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { errorOf, KeptLog, thrownBy } from '../actor/kernel-fixture.ts';

describe('the subscriptions of a process', () => {
  it('say when a topic gets its first subscriber and when it loses its last', () => {
    const subscriptions = new Subscriptions();
    const listener = (): void => {};
    expect(subscriptions.join('news', 'reader/a', 1)).toBe(true);
    expect(subscriptions.join('news', 'reader/a', 1)).toBe(false);
    expect(subscriptions.listen('news', listener)).toBe(false);
    expect([subscriptions.size, subscriptions.topics]).toEqual([2, ['news']]);
    expect(subscriptions.leave('news', 'reader/a')).toBe(false);
    expect(subscriptions.leave('news', 'reader/a')).toBe(false);
    expect(subscriptions.unlisten('news', listener)).toBe(true);
    expect([subscriptions.size, subscriptions.topics, subscriptions.has('news')]).toEqual([0, [], false]);
  });

  it('know the topics of an actor', () => {
    const subscriptions = new Subscriptions();
    for (const topic of ['news', 'sport']) subscriptions.join(topic, 'reader/a', 1);
    subscriptions.leave('news', 'reader/a');
    expect([subscriptions.topicsOf('reader/a'), subscriptions.topicsOf('reader/b')]).toEqual([['sport'], []]);
  });

  it('beyond their number are refused with OVERLOADED', async () => {
    const topics = new LocalTopics(new VirtualClock(), new KeptLog(), 2);
    await topics.join('news', 'reader/a');
    await topics.listen('news', () => {});
    expect(thrownBy(() => topics.join('news', 'reader/b')).code).toBe('OVERLOADED');
    expect((await errorOf(topics.listen('news', () => {}))).code).toBe('OVERLOADED');
  });
});
