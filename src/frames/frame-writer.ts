/**
 * Turns what waits for a link into frames of two sorts: compact ones for the common traffic (compact-writer.ts), and for all
 * else batches, entries in a flat array, packed together. Ids are numbers from their second time on; everything is encoded
 * once. An envelope that cannot be encoded is refused here, and takes no other with it.
 */
import type { DeadLetters } from '../observe/dead-letters.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { asError, type ErrorData, errorToData, TroupeError } from '../vocabulary/errors.ts';
import { FrameEncoder, type FrameWeight, toWire } from '../wire/codec.ts';
import { CREDIT, FAILURE, PUBLISH, REPLY, SIGNAL, TRACED } from '../wire/entry.ts';
import { CompactWriter } from './compact-writer.ts';
import { appendEnvelope } from './envelope-entries.ts';
import { IdNumbers } from './link-ids.ts';
import { messageToWire } from './message-form.ts';
import {
  CreditNote,
  Note,
  type Outbound,
  PublishNote,
  ReplyNote,
  SignalNote,
  signalBytesMax,
  textBytesMax,
} from './outbound.ts';

export interface FrameWriterOptions {
  /** Of the process at the other end. */
  address: ActorId;
  deadLetters: DeadLetters;
  messageBytesMax: number;
  /** The epoch that frames carry. */
  epoch: () => number;
  /** A frame takes no more once it has so many. */
  frameBytes: number;
  /** The other end takes no larger ones. */
  frameBytesMax: number;
}

export class FrameWriter {
  readonly #options: FrameWriterOptions;
  readonly #ids = new IdNumbers();
  /** Of messages to durable actors; only compact frames give them numbers. */
  readonly #streams = new IdNumbers();
  readonly #compact: CompactWriter;
  #encoder = new FrameEncoder();
  #resetIds = true;
  #givesNumbers = true;

  constructor(options: FrameWriterOptions) {
    this.#options = options;
    this.#compact = new CompactWriter(this.#ids, this.#streams, options.messageBytesMax, options.frameBytes);
  }

  /** For a new link: the other end knows nothing. */
  reset(): void {
    this.#encoder = new FrameEncoder();
    this.#compact.reset();
    this.#forgetIds();
  }

  beginCompact(): void {
    this.#compact.begin(this.#options.epoch(), this.#resetIds);
  }

  get isCompactFull(): boolean {
    return this.#compact.isFull;
  }

  /** False: the item is not of the sort that goes into a compact frame, and has not been looked at further. */
  appendCompact(item: Outbound): boolean {
    if (item instanceof ReplyNote) return this.#compact.reply(item.correlation, item.value);
    if (item instanceof CreditNote) return this.#compact.credit(item.count);
    if (item instanceof SignalNote) return this.#compact.handled(item);
    if (!(item instanceof Envelope) || item.verb !== 'message' || item.trace !== undefined) return false;
    const { replyTo, deliveryId } = item;
    if (replyTo === undefined) {
      return deliveryId === undefined
        ? this.#compact.tell(item)
        : this.#compact.stamped(item, deliveryId, undefined, 0);
    }
    // The asker does not wait for it any more; the batch leaves it out.
    if (replyTo.settled) return false;
    const { process, correlation } = replyTo.address();
    const isWritten =
      deliveryId === undefined
        ? this.#compact.ask(item, process, correlation)
        : this.#compact.stamped(item, deliveryId, process, correlation);
    if (isWritten) replyTo.written(this.#options.address);
    return isWritten;
  }

  /** Undefined where nothing was appended. */
  finishCompact(entries: number): Uint8Array | undefined {
    if (entries === 0) return this.#compact.drop();
    this.#resetIds = false;
    return this.#compact.finish();
  }

  /** The head of a frame. */
  begin(): unknown[] {
    return [this.#options.epoch(), this.#resetIds ? 1 : 0];
  }

  /** Throws what the codec refuses although it looked plain, and what is too large; the next frame begins anew then. */
  encode(batch: unknown[]): Uint8Array {
    try {
      const bytes = this.#encoder.encode(batch, this.#options.frameBytesMax);
      if (batch[1] === 1) this.#resetIds = false;
      return bytes;
    } catch (error) {
      this.#forgetIds();
      throw error;
    }
  }

  /** The batch of one large item, which compact frames may pass: it neither gives numbers to ids nor takes them back. */
  batchOf(item: Outbound): unknown[] | undefined {
    const batch = [this.#options.epoch(), 0];
    this.#givesNumbers = false;
    try {
      return this.append(batch, item, { bytesMax: 0 }) ? batch : undefined;
    } finally {
      this.#givesNumbers = true;
    }
  }

  /** False where the item cannot be sent; its sender has been told. */
  append(batch: unknown[], item: Outbound, frame: FrameWeight): boolean {
    if (item instanceof Envelope) return this.#appendEnvelope(batch, item, frame);
    if (item instanceof ReplyNote) return this.#appendReply(batch, item, frame);
    if (item instanceof PublishNote) return this.#appendPublish(batch, item, frame);
    if (item instanceof SignalNote) {
      frame.bytesMax += signalBytesMax(item);
      return batch.push(SIGNAL, item.to, item.signal) > 0;
    }
    if (item instanceof CreditNote) return batch.push(CREDIT, item.count) > 0;
    for (const part of item.parts) batch.push(part);
    frame.bytesMax += item.bytesMax;
    return true;
  }

  #appendEnvelope(batch: unknown[], envelope: Envelope, frame: FrameWeight): boolean {
    const { replyTo } = envelope;
    if (replyTo?.settled) return false;
    try {
      appendEnvelope(batch, envelope, this.#idPart, this.#options.messageBytesMax, frame);
    } catch (error) {
      const { code, message } = asTroupeError(error);
      this.#options.deadLetters.refuseUnlessResent(envelope, code, message);
      return false;
    }
    replyTo?.written(this.#options.address);
    return true;
  }

  #appendReply(batch: unknown[], { correlation, value }: ReplyNote, frame: FrameWeight): boolean {
    const before = frame.bytesMax;
    try {
      batch.push(REPLY, correlation, toWire(value, this.#options.messageBytesMax, frame));
    } catch (error) {
      frame.bytesMax = before;
      const { code, message } = asTroupeError(error);
      const failure = this.failure(correlation, errorToData(new TroupeError(code, message, { fate: 'executed' })));
      return this.append(batch, failure, frame);
    }
    return true;
  }

  #appendPublish(batch: unknown[], note: PublishNote, frame: FrameWeight): boolean {
    const { topic, message, sender, epoch, excluded, trace } = note;
    const before = frame.bytesMax;
    try {
      const payload = messageToWire(message, this.#options.messageBytesMax, frame);
      if (trace !== undefined) batch.push(TRACED, trace);
      batch.push(PUBLISH, topic, sender, payload, epoch, excluded);
      frame.bytesMax += textBytesMax([topic, sender, trace, ...(excluded ?? [])]);
      return true;
    } catch (error) {
      frame.bytesMax = before;
      this.#options.deadLetters.add(topic, message, sender, asTroupeError(error).code);
      return false;
    }
  }

  readonly #idPart = (id: ActorId): ActorId | [ActorId] | number => {
    if (!this.#givesNumbers) return [id];
    return this.#ids.numberOf(id) ?? id;
  };

  /**
   * Weighed as a reply is, and put into its form for the wire at once. The data of a refusal is the user's, and travels as a
   * message does; what cannot is left out.
   */
  failure(correlation: number, { data, ...rest }: ErrorData): Note {
    const weight: FrameWeight = { bytesMax: 0 };
    let error: ErrorData = rest;
    try {
      if (data !== undefined) error = { ...rest, data: toWire(data, this.#options.messageBytesMax, weight) };
    } catch {
      weight.bytesMax = 0;
    }
    return new Note([FAILURE, correlation, toWire(error, Number.POSITIVE_INFINITY, weight)], weight.bytesMax);
  }

  #forgetIds(): void {
    this.#ids.clear();
    this.#streams.clear();
    this.#resetIds = true;
  }
}

function asTroupeError(error: unknown): TroupeError {
  return error instanceof TroupeError ? error : new TroupeError('INVALID_MESSAGE', asError(error).message);
}
