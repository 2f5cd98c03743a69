/**
 * What waits for one actor: its mail in order, and what it has put aside. The one writer of both, and the one place that
 * counts what waits in all mailboxes of a process.
 */
import { Ring } from '../structures/ring.ts';
import type { Envelope } from '../vocabulary/envelope.ts';

/** Messages put aside at most; one more is refused. */
export const STASH_CAPACITY = 10_000;

/** Of all mailboxes of a process together. Messages that were put aside wait for their actor, not for a turn: they do not count. */
export class MailboxLoad {
  /** Messages that wait for a turn. */
  waiting = 0;
}

export class Mailbox {
  readonly #load: MailboxLoad;
  readonly #mail: Ring<Envelope> = new Ring();
  /** Only few actors put messages aside. */
  #aside: Ring<Envelope> | undefined;

  constructor(load: MailboxLoad) {
    this.#load = load;
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

  push(envelope: Envelope): void {
    this.#mail.push(envelope);
    this.#load.waiting++;
  }

  /** Takes the oldest; undefined when none waits. */
  shift(): Envelope | undefined {
    const envelope = this.#mail.shift();
    if (envelope !== undefined) this.#load.waiting--;
    return envelope;
  }

  /** In front of the mail: the first of them is the next to be taken. */
  putBack(envelopes: readonly Envelope[]): void {
    this.#mail.unshiftAll(envelopes);
    this.#load.waiting += envelopes.length;
  }

  /** Takes the oldest that matches; undefined when none does. */
  removeFirst(isIt: (envelope: Envelope) => boolean): Envelope | undefined {
    const envelope = this.#mail.removeFirst(isIt);
    if (envelope !== undefined) this.#load.waiting--;
    return envelope;
  }

  /** All mail, in order; what was put aside stays. */
  takeAll(): Envelope[] {
    const all = this.#mail.clear();
    this.#load.waiting -= all.length;
    return all;
  }

  /** Behind what was put aside before. */
  putAside(envelope: Envelope): void {
    this.#aside ??= new Ring();
    this.#aside.push(envelope);
  }

  /** What was put aside goes in front of the mail, in order. False: there was nothing. */
  bringBack(): boolean {
    const all = this.takeAside();
    this.putBack(all);
    return all.length > 0;
  }

  /** All that was put aside, in order. */
  takeAside(): Envelope[] {
    if (this.#aside === undefined || this.#aside.length === 0) return [];
    return this.#aside.clear();
  }

  /** In order, without taking. The mailbox must not change meanwhile. */
  mail(): Iterable<Envelope> {
    return this.#mail;
  }

  aside(): Iterable<Envelope> {
    return this.#aside ?? [];
  }
}
