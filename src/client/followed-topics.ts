/** The topics that a client listens to: one subscription of the system for each, set up again with every connection. */
import type { Kernel } from '../actor/kernel.ts';
import type { PendingReply } from '../actor/pending-replies.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { checkTopic, type LocalTopics } from '../pubsub/local-topics.ts';
import type { TopicBus, TopicListener } from '../pubsub/topic-bus.ts';
import { type ActorId, actorId } from '../vocabulary/address.ts';
import type { TroupeError } from '../vocabulary/errors.ts';
import { TOPIC } from '../wire/entry.ts';
import type { KeptMail } from './kept-mail.ts';

/** The actor that the wait for a subscription names: none, it is of a topic. */
const NOBODY = actorId('topic', 'all');

interface Followed {
  /** Listeners, those that wait for it to be in force too. */
  listeners: number;
  /** Until the system has answered. */
  wait: PendingReply | undefined;
}

export class FollowedTopics implements TopicBus {
  readonly #kernel: () => Kernel;
  readonly #mail: KeptMail;
  readonly #local: LocalTopics;
  readonly #followed = new Map<string, Followed>();
  #queue: OutboundQueue | undefined;

  constructor(kernel: () => Kernel, mail: KeptMail, local: LocalTopics) {
    this.#kernel = kernel;
    this.#mail = mail;
    this.#local = local;
  }

  publish(topic: string, message: unknown, _sender?: ActorId, trace?: string): boolean {
    checkTopic(topic);
    return this.#mail.publish(topic, message, trace);
  }

  /** Once the system has taken it over; its own publishers are slowed down where subscribers are. */
  handled(): Promise<void> {
    return this.#mail.untilAccepted();
  }

  async listen(topic: string, listener: TopicListener): Promise<() => Promise<void>> {
    const off = await this.#local.listen(topic, listener);
    const followed = this.#followed.get(topic) ?? { listeners: 0, wait: undefined };
    this.#followed.set(topic, followed);
    followed.listeners++;
    let isLeft = false;
    const leave = async (): Promise<void> => {
      if (isLeft) return;
      isLeft = true;
      await off();
      this.#left(topic, followed);
    };
    try {
      if (followed.listeners === 1) this.#ask(topic, followed);
      await followed.wait?.promise;
      return leave;
    } catch (error) {
      await leave();
      throw error;
    }
  }

  /** Another connection: the system there knows of none. Returns those that were in force before; `lost`: one is not any more. */
  attach(queue: OutboundQueue, lost: (error: TroupeError) => void): string[] {
    this.#queue = queue;
    const before: string[] = [];
    for (const [topic, followed] of this.#followed) {
      const wasInForce = followed.wait === undefined;
      this.#ask(topic, followed);
      if (!wasInForce) continue;
      before.push(topic);
      followed.wait?.promise.catch(lost);
    }
    return before;
  }

  detach(): void {
    this.#queue = undefined;
  }

  arrived(topic: string, message: unknown): void {
    this.#local.deliver(topic, message, undefined);
  }

  #left(topic: string, followed: Followed): void {
    if (--followed.listeners > 0 || this.#followed.get(topic) !== followed) return;
    this.#followed.delete(topic);
    this.#queue?.note(TOPIC, topic, false, 0);
  }

  #ask(topic: string, followed: Followed): void {
    const { pending, clock, limits } = this.#kernel();
    followed.wait ??= this.#newWait(followed, clock.now() + limits.askTimeoutMs);
    this.#queue?.note(TOPIC, topic, true, pending.register(followed.wait));
  }

  #newWait(followed: Followed, deadline: number): PendingReply {
    const wait = this.#kernel().pending.open(NOBODY, deadline, undefined, undefined);
    const settled = (): void => {
      if (followed.wait === wait) followed.wait = undefined;
    };
    wait.promise.then(settled, settled);
    return wait;
  }

  join(): undefined {
    return undefined;
  }

  leave(): void {}

  topicsOf(): string[] {
    return [];
  }

  joined(): string[] {
    return [];
  }

  leaveAll(): void {}
}
