/**
 * The way in from one other process: frames to entries to whoever they are for. A frame under a newer epoch than ours
 * stops its whole link until that table is there; nothing behind it may pass.
 */
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, type ReplyTo } from '../vocabulary/envelope.ts';
import { asError, type ErrorData, type Fate, isErrorData, wordsOf } from '../vocabulary/errors.ts';
import { checkTrace } from '../observe/trace-context.ts';
import { FrameDecoder, fromWire } from '../wire/codec.ts';
import * as entry from '../wire/entry.ts';
import { COMPACT, FRAME_BYTES_MAX, PIECE } from '../wire/link.ts';
import { type CommonIngress, CompactReader } from './compact-reader.ts';
import {
  actorsOf,
  callArgumentsOf,
  callNameOf,
  deadlineOf,
  flagOf,
  messageOf,
  namedOf,
  senseless,
  signalOf,
  topicOf,
  topicsOf,
  wholeOf,
} from './entry-validation.ts';
import { BatchReader } from './envelope-entries.ts';
import { IdList, StreamList } from './link-ids.ts';
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
  /** The context of its trace. */
  trace?: string | undefined;
}

/** Where the entries go. */
export interface Ingress extends CommonIngress {
  /** A ref that came in a message, as one of this process. */
  toRef(id: ActorId): unknown;
  failed(correlation: number, error: ErrorData): void;
  /** Its message has arrived as bytes that cannot be read: it goes no further, all else does. */
  unreadable(envelope: Envelope, error: Error): void;
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
  /** To be answered by its number. Of a client alone: absent elsewhere, it makes no sense there. */
  called?(number: number, name: string, args: entry.CallArgument[]): void;
  /** Of another machine alone: its clock, and that messages to durable actors may be lost. */
  hailed?(now: number): void;
  resend?(): void;
  /** A worker of the other machine is dead since that epoch of its table. */
  hostDied?(epoch: number): void;
  /** Between machines, and on to a worker: a part of what lived in partitions that change hands. */
  arrival?(move: number, part: unknown): void;
}

export class FrameReader {
  readonly #ingress: Ingress;
  readonly #toRef: (id: ActorId) => unknown;
  readonly #decoder = new FrameDecoder();
  readonly #ids = new IdList();
  readonly #streams = new StreamList();
  readonly #compact: CompactReader;
  readonly #entries: BatchReader;
  readonly #pieces: PieceJoiner;
  /** The frame that waits for its epoch: a batch, or the bytes of a compact one. */
  #parked: unknown[] | Uint8Array | undefined;

  /** `frameBytesMax`: of a frame that comes in pieces. */
  constructor(ingress: Ingress, frameBytesMax: number = FRAME_BYTES_MAX) {
    this.#ingress = ingress;
    this.#pieces = new PieceJoiner(frameBytesMax);
    this.#toRef = (id) => ingress.toRef(id);
    this.#compact = new CompactReader(ingress, this.#ids, this.#streams);
    const replyTo = (process: ActorId, correlation: number): ReplyTo => ingress.replyTo(process, correlation);
    this.#entries = new BatchReader({ toRef: this.#toRef, replyTo }, this.#ids);
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
    if (batch[1] === 1) {
      this.#ids.clear();
      this.#streams.clear();
    }
    const entries = this.#entries;
    entries.begin(batch, 2);
    let count = 0;
    let messages = 0;
    while (!entries.isAtEnd) {
      const kind = entries.next() as number;
      if (kind === entry.MESSAGE || kind === entry.ASK || kind === entry.STAMPED) messages++;
      else if (kind === entry.TRACED && entries.ahead !== entry.PUBLISH) messages++;
      if (kind !== entry.CREDIT) count++;
      this.#entry(kind);
    }
    entries.begin([], 0);
    this.#ingress.frameRead(count, messages);
  }

  #entry(kind: number): void {
    const entries = this.#entries;
    switch (kind) {
      case entry.MESSAGE:
      case entry.ASK:
      case entry.STAMPED:
      case entry.REQUEST:
        return this.#arrived(entries.envelope(kind));
      case entry.REPLY:
        return this.#reply();
      case entry.FAILURE:
        return this.#ingress.failed(wholeOf(entries.next()), this.#failure());
      case entry.SIGNAL:
        return this.#ingress.signal(namedOf(entries.next()), signalOf(entries.next()));
      case entry.TRACED:
        return entries.ahead === entry.PUBLISH ? this.#tracedPublish() : this.#arrived(entries.envelope(kind));
      case entry.PUBLISH:
        return this.#published();
      default:
        return this.#rare(kind);
    }
  }

  #arrived(envelope: Envelope): void {
    const fault = this.#entries.takeFault();
    if (fault === undefined) this.#ingress.envelope(envelope);
    else this.#ingress.unreadable(envelope, fault);
  }

  #reply(): void {
    const correlation = wholeOf(this.#entries.next());
    const value = this.#entries.value();
    const fault = this.#entries.takeFault();
    if (fault === undefined) this.#ingress.replied(correlation, value);
    else this.#ingress.failed(correlation, unreadable(fault, 'executed'));
  }

  #rare(kind: number): void {
    const ingress = this.#ingress;
    const entries = this.#entries;
    switch (kind) {
      case entry.TOPIC:
        return ingress.topicChanged(topicOf(entries.next()), flagOf(entries.next()), wholeOf(entries.next()));
      case entry.TOPIC_ACK:
        return ingress.topicAcknowledged(wholeOf(entries.next()));
      case entry.TOPICS:
      case entry.SOME_TOPICS:
        return ingress.topicsLearned(topicsOf(entries.next()), kind === entry.TOPICS);
      case entry.TOPIC_BARRIER:
        return ingress.topicBarrier(topicOf(entries.next()), wholeOf(entries.next()));
      case entry.TOPIC_REACHED:
        return ingress.topicReached(wholeOf(entries.next()), wholeOf(entries.next()));
      case entry.MARKER:
        return ingress.marker(wholeOf(entries.next()));
      case entry.STATE:
        return ingress.transfer(wholeOf(entries.next()), entries.next());
      case entry.FLUSH:
        return ingress.flush(wholeOf(entries.next()));
      case entry.FLUSHED:
        return ingress.flushed(wholeOf(entries.next()));
      case entry.CREDIT:
        return ingress.credit(wholeOf(entries.next()));
      case entry.ACKNOWLEDGED:
        if (ingress.acknowledged) return ingress.acknowledged(wholeOf(entries.next()));
        break;
      case entry.HAIL:
        if (ingress.hailed) return ingress.hailed(deadlineOf(entries.next()));
        break;
      case entry.ARRIVAL:
        if (ingress.arrival) return ingress.arrival(wholeOf(entries.next()), entries.next());
        break;
      case entry.RESEND:
        if (ingress.resend) return ingress.resend();
        break;
      case entry.HOST_DIED:
        if (ingress.hostDied) return ingress.hostDied(wholeOf(entries.next()));
        break;
      case entry.CALL:
        if (ingress.called)
          return ingress.called(wholeOf(entries.next()), callNameOf(entries.next()), callArgumentsOf(entries.next()));
    }
    throw new Error(`an entry has a known kind; got ${kind}`);
  }

  #tracedPublish(): void {
    const trace = checkTrace(this.#entries.next());
    this.#entries.next();
    this.#published(trace);
  }

  #published(trace?: string): void {
    const entries = this.#entries;
    const topic = topicOf(entries.next());
    const sender = entries.sender();
    const message = entries.value();
    const epoch = wholeOf(entries.next());
    const others = entries.next();
    const excluded = others === null ? undefined : actorsOf(others);
    const fault = entries.takeFault();
    // Its topic stands for its receivers, as in any dead letter of what was published.
    if (fault !== undefined)
      return this.#ingress.unreadable(new Envelope('message', topic, undefined, sender, undefined, 0), fault);
    this.#ingress.published({ topic, message: messageOf(message), sender, epoch, excluded, trace });
  }

  #failure(): ErrorData {
    const part = this.#entries.next();
    try {
      const error = fromWire(part, this.#toRef);
      if (isErrorData(error))
        return error.data === undefined ? error : { ...error, data: fromWire(error.data, this.#toRef) };
    } catch (error) {
      return unreadable(asError(error), 'unknown');
    }
    throw senseless('an error with a code and texts', part);
  }
}

function unreadable(error: Error, fate: Fate): ErrorData {
  return { code: 'INVALID_MESSAGE', message: `what was sent could not be read: ${wordsOf(error)}`, fate };
}
