/**
 * Calls of topic listeners that wait until the turn of the publisher is over: a listener is no part of it. They hold what was
 * published, so they are bounded as mail is.
 */
import { callListener } from '../observe/listener.ts';
import type { Log } from '../observe/log.ts';
import { Ring } from '../structures/ring.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import { QueueMemory } from '../vocabulary/queue-memory.ts';
import { bytesOf, type Weighed } from '../plain-data/weight.ts';
import type { TopicListener } from './topic-bus.ts';

/** Calls of listeners that wait in a process, at most; one more is a dead letter, and from half on `publish` says false. */
export const LISTENER_CALLS_MAX = 100_000;

export interface ListenerCall extends Weighed {
  readonly listener: TopicListener;
  readonly topic: string;
  readonly message: unknown;
  readonly sender: ActorId | undefined;
}

export class ListenerCalls {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #memory: QueueMemory;
  readonly #waiting = new Ring<ListenerCall>();
  #bytes = 0;
  #isArmed = false;
  /** There was no room for it. */
  onRefused: ((call: ListenerCall) => void) | undefined;

  constructor(clock: Clock, log: Log, memory: QueueMemory = new QueueMemory()) {
    this.#clock = clock;
    this.#log = log;
    this.#memory = memory;
    this.onRefused = undefined;
  }

  /** False: slow down. */
  add(call: ListenerCall): boolean {
    this.#memory.weigh(call, call.message);
    if (this.#waiting.length >= LISTENER_CALLS_MAX || !this.#memory.hasRoomFor(call, this.#bytes)) {
      this.onRefused?.(call);
      return false;
    }
    this.#waiting.push(call);
    this.#bytes += bytesOf(call);
    this.#memory.hold(call);
    this.#arm();
    return this.#isClear;
  }

  /** Resolves once those that wait now have been made. */
  made(): Promise<void> | undefined {
    if (this.#waiting.length === 0) return undefined;
    // All that waits is made at once, and this is behind it.
    return new Promise((resolve) => this.#clock.soon(resolve));
  }

  get #isClear(): boolean {
    const { queueBytesMax, isHigh } = this.#memory;
    return this.#waiting.length * 2 <= LISTENER_CALLS_MAX && this.#bytes * 2 <= queueBytesMax && !isHigh;
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#clock.soon(() => this.#makeAll());
  }

  #makeAll(): void {
    this.#isArmed = false;
    for (let left = this.#waiting.length; left > 0; left--) {
      const call = this.#waiting.shift() as ListenerCall;
      this.#bytes -= bytesOf(call);
      this.#memory.release(call);
      const { listener, topic, message } = call;
      callListener(listener, message, (error) =>
        this.#log.error({ err: asError(error), topic }, 'a topic listener threw'),
      );
    }
  }
}
