/**
 * The waiting envelopes of one actor: its mail in order, and what it has put aside. The one writer of both, and the one place that
 * counts what waits in all mailboxes of a process. Light messages count by their number alone, so that one more costs no
 * more than the count (S1); only heavy ones are counted by their bytes.
 */
import { Ring } from '../structures/ring.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import { bytesOf, type Heavy, LIGHT_BYTES, type Scales } from '../vocabulary/weight.ts';
import type { DeadLetters } from '../observe/dead-letters.ts';

/** Messages put aside at most; one more is refused. */
export const STASH_CAPACITY = 10_000;

export class Mailbox {
  readonly #memory: QueueMemory;
  readonly #mail: Ring<Envelope> = new Ring();
  #heavyBytes = 0;
  /** Only few actors put messages aside. */
  #aside: Ring<Envelope> | undefined;
  #asideBytes = 0;
  readonly #capacity: number;
  /** Light messages up to which one more is asked nothing but whether it is light; 0 while a heavy one waits. */
  #few: number;

  /** `capacity`: messages that wait for a turn, at most. */
  constructor(memory: QueueMemory, capacity: number) {
    this.#memory = memory;
    this.#capacity = capacity;
    this.#few = fewOf(memory, capacity);
    this.#aside = undefined;
  }

  /** Messages that wait for a turn. */
  get length(): number {
    return this.#mail.length;
  }

  /** Messages put aside. */
  get asideLength(): number {
    return this.#aside === undefined ? 0 : this.#aside.length;
  }

  /** Of what waits for a turn; what was put aside has a bound of its own. */
  get bytes(): number {
    return this.#heavyBytes + this.#mail.length * LIGHT_BYTES;
  }

  /**
   * The way of nearly every message: light, and of few here and in the process. True: it is in, and its sender need not slow
   * down. So small that it becomes part of its callers' code; more questions asked for each message made a tell a third slower (S1).
   */
  pushOfFew(envelope: Envelope, scales: Scales): boolean {
    const memory = this.#memory;
    if (envelope.heavy !== undefined || this.#mail.length >= this.#few || memory.waiting >= memory.waitingHigh)
      return false;
    if (scales.isDue()) return false;
    this.#mail.push(envelope);
    memory.waiting++;
    return true;
  }

  /** Whether one more message may wait here. */
  hasRoomFor(envelope: Envelope): boolean {
    return this.#mail.length < this.#capacity && this.#memory.hasRoomFor(envelope, this.bytes);
  }

  /** There is no room for it: which bound was reached, to its asker or to the dead letters. */
  refuse(envelope: Envelope, deadLetters: DeadLetters): void {
    const { queueBytesMax } = this.#memory;
    const capacity = this.#capacity;
    const isLong = this.#mail.length >= capacity;
    if (isLong || !this.#memory.hasRoomInQueue(envelope, this.bytes)) {
      const most = isLong ? `${capacity} messages` : `${queueBytesMax} bytes`;
      deadLetters.refuseUnlessResent(
        envelope,
        'MAILBOX_FULL',
        `the mailbox of ${envelope.to} is full; its limit is ${most}`,
      );
    } else deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', this.#memory.fullText(envelope));
  }

  /** Less than half of what may wait does, here and in the process as a whole: senders need not slow down. */
  get isClear(): boolean {
    const { queueBytesMax, isHigh } = this.#memory;
    return this.#mail.length * 2 <= this.#capacity && this.bytes * 2 <= queueBytesMax && !isHigh;
  }

  /** Whether one more message may be put aside, where at most `capacity` are. */
  hasRoomAsideFor(envelope: Envelope, capacity: number): boolean {
    return this.asideLength < capacity && this.#memory.hasRoomInQueue(envelope, this.#asideBytes);
  }

  push(envelope: Envelope): void {
    this.#mail.push(envelope);
    this.#memory.waiting++;
    if (envelope.heavy !== undefined) this.#addHeavy(envelope.heavy);
  }

  /** Takes the oldest; undefined when none waits. */
  shift(): Envelope | undefined {
    const envelope = this.#mail.shift();
    if (envelope !== undefined) this.#taken(envelope);
    return envelope;
  }

  /** In front of the mail: the first of them is the next to be taken. */
  putBack(envelopes: readonly Envelope[]): void {
    this.#mail.unshiftAll(envelopes);
    this.#memory.waiting += envelopes.length;
    for (const { heavy } of envelopes) if (heavy !== undefined) this.#addHeavy(heavy);
  }

  /** Takes the oldest that matches; undefined when none does. */
  removeFirst(isIt: (envelope: Envelope) => boolean): Envelope | undefined {
    const envelope = this.#mail.removeFirst(isIt);
    if (envelope !== undefined) this.#taken(envelope);
    return envelope;
  }

  /** All mail, in order; what was put aside stays. */
  takeAll(): Envelope[] {
    const all = this.#mail.clear();
    for (const envelope of all) this.#taken(envelope);
    return all;
  }

  /** Behind what was put aside before. */
  putAside(envelope: Envelope): void {
    this.#aside ??= new Ring();
    this.#aside.push(envelope);
    this.#asideBytes += bytesOf(envelope);
    this.#memory.hold(envelope);
  }

  /** The stash goes in front of the mail, in order. False: there was nothing. */
  bringBack(): boolean {
    const all = this.takeAside();
    this.putBack(all);
    return all.length > 0;
  }

  /** All that was put aside, in order. */
  takeAside(): Envelope[] {
    if (this.#aside === undefined || this.#aside.length === 0) return [];
    const all = this.#aside.clear();
    this.#asideBytes = 0;
    for (const envelope of all) this.#memory.release(envelope);
    return all;
  }

  /** In order, without taking. The mailbox must not change meanwhile. */
  mail(): Iterable<Envelope> {
    return this.#mail;
  }

  aside(): Iterable<Envelope> {
    return this.#aside ?? [];
  }

  /** Of a kind whose messages are weighed now and then. Where the first heavy one is found, what was taken for light is looked at. */
  weigh(envelope: Envelope, scales: Scales): void {
    this.#memory.weigh(envelope, envelope.message);
    if (scales.found(envelope.heavy !== undefined)) this.#weighAll();
  }

  #weighAll(): void {
    for (const envelope of this.#mail) {
      if (envelope.verb !== 'message' || envelope.heavy !== undefined) continue;
      this.#memory.weigh(envelope, envelope.message);
      if (envelope.heavy !== undefined) this.#addHeavy(envelope.heavy);
    }
  }

  #addHeavy(heavy: Heavy): void {
    this.#few = 0;
    this.#heavyBytes += heavy.bytes;
    this.#memory.heavyWaiting += heavy.bytes;
    this.#memory.holdHeavy(heavy);
  }

  #taken({ heavy }: Envelope): void {
    this.#memory.waiting--;
    if (heavy === undefined) return;
    this.#heavyBytes -= heavy.bytes;
    this.#memory.heavyWaiting -= heavy.bytes;
    this.#memory.releaseHeavy(heavy);
    if (this.#heavyBytes === 0) this.#few = fewOf(this.#memory, this.#capacity);
  }
}

/** Half of what may wait, by number and by bytes: up to there nobody slows down. */
function fewOf({ queueLightMax }: QueueMemory, capacity: number): number {
  return Math.floor(Math.min(capacity, queueLightMax) / 2);
}
