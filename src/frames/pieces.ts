/**
 * A large frame on its way in pieces, so that others can pass: it is nothing to the receiver before its last piece is there.
 *
 *   mark, bytes of the whole (4), bytes of the piece
 */
import { Buffer } from 'node:buffer';
import { FRAME_BYTES_MAX, FRAME_HEAD_BYTES, PIECE } from '../wire/link.ts';

/** Of one piece: what a small message may have to wait for, beside what the socket holds. */
export const PIECE_BYTES: number = 64 * 1024;
const PIECE_HEAD_BYTES = 5;

/** Of the writing end. */
export class PieceCutter {
  readonly #whole: Uint8Array;
  #at = FRAME_HEAD_BYTES;

  /** `whole`: a frame with its head. */
  constructor(whole: Uint8Array) {
    this.#whole = whole;
  }

  get isDone(): boolean {
    return this.#at === this.#whole.byteLength;
  }

  /** The next piece, a frame of its own with its head. */
  next(): Uint8Array {
    const end = Math.min(this.#whole.byteLength, this.#at + PIECE_BYTES);
    const length = PIECE_HEAD_BYTES + end - this.#at;
    const frame = Buffer.allocUnsafeSlow(FRAME_HEAD_BYTES + length);
    frame.writeUInt32LE(length, 0);
    frame[FRAME_HEAD_BYTES] = PIECE;
    frame.writeUInt32LE(this.#whole.byteLength - FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + 1);
    frame.set(this.#whole.subarray(this.#at, end), FRAME_HEAD_BYTES + PIECE_HEAD_BYTES);
    this.#at = end;
    return frame;
  }
}

/** Of the reading end. */
export class PieceJoiner {
  readonly #wholeBytesMax: number;
  #whole: Buffer | undefined;
  #filled = 0;

  constructor(wholeBytesMax: number = FRAME_BYTES_MAX) {
    this.#wholeBytesMax = wholeBytesMax;
  }

  /** Takes a piece; the whole frame, without its head, with the last one. Throws on one that makes no sense. */
  add(bytes: Uint8Array): Buffer | undefined {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const total = piece.byteLength > PIECE_HEAD_BYTES ? piece.readUInt32LE(1) : 0;
    const length = piece.byteLength - PIECE_HEAD_BYTES;
    if (total > this.#wholeBytesMax)
      throw new Error(`a frame in pieces has at most ${this.#wholeBytesMax} bytes; got ${total}`);
    this.#whole ??= Buffer.allocUnsafeSlow(total);
    const whole = this.#whole;
    if (length < 1 || total !== whole.byteLength || this.#filled + length > total) {
      throw new Error(`a piece fits into its frame of ${whole.byteLength} bytes; got ${length} of ${total}`);
    }
    whole.set(piece.subarray(PIECE_HEAD_BYTES), this.#filled);
    this.#filled += length;
    if (this.#filled < total) return undefined;
    this.#whole = undefined;
    this.#filled = 0;
    return whole;
  }
}
