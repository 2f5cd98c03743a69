/**
 * The way in from one other process: frames to entries to whoever they are for. A frame under a newer epoch than ours
 * stops its whole link until that table is there; nothing behind it may pass.
 */
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, type Verb } from '../vocabulary/envelope.ts';
import { asError, type ErrorData, type Fate, isErrorData, wordsOf } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { FrameDecoder, fromWire } from '../wire/codec.ts';
import * as entry from '../wire/entry.ts';
import { COMPACT, FRAME_BYTES_MAX, PIECE } from '../wire/link.ts';
import { type CommonIngress, CompactReader } from './compact-reader.ts';
import {
  actorOf,
  actorsOf,
  checkRequest,
  deadlineOf,
  flagOf,
  messageOf,
  namedOf,
  processOf,
  receiverOf,
  senderOf,
  senseless,
  signalOf,
  deliveryIdOf,
  topicOf,
  topicsOf,
  wholeOf,
} from './entry-sense.ts';
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
  excluded: readonly ActorId[] | undefined;
}

/** Where the entries go. */
export interface Ingress extends CommonIngress {
  /** A ref that came in a message, as one of this process. */
  toRef(id: ActorId): unknown;
  failed(correlation: number, error: ErrorData): void;
  /** Its message has arrived as bytes that cannot be read: it goes no further, all else does. */
  unreadable(envelope: Envelope, error: Error): void;
  signal(to: ActorId, signal: Signal): void;
  published(published: Published): void;
  topicChanged(topic: string, isJoined: boolean, number: number): void;
  topicAcknowledged(number: number): void;
  /** To be answered once what came before it for the topic's subscribers here is handled. */
  topicBarrier(topic: string, number: number): void;
  /** `capacity`: messages that may wait for the subscriber there that may have the least. */
  topicReached(number: number, capacity: number): void;
  /** Some of its topics; `isAll`: with these all are told. */
  topicsLearned(topics: string[], isAll: boolean): void;
  marker(move: number): void;
  /** Throws where it makes no sense. */
  transfer(move: number, piece: unknown): void;
  flush(move: number): void;
  flushed(move: number): void;
  /** Of a client: what it told up to this number is the system's now. Absent elsewhere: it makes no sense there. */
  acknowledged?(number: number): void;
}

export class FrameReader {
  readonly #ingress: Ingress;
  readonly #toRef: (id: ActorId) => unknown;
  readonly #decoder = new FrameDecoder();
  readonly #ids = new IdList();
  readonly #compact: CompactReader;
  readonly #pieces: PieceJoiner;
  /** Why the value of the present entry cannot be read. */
  #fault: Error | undefined;
  /** The frame that waits for its epoch: a batch, or the bytes of a compact one. */
  #parked: unknown[] | Uint8Array | undefined;
  #batch: unknown[] = [];
  #at = 0;

  /** `frameBytesMax`: of a frame that comes in pieces. */
  constructor(ingress: Ingress, frameBytesMax: number = FRAME_BYTES_MAX) {
    this.#ingress = ingress;
    this.#pieces = new PieceJoiner(frameBytesMax);
    this.#toRef = (id) => ingress.toRef(id);
    this.#compact = new CompactReader(ingress, this.#ids);
  }

  get isParked(): boolean {
    return this.#parked !== undefined;
  }

  /** False: the frame waits for its epoch, and so must all behind it. Throws on a frame that makes no sense. */
  read(bytes: Uint8Array): boolean {
    if (bytes[0] !== PIECE) return this.#read(bytes);
    const whole = this.#pieces.add(bytes);
    return whole === undefined || this.#read(whole);
  }

  #read(bytes: Uint8Array): boolean {
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
    // The frame's envelopes may ask for more of this link, while nothing is parked any more.
    this.#parked = undefined;
    if (this.#takeIfDue(frame)) return true;
    this.#parked = frame;
    return false;
  }

  #takeIfDue(frame: unknown[] | Uint8Array): boolean {
    if (frame instanceof Uint8Array) return this.#compact.takeIfDue(frame);
    if (wholeOf(frame[0]) > this.#ingress.epoch()) return false;
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
        return this.#ask(entry.VERBS[wholeOf(this.#next())] as Verb);
      case entry.REPLY:
        return this.#reply();
      case entry.FAILURE:
        return this.#ingress.failed(wholeOf(this.#next()), this.#failure());
      case entry.SIGNAL:
        return this.#ingress.signal(namedOf(this.#next()), signalOf(this.#next()));
      case entry.PUBLISH:
        return this.#published();
      default:
        return this.#rare(kind);
    }
  }

  #message(): void {
    const to = this.#id();
    const sender = this.#sender();
    this.#arrived(new Envelope('message', to, this.#value(), sender, undefined, 0));
  }

  /** The sense of it is looked at once all of its parts are there. */
  #arrived(envelope: Envelope): void {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) return this.#ingress.unreadable(envelope, fault);
    if (envelope.verb === 'message') messageOf(envelope.message);
    this.#ingress.envelope(envelope);
  }

  #reply(): void {
    const correlation = wholeOf(this.#next());
    const value = this.#value();
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault === undefined) this.#ingress.replied(correlation, value);
    else this.#ingress.failed(correlation, unreadable(fault, 'executed'));
  }

  #stamped(): void {
    const envelope = this.#envelope('message');
    const [stream, number, previous, floor] = [this.#next(), this.#next(), this.#next(), this.#next()];
    envelope.deliveryId = deliveryIdOf(stream, number, previous, floor, this.#next(), this.#next());
    this.#arrived(envelope);
  }

  #ask(verb: Verb): void {
    const envelope = this.#envelope(verb);
    if (verb !== 'message' && this.#fault === undefined) checkRequest(verb, envelope.message);
    this.#arrived(envelope);
  }

  #envelope(verb: Verb): Envelope {
    const to = this.#id();
    const sender = this.#sender();
    const message = this.#value();
    const process = this.#next() ?? undefined;
    const correlation = wholeOf(this.#next());
    const deadline = deadlineOf(this.#next());
    const replyTo = process === undefined ? undefined : this.#ingress.replyTo(processOf(process), correlation);
    return new Envelope(verb, to, message, sender, replyTo, deadline);
  }

  #rare(kind: number): void {
    const ingress = this.#ingress;
    switch (kind) {
      case entry.TOPIC:
        return ingress.topicChanged(topicOf(this.#next()), flagOf(this.#next()), wholeOf(this.#next()));
      case entry.TOPIC_ACK:
        return ingress.topicAcknowledged(wholeOf(this.#next()));
      case entry.TOPICS:
      case entry.SOME_TOPICS:
        return ingress.topicsLearned(topicsOf(this.#next()), kind === entry.TOPICS);
      case entry.TOPIC_BARRIER:
        return ingress.topicBarrier(topicOf(this.#next()), wholeOf(this.#next()));
      case entry.TOPIC_REACHED:
        return ingress.topicReached(wholeOf(this.#next()), wholeOf(this.#next()));
      case entry.MARKER:
        return ingress.marker(wholeOf(this.#next()));
      case entry.STATE:
        return ingress.transfer(wholeOf(this.#next()), this.#next());
      case entry.FLUSH:
        return ingress.flush(wholeOf(this.#next()));
      case entry.FLUSHED:
        return ingress.flushed(wholeOf(this.#next()));
      case entry.CREDIT:
        return ingress.credit(wholeOf(this.#next()));
      case entry.ACKNOWLEDGED:
        if (ingress.acknowledged) return ingress.acknowledged(wholeOf(this.#next()));
    }
    throw new Error(`an entry has a known kind; got ${kind}`);
  }

  #published(): void {
    const topic = topicOf(this.#next());
    const sender = this.#sender();
    const message = this.#value();
    const epoch = wholeOf(this.#next());
    const others = this.#next();
    const excluded = others === null ? undefined : actorsOf(others);
    const fault = this.#fault;
    this.#fault = undefined;
    // Its topic stands for its receivers, as in any dead letter of what was published.
    if (fault !== undefined)
      return this.#ingress.unreadable(new Envelope('message', topic, undefined, sender, undefined, 0), fault);
    this.#ingress.published({ topic, message: messageOf(message), sender, epoch, excluded });
  }

  #next(): unknown {
    return this.#batch[this.#at++];
  }

  #failure(): ErrorData {
    try {
      const error = fromWire(this.#next(), this.#toRef);
      if (isErrorData(error))
        return error.data === undefined ? error : { ...error, data: fromWire(error.data, this.#toRef) };
    } catch (error) {
      return unreadable(asError(error), 'unknown');
    }
    throw senseless('an error with a code and texts', this.#batch[this.#at - 1]);
  }

  /** Bytes in a batch are a value on its own: where they cannot be read, the entries beside them can. */
  #value(): unknown {
    if (this.#at >= this.#batch.length) throw senseless('all of its parts', 'the end of its frame');
    try {
      return fromWire(this.#next(), this.#toRef);
    } catch (error) {
      this.#fault = asError(error);
      return undefined;
    }
  }

  #sender(): ActorId | undefined {
    return senderOf(this.#next());
  }

  /** The id itself at first sight, its number after that. */
  #id(): ActorId {
    const part = this.#next();
    if (typeof part === 'number') return receiverOf(this.#ids.byNumber(part));
    // Of a large frame, which others may have passed: it gives no numbers.
    if (Array.isArray(part)) return actorOf(part[0]);
    return this.#ids.add(actorOf(part));
  }
}

function unreadable(error: Error, fate: Fate): ErrorData {
  return { code: 'INVALID_MESSAGE', message: `what was sent could not be read: ${wordsOf(error)}`, fate };
}
