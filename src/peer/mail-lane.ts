/** Mail on its way to one other process, in order: the one writer of the queue, and what it holds by bytes. */
import { Ring } from '../structures/ring.ts';
import { QueueMemory } from '../vocabulary/queue-memory.ts';
import { bytesOf, type Weighed } from '../vocabulary/weight.ts';

export class MailLane<T extends Weighed> {
  #memory: QueueMemory;
  readonly #queue = new Ring<T>();
  #bytes = 0;
  /** Items before the dam; undefined: there is none. */
  #beforeDam: number | undefined;

  readonly #lengthMax: number;

  /** Of messages and bytes; what is no message is taken beyond them. */
  constructor(memory: QueueMemory, lengthMax: number) {
    this.#memory = memory;
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#queue.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hasRoomFor(item: T): boolean {
    return this.#queue.length < this.#lengthMax && this.#memory.hasRoomFor(item, this.#bytes);
  }

  /** Which bound leaves no room for it. */
  fullText(item: T, where: string): string {
    const { queueBytesMax } = this.#memory;
    if (this.#queue.length >= this.#lengthMax)
      return `no room for one message more ${where}; the limit is ${this.#lengthMax} messages`;
    if (this.#memory.hasRoomInQueue(item, this.#bytes)) return this.#memory.fullText(item);
    return `no room for ${bytesOf(item)} bytes more ${where}; the limit is ${queueBytesMax} bytes`;
  }

  /** It takes less than half of its bytes, and all queues together less than half of theirs. */
  get isClear(): boolean {
    return this.#bytes * 2 <= this.#memory.queueBytesMax && !this.#memory.isHigh;
  }

  push(item: T): void {
    this.#queue.push(item);
    this.#bytes += bytesOf(item);
    this.#memory.hold(item);
  }

  /** Items that are pushed from now on wait, until the returned function is called. Undefined: some wait already. */
  dam(opened: () => void): (() => void) | undefined {
    if (this.#beforeDam !== undefined) return undefined;
    this.#beforeDam = this.#queue.length;
    return () => {
      this.#beforeDam = undefined;
      opened();
    };
  }

  peek(): T | undefined {
    return this.#beforeDam === 0 ? undefined : this.#queue.peek();
  }

  shift(): T | undefined {
    if (this.#beforeDam === 0) return undefined;
    const item = this.#queue.shift();
    if (item === undefined) return undefined;
    if (this.#beforeDam !== undefined) this.#beforeDam--;
    this.#bytes -= bytesOf(item);
    this.#memory.release(item);
    return item;
  }

  /** They are older than all that waits. */
  unshiftAll(items: readonly T[]): void {
    this.#queue.unshiftAll(items);
    if (this.#beforeDam !== undefined) this.#beforeDam += items.length;
    for (const item of items) {
      this.#bytes += bytesOf(item);
      this.#memory.hold(item);
    }
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#queue[Symbol.iterator]();
  }

  /** Takes all, in order. */
  clear(): T[] {
    const all = this.#queue.clear();
    if (this.#beforeDam !== undefined) this.#beforeDam = 0;
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
