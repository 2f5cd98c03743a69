/** Subscriptions to topics, in one process: actors that live here, and listeners. Pure bookkeeping. */
import type { ActorId } from '../vocabulary/address.ts';
import type { TopicListener } from './topic-bus.ts';

/** Subscriptions of one process at most. */
export const SUBSCRIPTIONS_MAX = 1_000_000;

interface Subscribers {
  /** Since when: a publish of an older epoch went another way, if it went to them at all. */
  readonly actors: Map<ActorId, number>;
  readonly listeners: Set<TopicListener>;
}

export class Subscriptions {
  readonly #byTopic = new Map<string, Subscribers>();
  readonly #byActor = new Map<ActorId, Set<string>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get topics(): string[] {
    return [...this.#byTopic.keys()];
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  /** True where it is the first subscriber of the topic here. */
  join(topic: string, id: ActorId, since: number): boolean {
    const { subscribers, isFirst } = this.#subscribers(topic);
    if (subscribers.actors.has(id)) return false;
    subscribers.actors.set(id, since);
    this.#size++;
    let topics = this.#byActor.get(id);
    if (!topics) this.#byActor.set(id, (topics = new Set()));
    topics.add(topic);
    return isFirst;
  }

  listen(topic: string, listener: TopicListener): boolean {
    const { subscribers, isFirst } = this.#subscribers(topic);
    subscribers.listeners.add(listener);
    this.#size++;
    return isFirst;
  }

  /** True where it was the last subscriber of the topic here. */
  leave(topic: string, id: ActorId): boolean {
    const subscribers = this.#byTopic.get(topic);
    if (!subscribers?.actors.delete(id)) return false;
    this.#size--;
    const topics = this.#byActor.get(id);
    if (topics?.delete(topic) && topics.size === 0) this.#byActor.delete(id);
    return this.#dropIfEmpty(topic, subscribers);
  }

  unlisten(topic: string, listener: TopicListener): boolean {
    const subscribers = this.#byTopic.get(topic);
    if (!subscribers?.listeners.delete(listener)) return false;
    this.#size--;
    return this.#dropIfEmpty(topic, subscribers);
  }

  topicsOf(id: ActorId): string[] {
    return [...(this.#byActor.get(id) ?? [])];
  }

  get actors(): Iterable<ActorId> {
    return this.#byActor.keys();
  }

  actorsOf(topic: string): Iterable<[id: ActorId, since: number]> {
    return this.#byTopic.get(topic)?.actors ?? [];
  }

  listenersOf(topic: string): Iterable<TopicListener> {
    return this.#byTopic.get(topic)?.listeners ?? [];
  }

  #subscribers(topic: string): { subscribers: Subscribers; isFirst: boolean } {
    const known = this.#byTopic.get(topic);
    if (known) return { subscribers: known, isFirst: false };
    const subscribers = { actors: new Map<ActorId, number>(), listeners: new Set<TopicListener>() };
    this.#byTopic.set(topic, subscribers);
    return { subscribers, isFirst: true };
  }

  #dropIfEmpty(topic: string, subscribers: Subscribers): boolean {
    if (subscribers.actors.size > 0 || subscribers.listeners.size > 0) return false;
    this.#byTopic.delete(topic);
    return true;
  }
}
