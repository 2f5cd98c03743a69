/** Topics within one process. The cluster puts its own bus around this one (routing/cluster-topics). */
import type { Log } from '../observe/log.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import { inspect } from '../plain-data/inspect.ts';
import { SUBSCRIPTIONS_MAX, Subscriptions } from './subscriptions.ts';
import { ListenerCalls } from './listener-calls.ts';
import { type Barrier, TOPIC_LENGTH_MAX, type TopicBus, type TopicListener } from './topic-bus.ts';

export class LocalTopics implements TopicBus {
  readonly subscriptions: Subscriptions = new Subscriptions();
  readonly calls: ListenerCalls;
  readonly #subscriptionsMax: number;
  /** The way to the subscribed actors of this process. */
  router: Recipient | undefined;

  constructor(clock: Clock, log: Log, subscriptionsMax: number = SUBSCRIPTIONS_MAX, memory?: QueueMemory) {
    this.#subscriptionsMax = subscriptionsMax;
    this.calls = new ListenerCalls(clock, log, memory);
  }

  publish(topic: string, message: unknown, sender: ActorId | undefined, trace?: string): boolean {
    checkTopic(topic);
    return this.deliver(topic, message, sender, undefined, undefined, trace);
  }

  async handled(topic: string, barrier: Barrier): Promise<void> {
    const subscribers = [...this.subscriptions.actorsOf(topic)].map(([id]) => barrier(id));
    await Promise.allSettled([...subscribers, this.calls.made()]);
  }

  /** To the subscribers here; `apart`: those to whom its publisher sends it with their other mail. False: slow down. */
  deliver(
    topic: string,
    message: unknown,
    sender: ActorId | undefined,
    epoch: number = Number.POSITIVE_INFINITY,
    excluded?: ReadonlySet<ActorId>,
    trace?: string,
  ): boolean {
    let isClear = true;
    // A list of its own: an actor that is activated by the message may subscribe as it starts.
    for (const [id, since] of [...this.subscriptions.actorsOf(topic)]) {
      if (since > epoch || excluded?.has(id)) continue;
      const envelope = new Envelope('message', id, message, sender, undefined, 0);
      envelope.trace = trace;
      if (this.router?.deliver(envelope) === false) isClear = false;
    }
    for (const listener of this.subscriptions.listenersOf(topic)) {
      if (!this.calls.add({ listener, topic, message, sender, heavy: undefined })) isClear = false;
    }
    return isClear;
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
    throw new TroupeError(
      'OVERLOADED',
      `the process has ${this.#subscriptionsMax} subscriptions, which is the limit; one more rejected`,
    );
  }
}

export function checkTopic(topic: unknown): asserts topic is string {
  if (typeof topic === 'string' && topic.length > 0 && topic.length <= TOPIC_LENGTH_MAX) return;
  throw new TroupeError(
    'INVALID_OPTIONS',
    `a topic is a string of 1 to ${TOPIC_LENGTH_MAX} characters; got ${inspect(topic)}`,
  );
}
