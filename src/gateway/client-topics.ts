/** The topics that a client listens to, as listeners of the process that serves it. */
import type { Kernel } from '../actor/kernel.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { asError, errorToData, TroupeError } from '../vocabulary/errors.ts';
import { TOPIC_ACK } from '../wire/entry.ts';

/** Topics of one client, at most. */
export const CLIENT_TOPICS_MAX = 1_000;

export interface TopicLimits {
  refusal(right: 'subscribe'): string | undefined;
  /** More waits for it than may; it has been cut. */
  isFull(): boolean;
}

export class ClientTopics {
  readonly #kernel: Kernel;
  readonly #queue: OutboundQueue;
  readonly #limits: TopicLimits;
  /** Topics that the client listens to now, in force or not yet. */
  readonly #wanted = new Set<string>();
  readonly #offs = new Map<string, () => Promise<void>>();
  #isOver = false;

  constructor(kernel: Kernel, queue: OutboundQueue, limits: TopicLimits) {
    this.#kernel = kernel;
    this.#queue = queue;
    this.#limits = limits;
  }

  /** Answers with the number, or an error under it. */
  changed(topic: string, isJoined: boolean, number: number): void {
    if (!isJoined) return this.#leave(topic);
    const fault = this.#faultOf(topic);
    if (fault) return this.#queue.fail(number, errorToData(fault));
    this.#wanted.add(topic);
    void this.#join(topic, number);
  }

  close(): void {
    this.#isOver = true;
    for (const topic of [...this.#wanted]) this.#leave(topic);
  }

  #faultOf(topic: string): TroupeError | undefined {
    const refusal = this.#limits.refusal('subscribe');
    if (refusal !== undefined) return new TroupeError('FORBIDDEN', refusal);
    if (this.#kernel.closing)
      return new TroupeError('SHUTTING_DOWN', 'the system is shutting down: it takes no more calls');
    if (this.#wanted.size < CLIENT_TOPICS_MAX || this.#wanted.has(topic)) return undefined;
    return new TroupeError('OVERLOADED', `the client listens to ${CLIENT_TOPICS_MAX} topics, which is its limit`);
  }

  async #join(topic: string, number: number): Promise<void> {
    try {
      const off = await this.#kernel.topics.listen(topic, (message) => this.#push(topic, message));
      const before = this.#offs.get(topic);
      this.#offs.set(topic, off);
      if (before) void before();
      // It may have been left before it was in force.
      if (this.#isOver || !this.#wanted.has(topic)) this.#leave(topic);
      if (!this.#isOver) this.#queue.note(TOPIC_ACK, number);
    } catch (error) {
      const reason = error instanceof TroupeError ? error : new TroupeError('OVERLOADED', asError(error).message);
      if (!this.#isOver) this.#queue.fail(number, errorToData(reason));
    }
  }

  #leave(topic: string): void {
    const off = this.#offs.get(topic);
    this.#wanted.delete(topic);
    this.#offs.delete(topic);
    if (off) void off();
  }

  #push(topic: string, message: unknown): void {
    if (!this.#isOver && !this.#limits.isFull()) this.#queue.publish(topic, message, undefined, 0);
  }
}
