/** Writes numbers, texts and bytes one behind the other into memory that grows, with room in front for a frame's head. */
import { Buffer } from 'node:buffer';

/** Bytes that a writer begins with; later as many as it needed before. */
const FIRST_BYTES = 4_096;
/** Most that is set aside before it is needed. */
const BEFOREHAND_BYTES_MAX = 1024 * 1024;
/** Texts up to so many characters are quicker copied here than by a call into native code. */
const SHORT = 48;

export class ByteWriter {
  readonly #front: number;
  #bytes: Buffer | undefined;
  #at: number;
  #size = FIRST_BYTES;

  /** `front`: bytes that are left free at the beginning. */
  constructor(front: number) {
    this.#front = front;
    this.#at = front;
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#at - this.#front;
  }

  byte(value: number): void {
    const bytes = this.#room(1);
    bytes[this.#at++] = value;
  }

  /** A whole number from 0 to 2^32 - 1. */
  count(value: number): void {
    this.#at = this.#room(4).writeUInt32LE(value, this.#at);
  }

  /** Any number. */
  number(value: number): void {
    this.#at = this.#room(8).writeDoubleLE(value, this.#at);
  }

  text(text: string): void {
    const { length } = text;
    const bytes = this.#room(4 + length * 3);
    const start = this.#at + 4;
    const size = writeText(bytes, text, start);
    bytes.writeUInt32LE(size, this.#at);
    this.#at = start + size;
  }

  bytes(data: Uint8Array): void {
    const size = data.byteLength;
    const bytes = this.#room(4 + size);
    let at = bytes.writeUInt32LE(size, this.#at);
    if (size > SHORT) bytes.set(data, at);
    else for (let i = 0; i < size; i++) bytes[at + i] = data[i] as number;
    at += size;
    this.#at = at;
  }

  /** Bytes as they are, without their size. */
  raw(data: Uint8Array): void {
    this.#room(data.byteLength).set(data, this.#at);
    this.#at += data.byteLength;
  }

  /** All that was written, behind the free bytes. It belongs to the caller. */
  take(): Buffer {
    const taken = (this.#bytes ?? Buffer.allocUnsafeSlow(this.#front)).subarray(0, this.#at);
    this.#size = Math.max(FIRST_BYTES, Math.min(BEFOREHAND_BYTES_MAX, Math.ceil(taken.length * 1.25)));
    this.#bytes = undefined;
    this.#at = this.#front;
    return taken;
  }

  #room(size: number): Buffer {
    const bytes = (this.#bytes ??= Buffer.allocUnsafeSlow(Math.max(this.#size, this.#at + size)));
    if (bytes.length - this.#at >= size) return bytes;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, this.#at + size));
    bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
    return larger;
  }
}

function writeText(bytes: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > SHORT) return bytes.write(text, at);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return bytes.write(text, at);
    bytes[at + i] = code;
  }
  return length;
}
