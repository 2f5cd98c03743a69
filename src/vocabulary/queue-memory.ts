/**
 * The memory that the queues of one process may hold together. Every queue says what it takes and what it gives back; what
 * was weighed once is given back with the same weight, so the sum is exact: 0 when all queues are empty, never less.
 */
import { bytesOf, Heavy, HEAVY_BYTES_MIN, LIGHT_BYTES, type Weighed, weighMessage } from '../plain-data/weight.ts';

/** One queue (a mailbox, a link, a stash …) holds at most the whole divided by this. */
export const QUEUE_SHARE = 4;

/** As good as none, and a number that costs nothing to compare. */
const WAITING_NO_BOUND: number = 2 ** 30;

export class QueueMemory {
  /** Of all queues together. */
  readonly bytesMax: number;
  /** Of one queue. */
  readonly queueBytesMax: number;
  /** Messages that wait in all mailboxes; the mailboxes alone count them. */
  waiting = 0;
  /** The bytes of the heavy ones among them, of a message to many as often as it waits. */
  heavyWaiting = 0;
  /** Light messages in one mailbox, where no heavy one waits. */
  readonly queueLightMax: number;
  /** Light messages that may wait in all mailboxes, beside what else is held, before senders slow down. */
  waitingHigh: number = WAITING_NO_BOUND;
  /** Of all queues, but for the light messages in mailboxes. */
  #bytes = 0;
  /** The heavy message that was weighed last: a message to many is nearly always told to one right after the other. */
  #lastMessage: unknown;
  #lastHeavy: Heavy | undefined;

  constructor(bytesMax: number = Number.POSITIVE_INFINITY) {
    this.bytesMax = bytesMax;
    this.queueBytesMax = bytesMax / QUEUE_SHARE;
    this.queueLightMax = lightOnes(this.queueBytesMax);
    this.#add(0);
  }

  /** The bytes in all queues now. */
  get bytes(): number {
    return this.#bytes + this.waiting * LIGHT_BYTES;
  }

  /** Half of all is taken: senders slow down. */
  get isHigh(): boolean {
    return this.bytes * 2 > this.bytesMax;
  }

  /** Before it is held, once. `bytes`: where they are known already. */
  weigh(item: Weighed, message: unknown, bytes: number = weighMessage(message)): void {
    if (bytes < HEAVY_BYTES_MIN) return;
    if (this.#lastHeavy === undefined || message !== this.#lastMessage || this.#lastHeavy.bytes !== bytes) {
      this.#lastMessage = message;
      this.#lastHeavy = new Heavy(bytes);
    }
    item.heavy = this.#lastHeavy;
  }

  /** Whether a queue that holds so many bytes may take it. An empty one may, or what is larger than the bound could never go. */
  hasRoomFor(item: Weighed, queueBytes: number): boolean {
    return this.hasRoomInQueue(item, queueBytes) && this.hasRoomInAll(item);
  }

  hasRoomInQueue(item: Weighed, queueBytes: number): boolean {
    return queueBytes === 0 || queueBytes + bytesOf(item) <= this.queueBytesMax;
  }

  hasRoomInAll(item: Weighed): boolean {
    const { heavy } = item;
    if (heavy === undefined) return this.bytes < this.bytesMax;
    return this.bytes + heavy.bytes <= this.bytesMax || this.bytes === 0 || heavy.holders > 0;
  }

  /** Why the process as a whole has no room for it. */
  fullText(item: Weighed): string {
    return `the queues of the process have no room for ${bytesOf(item)} bytes more; their limit is ${this.bytesMax} bytes (option memory)`;
  }

  /** A queue has taken it. */
  hold({ heavy }: Weighed): void {
    if (heavy === undefined) this.#add(LIGHT_BYTES);
    else this.holdHeavy(heavy);
  }

  /** The queue has given it back. */
  release({ heavy }: Weighed): void {
    if (heavy === undefined) this.#add(-LIGHT_BYTES);
    else this.releaseHeavy(heavy);
  }

  holdHeavy(heavy: Heavy): void {
    if (heavy.holders++ === 0) this.#add(heavy.bytes);
  }

  releaseHeavy(heavy: Heavy): void {
    if (--heavy.holders > 0) return;
    this.#add(-heavy.bytes);
    if (heavy !== this.#lastHeavy) return;
    // The message is in no queue any more, and is not kept here either.
    this.#lastMessage = undefined;
    this.#lastHeavy = undefined;
  }

  /** So that a light message for a mailbox needs one small number compared and nothing added up (S1: 28 of 76 ns a tell). */
  #add(bytes: number): void {
    this.#bytes += bytes;
    this.waitingHigh = lightOnes(this.bytesMax / 2 - this.#bytes);
  }
}

function lightOnes(bytes: number): number {
  return Math.max(0, Math.min(WAITING_NO_BOUND, Math.floor(bytes / LIGHT_BYTES)));
}
