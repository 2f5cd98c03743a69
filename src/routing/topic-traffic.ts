/**
 * Messages that were published to the subscribers of other processes and are not known to be handled, by topic and process, so that
 * `publish` can say false before their mailboxes overrun. As with mail to one distant actor (`FlowControl`), a question goes along
 * every quarter of a mailbox; its answer says that all before it was handled, and how many messages a subscriber there may have.
 */
import { MAILBOX_CAPACITY } from '../actor/behaviour.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import { TOPIC_BARRIER } from '../wire/entry.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';

/** One topic in one process. */
class Route {
  /** Of the subscriber there that may have the least mail. */
  capacity: number = MAILBOX_CAPACITY;
  inFlight = 0;
  bytesInFlight = 0;
  sinceAsked = 0;
  bytesSinceAsked = 0;
  isAsking = false;
}

interface Question {
  readonly peer: OutboundQueue;
  /** `capacity`: undefined where the process is gone, and what was in flight with it. */
  readonly answered: (capacity: number | undefined) => void;
}

export class TopicTraffic {
  readonly #memory: QueueMemory;
  readonly #routes = new Map<OutboundQueue, Map<string, Route>>();
  readonly #questions = new Map<number, Question>();
  #lastNumber = 0;

  constructor(memory: QueueMemory) {
    this.#memory = memory;
  }

  /** One more message goes there. False: half of what may wait for a subscriber there is in flight. */
  sent(peer: OutboundQueue, topic: string, bytes: number): boolean {
    const { queueBytesMax } = this.#memory;
    const known = this.#routes.get(peer)?.get(topic);
    const route = known ?? this.#newRoute(peer, topic);
    route.inFlight++;
    route.bytesInFlight += bytes;
    route.sinceAsked++;
    route.bytesSinceAsked += bytes;
    // The first question is asked at once, for what nobody here knows: the capacity there.
    const isDue = !known || route.sinceAsked * 4 > route.capacity || route.bytesSinceAsked * 4 > queueBytesMax;
    if (isDue && !route.isAsking) this.#askOf(route, peer, topic);
    return route.inFlight * 2 <= route.capacity && route.bytesInFlight * 2 <= queueBytesMax;
  }

  /** Resolves once what went there so far has been handled, or went with its process. */
  handled(peer: OutboundQueue, topic: string): Promise<void> {
    if (peer.ended) return Promise.resolve();
    return new Promise((resolve) => this.#ask(peer, topic, () => resolve()));
  }

  answered(peer: OutboundQueue, number: number, capacity: number): void {
    if (this.#questions.get(number)?.peer === peer) this.#settle(number, capacity);
  }

  /** The topic has no subscriber there any more. */
  forget(peer: OutboundQueue, topic: string): void {
    this.#routes.get(peer)?.delete(topic);
  }

  /** The link has ended. */
  gone(peer: OutboundQueue): void {
    this.#routes.delete(peer);
    for (const [number, question] of [...this.#questions]) {
      if (question.peer === peer) this.#settle(number, undefined);
    }
  }

  #newRoute(peer: OutboundQueue, topic: string): Route {
    const route = new Route();
    const routes = this.#routes.get(peer);
    if (routes) routes.set(topic, route);
    else this.#routes.set(peer, new Map([[topic, route]]));
    return route;
  }

  #askOf(route: Route, peer: OutboundQueue, topic: string): void {
    const { inFlight, bytesInFlight } = route;
    route.sinceAsked = 0;
    route.bytesSinceAsked = 0;
    route.isAsking = true;
    this.#ask(peer, topic, (capacity = route.capacity) => {
      route.capacity = capacity;
      route.inFlight -= inFlight;
      route.bytesInFlight -= bytesInFlight;
      route.isAsking = false;
    });
  }

  #ask(peer: OutboundQueue, topic: string, answered: Question['answered']): void {
    const number = ++this.#lastNumber;
    this.#questions.set(number, { peer, answered });
    peer.note(TOPIC_BARRIER, topic, number);
  }

  #settle(number: number, capacity: number | undefined): void {
    const question = this.#questions.get(number);
    this.#questions.delete(number);
    question?.answered(capacity);
  }
}
