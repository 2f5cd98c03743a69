/**
 * The waiting envelopes of one actor: its mail in order, and what it has put aside. The one writer of both, and the one place that
 * counts what waits in all mailboxes of a process. Light messages count by their number alone, so that one more costs no
 * more than the count (S1); only heavy ones are counted by their bytes.
 */
import { Ring } from '../structures/ring.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import { bytesOf, type Heavy, LIGHT_BYTES, type Scales } from '../plain-data/weight.ts';
import type { DeadLetters } from '../observe/dead-letters.ts';

/** Messages put aside at most; one more is refused. */
export const STASH_CAPACITY = 10_000;

/** Of all mailboxes of one kind in a process: each number more in a mailbox itself would be 8 bytes more of every idle actor (S3). */
export class MailboxBounds {
  readonly memory: QueueMemory;
  /** Messages that wait for a turn, at most. */
  readonly capacity: number;
  /** Light messages up to which one more is asked nothing but whether it is light: half of what may wait, by number and by bytes. Up to there nobody slows down. */
  readonly few: number;

  constructor(memory: QueueMemory, capacity: number) {
    this.memory = memory;
    this.capacity = capacity;
    this.few = Math.floor(Math.min(capacity, memory.queueLightMax) / 2);
  }
}

/** The messages that an actor has put aside. */
class Aside {
  readonly mail: Ring<Envelope> = new Ring();
  bytes = 0;
}

export class Mailbox {
  readonly #bounds: MailboxBounds;
  readonly #mail: Ring<Envelope> = new Ring();
  /** Of the heavy messages that wait. */
  #heavyBytes = 0;
  /** Only few actors put messages aside. */
  #aside: Aside | undefined;

  constructor(bounds: MailboxBounds) {
    this.#bounds = bounds;
    this.#aside = undefined;
  }

  /** Messages that wait for a turn. */
  get length(): number {
    return this.#mail.length;
  }

  /** Messages put aside. */
  get asideLength(): number {
    return this.#aside === undefined ? 0 : this.#aside.mail.length;
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
    const { memory, few } = this.#bounds;
    if (envelope.heavy !== undefined || this.#heavyBytes !== 0) return false;
    if (this.#mail.length >= few || memory.waiting >= memory.waitingHigh || scales.isDue()) return false;
    this.#mail.push(envelope);
    memory.waiting++;
    return true;
  }

  /** Whether one more message may wait here. */
  hasRoomFor(envelope: Envelope): boolean {
    const { memory, capacity } = this.#bounds;
    return this.#mail.length < capacity && memory.hasRoomFor(envelope, this.bytes);
  }

  /** There is no room for it: which bound was reached, to its asker or to the dead letters. */
  refuse(envelope: Envelope, deadLetters: DeadLetters): void {
    const { memory, capacity } = this.#bounds;
    const isLong = this.#mail.length >= capacity;
    if (isLong || !memory.hasRoomInQueue(envelope, this.bytes)) {
      const most = isLong ? `${capacity} messages` : `${memory.queueBytesMax} bytes`;
      deadLetters.refuseUnlessResent(
        envelope,
        'MAILBOX_FULL',
        `the mailbox of ${envelope.to} is full; its limit is ${most}`,
      );
    } else deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', memory.fullText(envelope));
  }

  /** Less than half of what may wait does, here and in the process as a whole: senders need not slow down. */
  get isClear(): boolean {
    const { memory, capacity } = this.#bounds;
    return this.#mail.length * 2 <= capacity && this.bytes * 2 <= memory.queueBytesMax && !memory.isHigh;
  }

  /** Whether one more message may be put aside, where at most `capacity` are. */
  hasRoomAsideFor(envelope: Envelope, capacity: number): boolean {
    return this.asideLength < capacity && this.#bounds.memory.hasRoomInQueue(envelope, this.#aside?.bytes ?? 0);
  }

  push(envelope: Envelope): void {
    this.#mail.push(envelope);
    this.#bounds.memory.waiting++;
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
    this.#bounds.memory.waiting += envelopes.length;
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
    this.#aside ??= new Aside();
    this.#aside.mail.push(envelope);
    this.#aside.bytes += bytesOf(envelope);
    this.#bounds.memory.hold(envelope);
  }

  /** The stash goes in front of the mail, in order. False: there was nothing. */
  bringBack(): boolean {
    const all = this.takeAside();
    this.putBack(all);
    return all.length > 0;
  }

  /** All that was put aside, in order. */
  takeAside(): Envelope[] {
    if (this.#aside === undefined || this.#aside.mail.length === 0) return [];
    const all = this.#aside.mail.clear();
    this.#aside.bytes = 0;
    for (const envelope of all) this.#bounds.memory.release(envelope);
    return all;
  }

  /** In order, without taking. The mailbox must not change meanwhile. */
  mail(): Iterable<Envelope> {
    return this.#mail;
  }

  aside(): Iterable<Envelope> {
    return this.#aside?.mail ?? [];
  }

  /** Of a kind whose messages are weighed now and then. Where the first heavy one is found, what was taken for light is looked at. */
  weigh(envelope: Envelope, scales: Scales): void {
    this.#bounds.memory.weigh(envelope, envelope.message);
    if (scales.found(envelope.heavy !== undefined)) this.#weighAll();
  }

  #weighAll(): void {
    for (const envelope of this.#mail) {
      if (envelope.verb !== 'message' || envelope.heavy !== undefined) continue;
      this.#bounds.memory.weigh(envelope, envelope.message);
      if (envelope.heavy !== undefined) this.#addHeavy(envelope.heavy);
    }
  }

  #addHeavy(heavy: Heavy): void {
    this.#heavyBytes += heavy.bytes;
    const { memory } = this.#bounds;
    memory.heavyWaiting += heavy.bytes;
    memory.holdHeavy(heavy);
  }

  #taken({ heavy }: Envelope): void {
    const { memory } = this.#bounds;
    memory.waiting--;
    if (heavy === undefined) return;
    this.#heavyBytes -= heavy.bytes;
    memory.heavyWaiting -= heavy.bytes;
    memory.releaseHeavy(heavy);
  }
}
