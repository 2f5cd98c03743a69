/**
 * The way out of a client. Tells and publishes are numbered and kept until the system has accepted them, so that they can be
 * resent in order; an ask is kept until it has settled, and resent only where it never left this process. Some asks go to the worker of
 * their actor directly (direct-routes.ts); while it is not known that they have come in, what must not overtake them is kept, and all behind it.
 */
import { LOCAL } from '../actor/ask-states.ts';
import type { PendingReplies, PendingReply } from '../actor/pending-replies.ts';
import type { DirectRoutes } from '../client-links/direct-routes.ts';
import type { DeadLetters } from '../observe/dead-letters.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, DeliveryId, type ReplyTo } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { NumberTable } from '../structures/number-table.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { bytesOf, type Heavy, type Weighed } from '../plain-data/weight.ts';

/** Messages that a client keeps until they are accepted; one more is refused with OVERLOADED. */
export const KEPT_MAX = 50_000;
/** From here on `tell` says false. */
export const KEPT_HIGH = 8_192;
/** Bytes of all that a client keeps, asks too. */
export const KEPT_BYTES_MAX: number = 64 * 1024 * 1024;

/** A message to a topic. */
interface KeptPublish extends Weighed {
  heavy: Heavy | undefined;
  readonly topic: string;
  readonly message: unknown;
  readonly trace: string | undefined;
}

type Kept = Envelope | KeptPublish;

export class KeptMail implements Recipient {
  readonly #memory: QueueMemory;
  readonly #deadLetters: DeadLetters;
  /** By number. */
  readonly #mail = new NumberTable<Kept>();
  readonly #asks = new NumberTable<Envelope>();
  /** One row of numbers for all that is sent: the number of an ask is that of its reply, which stands in its frame anyway. */
  readonly #numbers: Pick<PendingReplies, 'nextNumber'>;
  #bytes = 0;
  #queue: OutboundQueue | undefined;
  /** Of those kept, as many may have been read by the system. */
  #written = 0;
  #acceptedUpTo = 0;
  /** No lower number is kept. */
  #firstKept = 1;
  #waiters: (() => void)[] = [];

  /** Undefined: all goes by the process that serves. */
  direct: DirectRoutes | undefined;
  /** Kept with this number or a higher one, it is not written: 0 where all is. */
  #heldFrom = 0;

  /** One for all asks (clients). */
  readonly #askSettled = (ask: ReplyTo): void => this.#release((ask as PendingReply).correlation, this.#asks);
  readonly #followedSettled = (ask: ReplyTo, isAnswered: boolean): void => {
    this.#askSettled(ask);
    this.direct?.settled((ask as PendingReply).target, isAnswered);
  };

  constructor(memory: QueueMemory, deadLetters: DeadLetters, numbers: Pick<PendingReplies, 'nextNumber'>) {
    this.#numbers = numbers;
    this.#memory = memory;
    this.#deadLetters = deadLetters;
  }

  /** Messages that are not accepted, and asks that have not settled. */
  get size(): number {
    return this.#mail.size + this.#asks.size + (this.direct?.asks ?? 0);
  }

  get #isClear(): boolean {
    return this.#mail.size < KEPT_HIGH && this.#bytes * 2 <= this.#memory.queueBytesMax;
  }

  deliver(envelope: Envelope): boolean {
    const { replyTo, verb } = envelope;
    // A watch is set up again with each connection.
    if (replyTo === undefined && verb !== 'message') return this.#queue?.mail(envelope) ?? true;
    const isAsk = verb === 'message' && replyTo !== undefined;
    if (!isAsk) this.direct?.sentElse();
    const fullText = this.#fullTextFor(envelope);
    if (fullText !== undefined) {
      this.#deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', fullText);
      return false;
    }
    const number = replyTo?.address().correlation ?? this.#numbers.nextNumber();
    if (replyTo === undefined) {
      envelope.deliveryId = new DeliveryId('', number, 0, 0, undefined);
      this.#keep(number, envelope, this.#mail);
    } else if (isAsk && this.#askedDirectly(number, envelope, replyTo)) return this.#isClear;
    else {
      this.#keep(number, envelope, this.#asks);
      const isFollowed = isAsk && this.direct?.asked(envelope.to) === true;
      replyTo.onSettled = isFollowed ? this.#followedSettled : this.#askSettled;
    }
    if (!this.#isHeld(number, this.direct?.untakenOf(envelope.to))) this.#queue?.mail(envelope);
    return this.#isClear;
  }

  #askedDirectly(number: number, envelope: Envelope, replyTo: ReplyTo): boolean {
    const link = this.#heldFrom > 0 ? undefined : this.direct?.linkTo(envelope.to);
    if (link === undefined) return false;
    this.#keep(number, envelope, link.asks);
    replyTo.onSettled = link.askSettled;
    this.direct?.ask(link, envelope);
    return true;
  }

  /** `untaken`: asks on their way elsewhere that it must not overtake. */
  #isHeld(number: number, untaken: number | undefined): boolean {
    if (this.#heldFrom > 0) return true;
    if (untaken === undefined || untaken === 0) return false;
    this.#heldFrom = number;
    return true;
  }

  /** All asks that went elsewhere have come in: what was held back goes out, in order. */
  goOn(): void {
    const from = this.#heldFrom;
    this.#heldFrom = 0;
    if (from > 0 && this.#queue !== undefined) this.#writeKept(this.#queue, from);
  }

  /** An ask has not come in where it was sent directly: it goes this way, before all that was held back for it. */
  back(envelope: Envelope): void {
    const replyTo = envelope.replyTo as PendingReply;
    const number = replyTo.correlation;
    this.#asks.set(number, envelope);
    replyTo.place = LOCAL;
    replyTo.onSettled = this.direct?.asked(envelope.to, true) ? this.#followedSettled : this.#askSettled;
    if (this.#heldFrom === 0 || number < this.#heldFrom) this.#queue?.mail(envelope);
  }

  /** One that went directly has settled. */
  settledDirectly(number: number, asks: NumberTable<Envelope>): void {
    this.#release(number, asks);
  }

  publish(topic: string, message: unknown, trace?: string): boolean {
    const item: KeptPublish = { heavy: undefined, topic, message, trace };
    this.#memory.weigh(item, message);
    if (this.#fullTextFor(item) !== undefined) {
      this.#deadLetters.add(topic, message, undefined, 'OVERLOADED');
      return false;
    }
    const number = this.#numbers.nextNumber();
    this.#keep(number, item, this.#mail);
    this.direct?.sentElse();
    // An actor that listens to it may have an ask on its way.
    if (!this.#isHeld(number, this.direct?.untaken)) writePublish(this.#queue, item, number);
    return this.#isClear;
  }

  signal(to: ActorId, signal: Signal): void {
    if (signal.type === 'ask-given-up' && this.direct?.signal(to, signal)) return;
    this.#queue?.signal(to, signal);
  }

  /** The system has taken over all that was told up to a number. */
  accepted(number: number): void {
    this.#acceptedUpTo = Math.max(this.#acceptedUpTo, number);
    // Numbers of asks lie between, which are not there.
    while (this.#firstKept <= number && this.#mail.size > 0) this.#release(this.#firstKept++, this.#mail);
    if (this.#mail.size === 0) for (const done of this.#waiters.splice(0)) done();
  }

  /** Resolves once all that has been told so far is accepted. */
  untilAccepted(): Promise<void> {
    if (this.#mail.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /**
   * A connection stands, to a process that has accepted all up to a number: the rest goes out, in order. Returns how many of those
   * may have been accepted by a process that has died before it said so, or that has forgotten this session.
   */
  attach(queue: OutboundQueue, acceptedUpTo: number, isSameServer: boolean): number {
    this.#queue = queue;
    const repeated = isSameServer && acceptedUpTo >= this.#acceptedUpTo ? 0 : this.#written;
    this.accepted(acceptedUpTo);
    this.#acceptedUpTo = acceptedUpTo;
    this.#written = 0;
    if (this.#mail.size > 0) this.direct?.sentElse();
    if (!this.#isHeld(1, this.direct?.untaken)) this.#writeKept(queue, 1);
    return repeated;
  }

  #writeKept(queue: OutboundQueue, from: number): void {
    const all = [...this.#mail.inOrder(), ...this.#asks.inOrder()].filter(([number]) => number >= from);
    for (const [number, item] of all.sort(([a], [b]) => a - b)) {
      if ('topic' in item) writePublish(queue, item, number);
      else queue.mail(item);
    }
  }

  /** The connection has ended: what was asked over it fails, since nobody here knows how far it came. */
  detach(text: string): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    this.#queue = undefined;
    queue.detach();
    const unwritten = queue.takeUnwritten();
    queue.drop();
    const isTell = (item: object): boolean => 'verb' in item && (item as Envelope).replyTo === undefined;
    const held =
      this.#heldFrom > 0 ? [...this.#mail.inOrder()].filter(([number]) => number >= this.#heldFrom).length : 0;
    this.#written = Math.max(0, this.#mail.size - unwritten.filter(isTell).length - held);
    this.#heldFrom = 0;
    this.direct?.detach();
    for (const [, { replyTo }] of this.#asks.inOrder()) {
      const reply = replyTo as PendingReply;
      if (reply.place !== LOCAL) reply.reject(new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'unknown' }));
    }
  }

  #fullTextFor(item: Weighed): string | undefined {
    if (this.#mail.size >= KEPT_MAX)
      return `the client keeps ${KEPT_MAX} messages that are not accepted, which is its limit`;
    if (this.#memory.hasRoomFor(item, this.#bytes)) return undefined;
    return `${bytesOf(item)} bytes more would pass the ${this.#memory.queueBytesMax} that the client keeps until they are accepted`;
  }

  #keep<T extends Kept>(number: number, item: T, place: NumberTable<T>): void {
    if (this.#mail.size === 0) this.#firstKept = number;
    place.set(number, item);
    this.#bytes += bytesOf(item);
    this.#memory.hold(item);
  }

  #release(number: number, place: NumberTable<Kept> | NumberTable<Envelope>): void {
    const item = place.take(number);
    if (item === undefined) return;
    this.#bytes -= bytesOf(item);
    this.#memory.release(item);
  }
}

function writePublish(queue: OutboundQueue | undefined, { topic, message, trace }: KeptPublish, number: number): void {
  queue?.publish(topic, message, undefined, number, undefined, undefined, trace);
}
