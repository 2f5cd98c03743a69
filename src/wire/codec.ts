/**
 * Values to bytes and back; the only file that knows msgpackr. One encoder and one decoder per direction of a link:
 * both remember the shapes of objects seen before, so frames must be decoded all, once, and in order.
 */
import { Buffer } from 'node:buffer';
import { Packr, RESERVE_START_SPACE, Unpackr } from 'msgpackr';
import type { ActorId } from '../vocabulary/address.ts';
import { asError, TroupeError, wordsOf } from '../vocabulary/errors.ts';
import { inspectPlain } from '../plain-data/plain-data.ts';
import { type CloneParts, deserializeClone, serializeClone } from '../plain-data/clone-bytes.ts';
import { FRAME_HEAD_BYTES } from './link.ts';

/** Behind the length of a frame: 1 where the encoder begins anew, and so must the decoder; else 0. */
const MARK_BYTES = 1;
/** One shape per record id; more shapes recycle them. Up to 64 of them take one byte each. */
const SHAPES_MAX = 64;
/** msgpackr's buffer grows with the largest frame and would stay like that. */
const KEPT_BUFFER_BYTES_MAX = 1024 * 1024;
const FRESH_BUFFER_BYTES = 64 * 1024;

/** Both ends must agree. Maps are cloned (see `toWire`), so a map on the wire is an object. */
const OPTIONS = { moreTypes: true, useToJSON: false, mapsAsObjects: true, copyBuffers: true };
const RECORD_OPTIONS = { ...OPTIONS, useRecords: true, sequential: true, maxOwnStructures: SHAPES_MAX };

export class FrameEncoder {
  /** Made for the first batch: many links carry compact frames alone, or nothing. */
  private packr: Packr | undefined;
  private fresh = true;

  /**
   * Packs a flat batch into one frame that `Link.write` may keep: its head is filled in, nobody writes to it again.
   * Throws `MESSAGE_TOO_LARGE` for a frame that the other end would not take.
   */
  encode(batch: readonly unknown[], frameBytesMax: number = Number.POSITIVE_INFINITY): Uint8Array {
    this.packr ??= new Packr({ ...RECORD_OPTIONS });
    let bytes: Uint8Array;
    try {
      bytes = this.packr.pack(batch, RESERVE_START_SPACE | (FRAME_HEAD_BYTES + MARK_BYTES));
      checkFrame(bytes.byteLength - FRAME_HEAD_BYTES, frameBytesMax);
    } catch (error) {
      // Shapes of the lost frame count as known here, while the decoder never heard of them.
      this.packr = undefined;
      this.fresh = true;
      throw error;
    }
    writeLength(bytes, bytes.byteLength - FRAME_HEAD_BYTES);
    bytes[FRAME_HEAD_BYTES] = this.fresh ? 1 : 0;
    this.fresh = false;
    giveBackBuffer(this.packr, bytes);
    return bytes;
  }
}

export class FrameDecoder {
  private unpackr: Unpackr | undefined;

  /** Takes a frame without its length apart. Nothing in the result refers to `bytes`. Throws on garbage. */
  decode(bytes: Uint8Array): unknown[] {
    const mark = bytes[0];
    if (mark === 1) this.unpackr = new Unpackr({ ...RECORD_OPTIONS });
    else if (mark !== 0) throw new Error(`a frame begins with 0 or 1; got ${mark}`);
    this.unpackr ??= new Unpackr({ ...RECORD_OPTIONS });
    const batch: unknown = this.unpackr.unpack(bytes, { start: MARK_BYTES, end: bytes.byteLength });
    if (!Array.isArray(batch)) throw new Error(`a frame holds an array; got ${typeof batch}`);
    return batch;
  }
}

/** An upper bound of what a batch will take when it is encoded, added up value by value. */
export interface FrameWeight {
  bytesMax: number;
}

/**
 * The form of a message or reply in a batch: the value itself where the codec keeps it exactly, else the bytes of
 * its clone. Throws `INVALID_MESSAGE` naming the path that is not plain data, and `MESSAGE_TOO_LARGE`.
 */
export function toWire(value: unknown, bytesMax: number = Number.POSITIVE_INFINITY, frame?: FrameWeight): unknown {
  const report = inspectPlain(value);
  if (report.fault !== undefined) throw notPlain(report.fault.path, report.fault.got);
  if (frame !== undefined) frame.bytesMax += report.bytesMax;
  if (report.simple && !(value instanceof Uint8Array)) {
    if (report.bytesMax > bytesMax) checkSize(simpleSize(value), bytesMax);
    return value;
  }
  // Bytes in a batch always mean a clone, so bytes that are a whole message are cloned as well.
  const bytes = cloneBytes(value, report);
  checkSize(bytes.byteLength, bytesMax);
  return bytes;
}

/** Undoes `toWire`. `toRef` makes the refs of this process; without it a ref comes out as `{ id }`. */
export function fromWire(value: unknown, toRef?: (id: ActorId) => unknown): unknown {
  return value instanceof Uint8Array ? deserializeClone(value, toRef) : value;
}

/** A value on its own, as it is stored. Throws as `toWire` does. */
export function encodeValue(value: unknown, bytesMax: number = Number.POSITIVE_INFINITY): Uint8Array {
  return packAlone(toWire(value, bytesMax));
}

/** Undoes `encodeValue`. Throws on garbage. */
export function decodeValue(bytes: Uint8Array, toRef?: (id: ActorId) => unknown): unknown {
  return fromWire(sizer.unpack(bytes), toRef);
}

const sizer: Packr = new Packr({ ...OPTIONS, useRecords: false, variableMapSize: true });

/** The bytes of a plain value on its own. It encodes the value to know, so ask only when `bytesMax` of its report is not enough. */
export function encodedSize(value: unknown): number {
  const wire = toWire(value);
  return wire instanceof Uint8Array ? wire.byteLength : simpleSize(wire);
}

function simpleSize(value: unknown): number {
  return packAlone(value).byteLength;
}

/** A value that looked plain may still fail to pack: bytes that were given away, a getter that gives something else each time. */
function packAlone(value: unknown): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = sizer.pack(value);
  } catch (error) {
    throw notPlain('message', wordsOf(asError(error)));
  }
  giveBackBuffer(sizer, bytes);
  return bytes;
}

function cloneBytes(value: unknown, parts: CloneParts): Uint8Array {
  try {
    return serializeClone(value, parts);
  } catch (error) {
    throw notPlain('message', wordsOf(asError(error)));
  }
}

function notPlain(path: string, got: string): TroupeError {
  return new TroupeError(
    'INVALID_MESSAGE',
    `a message is plain data, which structured clone keeps; got at ${path}: ${got}`,
  );
}

function checkSize(bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  throw new TroupeError(
    'MESSAGE_TOO_LARGE',
    `an encoded message has at most ${bytesMax} bytes (messageBytesMax); got ${bytes}`,
  );
}

function checkFrame(bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  throw new TroupeError('MESSAGE_TOO_LARGE', `a frame has at most ${bytesMax} bytes; got ${bytes}`);
}

/** By hand: in a page these bytes are no Buffer. */
function writeLength(bytes: Uint8Array, length: number): void {
  bytes[0] = length & 0xff;
  bytes[1] = (length >>> 8) & 0xff;
  bytes[2] = (length >>> 16) & 0xff;
  bytes[3] = length >>> 24;
}

/** All instances of msgpackr write into one buffer of the process, one behind the other. */
function giveBackBuffer(packr: Packr, written: Uint8Array): void {
  if (written.buffer.byteLength <= KEPT_BUFFER_BYTES_MAX) return;
  packr.useBuffer(Buffer.allocUnsafeSlow(FRESH_BUFFER_BYTES));
}
