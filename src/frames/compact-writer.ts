/**
 * Frames of the common traffic, tells and asks with plain messages and their replies, written byte by byte (the layout of
 * values: wire/plain-tags.ts). Envelopes of another sort go into a batch (frame-writer.ts); the order is kept, because a
 * frame ends where the other sort begins.
 *
 *   mark, epoch, then entries:   MESSAGE  message to sender
 *                                ASK      message to sender process correlation deadline
 *                                REPLY    value correlation
 *                                CREDIT   count
 * An id is 0 for none, 1 and a text at first sight, 2 + its number after that.
 */
import { Buffer } from 'node:buffer';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { ASK, CREDIT, MESSAGE, REPLY } from '../wire/entry.ts';
import { COMPACT, COMPACT_RESET, FRAME_HEAD_BYTES } from '../wire/link.ts';
import { COMPACT_BYTES_MAX } from '../wire/plain-tags.ts';
import { PlainWriter } from '../wire/plain-writer.ts';
import type { IdNumbers } from './link-ids.ts';

/** Frames stand one behind the other in one piece of memory, which nobody writes to a second time. */
const SLAB_BYTES = 512 * 1024;
/** Of a link on which nothing was written: of ten thousand clients most are silent. */
const NO_BYTES = Buffer.alloc(0);
/** Three ids, numbers and the kind, beside the message. */
const ENTRY_BYTES_MAX = 3 * (512 * 3 + 80) + 64;

export class CompactWriter {
  #plain = new PlainWriter(NO_BYTES);
  readonly #ids: IdNumbers;
  readonly #messageBytesMax: number;
  readonly #frameBytes: number;
  #start = 0;

  constructor(ids: IdNumbers, messageBytesMax: number, frameBytes: number) {
    this.#ids = ids;
    this.#messageBytesMax = messageBytesMax;
    this.#frameBytes = frameBytes;
  }

  /** For a new link: the other end knows no shape. */
  reset(): void {
    this.#plain = new PlainWriter(NO_BYTES);
  }

  begin(epoch: number, resetsIds: boolean): void {
    const plain = this.#plain;
    const room = this.#frameBytes + COMPACT_BYTES_MAX + ENTRY_BYTES_MAX + 32;
    if (plain.bytes.byteLength - plain.at < room) {
      // The first frame of a link is often the only one, that of a client say: it gets no more than it may need.
      plain.bytes = Buffer.allocUnsafeSlow(plain.bytes === NO_BYTES ? room : Math.max(SLAB_BYTES, room));
      plain.at = 0;
    }
    this.#start = plain.at;
    plain.at += FRAME_HEAD_BYTES;
    plain.bytes[plain.at++] = resetsIds ? COMPACT_RESET : COMPACT;
    plain.varint(epoch);
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
    return bytes.subarray(this.#start, at);
  }

  /** Nothing has come of the frame that was begun. */
  drop(): undefined {
    this.#plain.at = this.#start;
    return undefined;
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
    const plain = this.#plain;
    if (id === undefined) return plain.varint(0);
    const number = this.#ids.numberOf(id);
    if (number !== undefined) return plain.varint(number + 2);
    plain.varint(1);
    plain.text(id);
  }
}
