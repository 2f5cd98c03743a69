/**
 * Frames of the common traffic, tells and asks with plain messages, their replies, and what durable actors acknowledge, written
 * byte by byte (the layout of values: wire/plain-tags.ts). Envelopes of another sort go into a batch (frame-writer.ts); the order
 * is kept, because a frame ends where the other sort begins.
 *
 *   mark, epoch, then entries:   MESSAGE  message to sender
 *                                ASK      message to sender process correlation deadline
 *                                STAMPED  message to sender process (correlation deadline)? delivery-id
 *                                REPLY    value correlation
 *                                CREDIT   count
 *                                HANDLED  by stream number
 * An id is 0 for none, 1 and a text at first sight, 2 + its number after that; so is a stream, in a row of its own. A delivery id is
 * stream, number, how far below it lie the one before and the lowest that is kept, flags, and the name of its turn if it has one.
 */
import { Buffer } from 'node:buffer';
import type { ActorId } from '../vocabulary/address.ts';
import { type DeliveryId, type Envelope, streamOwner } from '../vocabulary/envelope.ts';
import { ASK, CREDIT, HANDLED, HAS_TURN, IS_SUSPECT, MESSAGE, REPLY, STAMPED } from '../wire/entry.ts';
import { COMPACT, COMPACT_RESET, FRAME_HEAD_BYTES } from '../wire/link.ts';
import { COMPACT_BYTES_MAX } from '../wire/plain-tags.ts';
import { PlainWriter } from '../wire/plain-writer.ts';
import type { IdNumbers } from './link-ids.ts';
import type { SignalNote } from './outbound.ts';

/** Frames stand one behind the other in one piece of memory, which nobody writes to a second time. */
const SLAB_BYTES = 512 * 1024;
/**
 * Bytes that a link has written before it gets such memory of its own: of ten thousand clients most are silent. Until then its frames are written
 * into memory of all such links, and copied.
 */
export const QUIET_BYTES: number = 64 * 1024;
const NO_BYTES = Buffer.alloc(0);
/** That memory, for one frame of one of them at a time. */
const common: { bytes: Buffer; writer: CompactWriter | undefined } = { bytes: NO_BYTES, writer: undefined };
/** Characters of the name of a stream or a turn; an entry with a longer one goes into a batch. */
export const NAME_CHARACTERS_MAX = 1_024;
/** Three ids, two names, numbers and the kind, beside the message. */
const ENTRY_BYTES_MAX = 3 * (512 * 3 + 80) + 2 * NAME_CHARACTERS_MAX * 3 + 128;

export class CompactWriter {
  #plain = new PlainWriter(NO_BYTES);
  readonly #ids: IdNumbers;
  readonly #streams: IdNumbers;
  readonly #messageBytesMax: number;
  readonly #frameBytes: number;
  #start = 0;
  /** Bytes in frames that were copied. */
  #copied = 0;

  constructor(ids: IdNumbers, streams: IdNumbers, messageBytesMax: number, frameBytes: number) {
    this.#ids = ids;
    this.#streams = streams;
    this.#messageBytesMax = messageBytesMax;
    this.#frameBytes = frameBytes;
  }

  /** For a new link: the other end knows no shape. */
  reset(): void {
    if (this.#copied === 0 && this.#plain.bytes === NO_BYTES) return;
    this.#plain = new PlainWriter(NO_BYTES);
    this.#copied = 0;
  }

  begin(epoch: number, resetsIds: boolean): void {
    const plain = this.#plain;
    const room = this.#frameBytes + COMPACT_BYTES_MAX + ENTRY_BYTES_MAX + 32;
    if (plain.bytes.byteLength - plain.at < room) this.#makeRoom(room);
    this.#start = plain.at;
    plain.at += FRAME_HEAD_BYTES;
    plain.bytes[plain.at++] = resetsIds ? COMPACT_RESET : COMPACT;
    plain.varint(epoch);
  }

  #makeRoom(room: number): void {
    const plain = this.#plain;
    plain.at = 0;
    // Not in the middle of the frame of another link.
    if (this.#copied >= QUIET_BYTES || (common.writer ?? this) !== this) {
      plain.bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, room));
      return;
    }
    if (common.bytes.byteLength < room) common.bytes = Buffer.allocUnsafeSlow(room);
    common.writer = this;
    plain.bytes = common.bytes;
  }

  /** Takes no more once it is so large. */
  get isFull(): boolean {
    return this.#plain.at - this.#start >= this.#frameBytes;
  }

  /** False: it is of another sort, and nothing was written. */
  tell({ message, to, sender }: Envelope): boolean {
    if (!this.#value(MESSAGE, message)) return false;
    this.#id(to);
    this.#id(sender);
    return true;
  }

  ask({ message, to, sender, deadline }: Envelope, process: ActorId, correlation: number): boolean {
    if (!this.#value(ASK, message)) return false;
    this.#id(to);
    this.#id(sender);
    this.#id(process);
    this.#plain.varint(correlation);
    this.#plain.double(deadline);
    return true;
  }

  /** Of a message to a durable actor; without `process` nobody waits for its reply. */
  stamped(envelope: Envelope, deliveryId: DeliveryId, process: ActorId | undefined, correlation: number): boolean {
    if (!isCommon(deliveryId) || !this.#value(STAMPED, envelope.message)) return false;
    this.#id(envelope.to);
    this.#id(envelope.sender);
    this.#id(process);
    const plain = this.#plain;
    if (process !== undefined) {
      plain.varint(correlation);
      plain.double(envelope.deadline);
    }
    const { stream, number, previous, floor, turn, isSuspect } = deliveryId;
    this.#name(stream, this.#streams);
    plain.varint(number);
    plain.varint(previous === 0 ? 0 : number - previous);
    plain.varint(floor === 0 ? 0 : number - floor + 1);
    plain.varint((turn === undefined ? 0 : HAS_TURN) | (isSuspect ? IS_SUSPECT : 0));
    if (turn !== undefined) plain.text(turn);
    return true;
  }

  /** False also for a signal of another sort. */
  handled({ to, signal }: SignalNote): boolean {
    if (signal.type !== 'acknowledged') return false;
    const { by, stream, number } = signal;
    if (stream.length > NAME_CHARACTERS_MAX || to !== streamOwner({ stream })) return false;
    this.#plain.bytes[this.#plain.at++] = HANDLED;
    this.#id(by);
    this.#name(stream, this.#streams);
    this.#plain.varint(number);
    return true;
  }

  reply(correlation: number, value: unknown): boolean {
    if (!this.#value(REPLY, value)) return false;
    this.#plain.varint(correlation);
    return true;
  }

  credit(count: number): true {
    this.#plain.bytes[this.#plain.at++] = CREDIT;
    this.#plain.varint(count);
    return true;
  }

  /** The frame; it belongs to whoever takes it. */
  finish(): Uint8Array {
    const { bytes, at } = this.#plain;
    bytes.writeUInt32LE(at - this.#start - FRAME_HEAD_BYTES, this.#start);
    const frame = bytes.subarray(this.#start, at);
    if (common.writer !== this) return frame;
    this.#copied += frame.byteLength;
    this.#leaveCommon();
    return Buffer.from(frame);
  }

  /** Nothing has come of the frame that was begun. */
  drop(): undefined {
    this.#plain.at = this.#start;
    if (common.writer === this) this.#leaveCommon();
    return undefined;
  }

  #leaveCommon(): void {
    common.writer = undefined;
    this.#plain.bytes = NO_BYTES;
    this.#plain.at = 0;
  }

  #value(kind: number, value: unknown): boolean {
    const plain = this.#plain;
    const start = plain.at;
    plain.bytes[plain.at++] = kind;
    if (plain.tryValue(value, this.#messageBytesMax)) return true;
    plain.at = start;
    return false;
  }

  #id(id: ActorId | undefined): void {
    if (id === undefined) this.#plain.varint(0);
    else this.#name(id, this.#ids);
  }

  #name(name: string, numbers: IdNumbers): void {
    const plain = this.#plain;
    const number = numbers.numberOf(name);
    if (number !== undefined) return plain.varint(number + 2);
    plain.varint(1);
    plain.text(name);
  }
}

/** Its names are short, and the numbers that it tells of are not above its own. */
function isCommon({ stream, number, previous, floor, turn }: DeliveryId): boolean {
  if (stream.length > NAME_CHARACTERS_MAX || (turn !== undefined && turn.length > NAME_CHARACTERS_MAX)) return false;
  return floor <= number && (previous === 0 || previous < number);
}
