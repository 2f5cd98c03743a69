/** Mail on its way to one other process, in order: the one writer of the queue, and what it holds by bytes. */
import { Ring } from '../structures/ring.ts';
import { QueueMemory } from '../vocabulary/queue-memory.ts';
import { bytesOf, type Weighed } from '../plain-data/weight.ts';

export class MailLane<T extends Weighed> {
  #memory: QueueMemory;
  readonly #queue = new Ring<T>();
  #bytes = 0;
  /** Items behind the dam; undefined: there is none. */
  #behindDam: Ring<T> | undefined;
  /** Items that are pushed now are older than those behind the dam. */
  #isOlder = false;

  readonly #lengthMax: number;

  /** Of messages and bytes; what is no message is taken beyond them. */
  constructor(memory: QueueMemory, lengthMax: number) {
    this.#memory = memory;
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#queue.length + (this.#behindDam?.length ?? 0);
  }

  get bytes(): number {
    return this.#bytes;
  }

  hasRoomFor(item: T): boolean {
    return this.length < this.#lengthMax && this.#memory.hasRoomFor(item, this.#bytes);
  }

  /** Which bound leaves no room for it. */
  fullText(item: T, where: string): string {
    const { queueBytesMax } = this.#memory;
    if (this.length >= this.#lengthMax)
      return `no room for one message more ${where}; the limit is ${this.#lengthMax} messages`;
    if (this.#memory.hasRoomInQueue(item, this.#bytes)) return this.#memory.fullText(item);
    return `no room for ${bytesOf(item)} bytes more ${where}; the limit is ${queueBytesMax} bytes`;
  }

  /** It takes less than half of its bytes, and all queues together less than half of theirs. */
  get isClear(): boolean {
    return this.#bytes * 2 <= this.#memory.queueBytesMax && !this.#memory.isHigh;
  }

  push(item: T): void {
    (this.#behindDam === undefined || this.#isOlder ? this.#queue : this.#behindDam).push(item);
    this.#bytes += bytesOf(item);
    this.#memory.hold(item);
  }

  /** Items that are pushed from now on wait, until the returned function is called. Undefined: some wait already. */
  dam(opened: () => void): (() => void) | undefined {
    if (this.#behindDam !== undefined) return undefined;
    this.#behindDam = new Ring<T>();
    return () => {
      for (const item of this.#behindDam?.clear() ?? []) this.#queue.push(item);
      this.#behindDam = undefined;
      opened();
    };
  }

  /** Items that `push` pushes go before the dam, where there is one, and where no item behind it is older than they are. */
  beforeDam(push: () => void, isOlder: (item: T) => boolean = () => false): void {
    const before = this.#isOlder;
    this.#isOlder = ![...(this.#behindDam ?? [])].some(isOlder);
    try {
      push();
    } finally {
      this.#isOlder = before;
    }
  }

  peek(): T | undefined {
    return this.#queue.peek();
  }

  shift(): T | undefined {
    const item = this.#queue.shift();
    if (item === undefined) return undefined;
    this.#bytes -= bytesOf(item);
    this.#memory.release(item);
    return item;
  }

  /** They are older than all that waits. */
  unshiftAll(items: readonly T[]): void {
    this.#queue.unshiftAll(items);
    for (const item of items) {
      this.#bytes += bytesOf(item);
      this.#memory.hold(item);
    }
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#behindDam ? [...this.#queue, ...this.#behindDam].values() : this.#queue[Symbol.iterator]();
  }

  /** Takes all, in order. */
  clear(): T[] {
    const all = [...this.#queue.clear(), ...(this.#behindDam?.clear() ?? [])];
    this.#bytes = 0;
    for (const item of all) this.#memory.release(item);
    return all;
  }

  /** The other process is gone for good: what still comes for it is in nobody's way. */
  close(): void {
    this.clear();
    this.#memory = new QueueMemory();
  }
}
