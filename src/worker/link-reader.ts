/**
 * The way in from one other process: frames to entries to whoever they are for. A frame under a newer epoch than ours
 * stops its whole link until that table is there; nothing behind it may pass.
 */
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, type ReplyTo, type Verb } from '../vocabulary/envelope.ts';
import type { ErrorData } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { FrameDecoder, fromWire } from '../wire/codec.ts';
import * as entry from '../wire/entry.ts';

/** A message to a topic, from another process. */
export interface Published {
  topic: string;
  message: unknown;
  sender: ActorId | undefined;
  /** Of the table that its publisher had as it published it. */
  epoch: number;
  /** Subscribers on the move, to whom the publisher sends it with their other mail. */
  apart: readonly ActorId[] | undefined;
}

/** Where the entries go. */
export interface Ingress {
  epoch(): number;
  /** A ref that came in a message, as one of this process. */
  toRef(id: ActorId): unknown;
  envelope(envelope: Envelope): void;
  replyTo(process: ActorId, correlation: number): ReplyTo;
  replied(correlation: number, value: unknown): void;
  failed(correlation: number, error: ErrorData): void;
  signal(to: ActorId, signal: Signal): void;
  published(published: Published): void;
  topicChanged(topic: string, isJoined: boolean, number: number): void;
  topicAcknowledged(number: number): void;
  topicsTold(topics: string[]): void;
  marker(move: number): void;
  luggage(move: number, luggage: unknown): void;
  flush(move: number): void;
  flushed(move: number): void;
  credit(count: number): void;
  /** After each frame: so many entries came, so many of them spent credit. */
  frameRead(entries: number, messages: number): void;
}

export class LinkReader {
  readonly #ingress: Ingress;
  readonly #toRef: (id: ActorId) => unknown;
  readonly #decoder = new FrameDecoder();
  #ids: ActorId[] = [];
  #parked: unknown[] | undefined;
  #batch: unknown[] = [];
  #at = 0;

  constructor(ingress: Ingress) {
    this.#ingress = ingress;
    this.#toRef = (id) => ingress.toRef(id);
  }

  get isParked(): boolean {
    return this.#parked !== undefined;
  }

  /** False: the frame waits for its epoch, and so must all behind it. Throws on a frame that makes no sense. */
  read(bytes: Uint8Array): boolean {
    const batch = this.#decoder.decode(bytes);
    if ((batch[0] as number) > this.#ingress.epoch()) {
      this.#parked = batch;
      return false;
    }
    this.#take(batch);
    return true;
  }

  /** A newer table is there. True where the link may go on. */
  unpark(): boolean {
    const batch = this.#parked;
    if (batch === undefined) return true;
    if ((batch[0] as number) > this.#ingress.epoch()) return false;
    this.#parked = undefined;
    this.#take(batch);
    return true;
  }

  #take(batch: unknown[]): void {
    if (batch[1] === 1) this.#ids = [];
    this.#batch = batch;
    this.#at = 2;
    let entries = 0;
    let messages = 0;
    while (this.#at < batch.length) {
      const kind = this.#next() as number;
      if (kind === entry.MESSAGE || kind === entry.ASK) messages++;
      if (kind !== entry.CREDIT) entries++;
      this.#entry(kind);
    }
    this.#batch = [];
    this.#ingress.frameRead(entries, messages);
  }

  #entry(kind: number): void {
    switch (kind) {
      case entry.MESSAGE:
        return this.#message();
      case entry.ASK:
        return this.#ask('message');
      case entry.REQUEST:
        return this.#ask(entry.VERBS[this.#next() as number] as Verb);
      case entry.REPLY:
        return this.#ingress.replied(this.#next() as number, this.#value());
      case entry.FAILURE:
        return this.#ingress.failed(this.#next() as number, this.#failure());
      case entry.SIGNAL:
        return this.#ingress.signal(this.#next() as ActorId, this.#next() as Signal);
      case entry.PUBLISH:
        return this.#published();
      default:
        return this.#rare(kind);
    }
  }

  #message(): void {
    const to = this.#id();
    const sender = this.#sender();
    this.#ingress.envelope(new Envelope('message', to, this.#value(), sender, undefined, 0));
  }

  #ask(verb: Verb): void {
    const to = this.#id();
    const sender = this.#sender();
    const message = this.#value();
    const process = this.#next() as ActorId | undefined;
    const correlation = this.#next() as number;
    const deadline = this.#next() as number;
    const replyTo = process ? this.#ingress.replyTo(process, correlation) : undefined;
    this.#ingress.envelope(new Envelope(verb, to, message, sender, replyTo, deadline));
  }

  #rare(kind: number): void {
    const ingress = this.#ingress;
    switch (kind) {
      case entry.TOPIC:
        return ingress.topicChanged(this.#next() as string, this.#next() as boolean, this.#next() as number);
      case entry.TOPIC_ACK:
        return ingress.topicAcknowledged(this.#next() as number);
      case entry.TOPICS:
        return ingress.topicsTold(this.#next() as string[]);
      case entry.MARKER:
        return ingress.marker(this.#next() as number);
      case entry.STATE:
        return ingress.luggage(this.#next() as number, this.#next());
      case entry.FLUSH:
        return ingress.flush(this.#next() as number);
      case entry.FLUSHED:
        return ingress.flushed(this.#next() as number);
      case entry.CREDIT:
        return ingress.credit(this.#next() as number);
      default:
        throw new Error(`an entry has a known kind; got ${kind}`);
    }
  }

  #published(): void {
    const topic = this.#next() as string;
    const sender = this.#sender();
    const message = this.#value();
    const epoch = this.#next() as number;
    const apart = (this.#next() as ActorId[] | null) ?? undefined;
    this.#ingress.published({ topic, message, sender, epoch, apart });
  }

  #next(): unknown {
    return this.#batch[this.#at++];
  }

  #failure(): ErrorData {
    const error = this.#next() as ErrorData;
    return error.data === undefined ? error : { ...error, data: fromWire(error.data, this.#toRef) };
  }

  #value(): unknown {
    return fromWire(this.#next(), this.#toRef);
  }

  #sender(): ActorId | undefined {
    return (this.#next() as ActorId | null | undefined) ?? undefined;
  }

  /** The id itself at first sight, its number after that. */
  #id(): ActorId {
    const part = this.#next();
    if (typeof part === 'number') {
      const known = this.#ids[part];
      if (known === undefined) throw new Error(`an id has a number that was given before; got ${part}`);
      return known;
    }
    if (typeof part !== 'string') throw new Error(`an id is a string or its number; got ${typeof part}`);
    if (this.#ids.length >= entry.LINK_IDS_MAX) this.#ids = [];
    this.#ids.push(part);
    return part;
  }
}
