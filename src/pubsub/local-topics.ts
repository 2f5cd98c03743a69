/** Topics within one process. The cluster puts its own bus around this one (worker/cluster-topics). */
import { callListener } from '../observe/listener.ts';
import type { Log } from '../observe/log.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import { show } from '../vocabulary/show.ts';
import { SUBSCRIPTIONS_MAX, Subscriptions } from './subscriptions.ts';
import { TOPIC_LENGTH_MAX, type TopicBus, type TopicListener } from './topic-bus.ts';

export class LocalTopics implements TopicBus {
  readonly subscriptions: Subscriptions = new Subscriptions();
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #subscriptionsMax: number;
  /** The way to the subscribed actors of this process. */
  post: Recipient | undefined;

  constructor(clock: Clock, log: Log, subscriptionsMax: number = SUBSCRIPTIONS_MAX) {
    this.#subscriptionsMax = subscriptionsMax;
    this.#clock = clock;
    this.#log = log;
  }

  publish(topic: string, message: unknown, sender: ActorId | undefined): void {
    checkTopic(topic);
    this.deliver(topic, message, sender);
  }

  /** To the subscribers here; `apart`: those to whom its publisher sends it with their other mail. */
  deliver(
    topic: string,
    message: unknown,
    sender: ActorId | undefined,
    epoch: number = Number.POSITIVE_INFINITY,
    apart?: ReadonlySet<ActorId>,
  ): void {
    // A list of its own: an actor that is activated by the message may subscribe as it starts.
    for (const [id, since] of [...this.subscriptions.actorsOf(topic)]) {
      if (since > epoch || apart?.has(id)) continue;
      this.post?.deliver(new Envelope('message', id, message, sender, undefined, 0));
    }
    for (const listener of this.subscriptions.listenersOf(topic)) {
      // Not within the publisher's turn: a listener is no part of it.
      this.#clock.soon(() => this.#call(listener, message, topic));
    }
  }

  async listen(topic: string, listener: TopicListener): Promise<() => Promise<void>> {
    checkTopic(topic);
    this.checkRoom();
    const entry: TopicListener = (message) => listener(message);
    this.subscriptions.listen(topic, entry);
    return async () => {
      this.subscriptions.unlisten(topic, entry);
    };
  }

  join(topic: string, id: ActorId): Promise<void> | undefined {
    checkTopic(topic);
    this.checkRoom();
    this.subscriptions.join(topic, id, 0);
    return undefined;
  }

  leave(topic: string, id: ActorId): void {
    this.subscriptions.leave(topic, id);
  }

  topicsOf(id: ActorId): string[] {
    return this.subscriptions.topicsOf(id);
  }

  joined(): Iterable<ActorId> {
    return this.subscriptions.actors;
  }

  leaveAll(id: ActorId): void {
    for (const topic of this.subscriptions.topicsOf(id)) this.leave(topic, id);
  }

  checkRoom(): void {
    if (this.subscriptions.size < this.#subscriptionsMax) return;
    throw new TroupeError('OVERLOADED', `a process has at most ${this.#subscriptionsMax} subscriptions; got one more`);
  }

  #call(listener: TopicListener, message: unknown, topic: string): void {
    callListener(listener, message, (error) =>
      this.#log.error({ err: asError(error), topic }, 'a topic listener threw'),
    );
  }
}

export function checkTopic(topic: unknown): asserts topic is string {
  if (typeof topic === 'string' && topic.length > 0 && topic.length <= TOPIC_LENGTH_MAX) return;
  throw new TroupeError(
    'INVALID_OPTIONS',
    `a topic is a string of 1 to ${TOPIC_LENGTH_MAX} characters; got ${show(topic)}`,
  );
}
