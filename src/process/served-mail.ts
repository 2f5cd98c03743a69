/**
 * In front of the router and of the topics of a process whose machine has a lease: mail of actors waits past its end (actor/serving). Mail of
 * a program (its process, a client) goes on: its receiver serves or does not. Its asks of actors of this machine fail at once.
 */
import type { Kernel } from '../actor/kernel.ts';
import { type Serving, suspended } from '../actor/serving.ts';
import type { TopicBus } from '../pubsub/topic-bus.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, isTracked } from '../vocabulary/envelope.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { LIGHT_BYTES, type Weighed, weighMessage } from '../plain-data/weight.ts';

type KernelPart = Pick<Kernel, 'deadLetters' | 'memory'>;

/** Nothing changes for a process without a lease. `isHere`: whether an actor is this machine's. */
export function guardOutputs(kernel: Kernel, isHere: (id: ActorId) => boolean = () => true): void {
  const { serving } = kernel;
  if (serving === undefined) return;
  kernel.router = new ServedRouter(serving, kernel.router, kernel, isHere);
  kernel.topics = servedTopics(serving, kernel.topics, kernel);
}

const TOO_MANY = 'too many outputs wait for the lease of the machine';

class ServedRouter implements Recipient {
  readonly #serving: Serving;
  readonly #router: Recipient;
  readonly #kernel: KernelPart;
  readonly #isHere: (id: ActorId) => boolean;

  constructor(serving: Serving, router: Recipient, kernel: KernelPart, isHere: (id: ActorId) => boolean) {
    this.#serving = serving;
    this.#router = router;
    this.#kernel = kernel;
    this.#isHere = isHere;
  }

  deliver(envelope: Envelope): boolean {
    if (this.#serving.mayLeave) return this.#router.deliver(envelope);
    if (envelope.sender !== undefined) return this.#hold(envelope, envelope.sender);
    const { verb, replyTo, to } = envelope;
    // One that is sent again may have been handled before.
    if (verb !== 'message' || !replyTo || isTracked(envelope) || !this.#isHere(to) || this.#serving.mayBegin)
      return this.#router.deliver(envelope);
    replyTo.reject(suspended(to));
    return true;
  }

  signal(to: ActorId, signal: Signal): void {
    // Behind the last words of the actor. All others say what is true whoever has the lease.
    if (signal.type !== 'terminated' || this.#serving.mayLeave) return this.#router.signal(to, signal);
    const leave = (): void => this.#router.signal(to, signal);
    if (!this.#serving.hold({ by: signal.id, item: { heavy: undefined }, leave, drop: () => {} })) leave();
  }

  #hold(envelope: Envelope, by: ActorId): boolean {
    const { deadLetters, memory } = this.#kernel;
    if (envelope.heavy === undefined) memory.weigh(envelope, envelope.message);
    const leave = (): void => void this.#router.deliver(envelope);
    const drop = (): void => {
      const text = `the machine of ${by} was suspended as it spoke, and another one has taken it over`;
      deadLetters.refuseUnlessResent(envelope, 'ACTOR_UNAVAILABLE', text);
    };
    if (this.#serving.hold({ by, item: { heavy: envelope.heavy }, leave, drop })) return this.#serving.isClear;
    deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', `${TOO_MANY}; one more, of ${by} to ${envelope.to}`);
    return false;
  }
}

/** `topics`, but that an actor publishes only while its machine has a lease. */
function servedTopics(serving: Serving, topics: TopicBus, { deadLetters, memory }: KernelPart): TopicBus {
  return {
    publish: (topic, message, sender, trace) => {
      if (sender === undefined || serving.mayLeave) return topics.publish(topic, message, sender, trace);
      const item: Weighed = { heavy: undefined };
      memory.weigh(item, message, Math.max(LIGHT_BYTES, weighMessage(message)));
      const leave = (): void => void topics.publish(topic, message, sender, trace);
      const drop = (): void => deadLetters.add(topic, message, sender, 'ACTOR_UNAVAILABLE');
      if (serving.hold({ by: sender, item, leave, drop })) return serving.isClear;
      deadLetters.add(topic, message, sender, 'OVERLOADED');
      return false;
    },
    handled: (topic, barrier) => topics.handled(topic, barrier),
    listen: (topic, listener) => topics.listen(topic, listener),
    join: (topic, id) => topics.join(topic, id),
    leave: (topic, id) => topics.leave(topic, id),
    topicsOf: (id) => topics.topicsOf(id),
    joined: () => topics.joined(),
    leaveAll: (id) => topics.leaveAll(id),
  };
}
