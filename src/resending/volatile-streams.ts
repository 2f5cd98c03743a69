/** The streams of a process to durable actors: one for all its volatile senders, and one for each sender that gives its own numbers. */
import type { TrackedStream } from '../actor/durable-side.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { VolatileResendQueue } from './volatile-resend-queue.ts';

export class VolatileStreams {
  readonly own: VolatileResendQueue;
  readonly #kernel: Kernel;
  readonly #named = new Map<string, VolatileResendQueue>();

  /** `startedAt`: of the system, since addresses come again with its next start. */
  constructor(kernel: Kernel, startedAt: number) {
    this.#kernel = kernel;
    this.own = new VolatileResendQueue(kernel, `${kernel.address}@${startedAt}`);
  }

  /** True while a message waits for its acknowledgement. */
  get isBusy(): boolean {
    for (const { size } of this.#all()) if (size > 0) return true;
    return false;
  }

  open(stream: string, gone: (numbers: readonly number[]) => void): TrackedStream {
    const queue = new VolatileResendQueue(this.#kernel, stream, gone);
    this.#named.set(stream, queue);
    return queue;
  }

  end(stream: string): void {
    this.#named.get(stream)?.close();
    this.#named.delete(stream);
  }

  acknowledged(signal: Signal & { type: 'acknowledged' }): void {
    (this.#named.get(signal.stream) ?? this.own).acknowledged(signal);
  }

  resend(isLost: (receiver: ActorId) => boolean, hasDied: boolean): void {
    for (const queue of this.#all()) for (const to of queue.receivers()) if (isLost(to)) queue.resend(to, hasDied);
  }

  close(): void {
    for (const queue of this.#all()) queue.close();
  }

  *#all(): Iterable<VolatileResendQueue> {
    yield this.own;
    yield* this.#named.values();
  }
}
