/**
 * The way in from one other process: frames to entries to whoever they are for. A frame under a newer epoch than ours
 * stops its whole link until that table is there; nothing behind it may pass.
 */
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, Stamp, type Verb } from '../vocabulary/envelope.ts';
import { type ErrorData, isErrorData } from '../vocabulary/errors.ts';
import { show } from '../vocabulary/show.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { FrameDecoder, fromWire } from '../wire/codec.ts';
import * as entry from '../wire/entry.ts';
import { COMPACT, PIECE } from '../wire/link.ts';
import { type CommonIngress, CompactReader } from './compact-reader.ts';
import { IdList } from './link-ids.ts';
import { PieceJoiner } from './pieces.ts';

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
export interface Ingress extends CommonIngress {
  /** A ref that came in a message, as one of this process. */
  toRef(id: ActorId): unknown;
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
}

export class LinkReader {
  readonly #ingress: Ingress;
  readonly #toRef: (id: ActorId) => unknown;
  readonly #decoder = new FrameDecoder();
  readonly #ids = new IdList();
  readonly #compact: CompactReader;
  readonly #pieces = new PieceJoiner();
  /** The frame that waits for its epoch: a batch, or the bytes of a compact one. */
  #parked: unknown[] | Uint8Array | undefined;
  #batch: unknown[] = [];
  #at = 0;

  constructor(ingress: Ingress) {
    this.#ingress = ingress;
    this.#toRef = (id) => ingress.toRef(id);
    this.#compact = new CompactReader(ingress, this.#ids);
  }

  get isParked(): boolean {
    return this.#parked !== undefined;
  }

  /** False: the frame waits for its epoch, and so must all behind it. Throws on a frame that makes no sense. */
  read(bytes: Uint8Array): boolean {
    if (bytes[0] === PIECE) {
      const whole = this.#pieces.add(bytes);
      return whole === undefined || this.read(whole);
    }
    const isCompact = (bytes[0] as number) >= COMPACT;
    const frame = isCompact ? bytes : this.#decoder.decode(bytes);
    if (this.#takeIfDue(frame)) return true;
    this.#parked = isCompact ? bytes.slice() : frame;
    return false;
  }

  /** A newer table is there. True where the link may go on. */
  unpark(): boolean {
    const frame = this.#parked;
    if (frame === undefined) return true;
    // What it brings may ask for more of this link, while nothing is parked any more.
    this.#parked = undefined;
    if (this.#takeIfDue(frame)) return true;
    this.#parked = frame;
    return false;
  }

  #takeIfDue(frame: unknown[] | Uint8Array): boolean {
    if (frame instanceof Uint8Array) return this.#compact.takeIfDue(frame);
    if ((frame[0] as number) > this.#ingress.epoch()) return false;
    this.#take(frame);
    return true;
  }

  #take(batch: unknown[]): void {
    if (batch[1] === 1) this.#ids.clear();
    this.#batch = batch;
    this.#at = 2;
    let entries = 0;
    let messages = 0;
    while (this.#at < batch.length) {
      const kind = this.#next() as number;
      if (kind === entry.MESSAGE || kind === entry.ASK || kind === entry.STAMPED) messages++;
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
      case entry.STAMPED:
        return this.#stamped();
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

  #stamped(): void {
    const envelope = this.#envelope('message');
    const [stream, number] = [this.#next() as string, this.#next() as number];
    const [previous, floor] = [this.#next() as number, this.#next() as number];
    const [turn, isSuspect] = [this.#next() as string | null, this.#next() as boolean];
    envelope.stamp = new Stamp(stream, number, previous, floor, turn ?? undefined, isSuspect);
    this.#ingress.envelope(envelope);
  }

  #ask(verb: Verb): void {
    this.#ingress.envelope(this.#envelope(verb));
  }

  #envelope(verb: Verb): Envelope {
    const to = this.#id();
    const sender = this.#sender();
    const message = this.#value();
    const process = this.#next() as ActorId | undefined;
    const correlation = this.#next() as number;
    const deadline = this.#next() as number;
    const replyTo = process ? this.#ingress.replyTo(process, correlation) : undefined;
    return new Envelope(verb, to, message, sender, replyTo, deadline);
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
    const error = fromWire(this.#next(), this.#toRef);
    if (!isErrorData(error)) throw new Error(`a failure is an error's code and texts; got ${show(error)}`);
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
    if (typeof part === 'number') return this.#ids.byNumber(part);
    // Of a large frame, which others may have passed: it gives no numbers.
    if (Array.isArray(part) && typeof part[0] === 'string') return part[0];
    if (typeof part !== 'string') throw new Error(`an id is a string or its number; got ${typeof part}`);
    return this.#ids.add(part);
  }
}
