/**
 * Writes numbers, texts and bytes one behind the other into memory that grows, with room in front for a frame's head.
 * Byte by byte: a call into native code, or a private field, costs more than what it would write (D1 with workers).
 */
import { Buffer } from 'node:buffer';

/** Bytes that a writer begins with, out of the pool of Node.js; later as many as it needed before. */
const FIRST_BYTES = 1_024;
/** Most that is set aside before it is needed. */
const BEFOREHAND_BYTES_MAX = 1024 * 1024;
/** Texts and bytes up to so many are quicker copied here. */
const SHORT = 48;
/** The largest length that a text can have. */
export const TEXT_BYTES_MAX = 0xffff;
const NOTHING: Buffer = Buffer.alloc(0);
/** In front of a number: what it is written as. */
export const AS_COUNT = 0;
export const AS_DOUBLE = 1;

export class ByteWriter {
  private readonly front: number;
  private memory: Buffer = NOTHING;
  private at: number;
  private size = FIRST_BYTES;

  /** `front`: bytes that are left free at the beginning. */
  constructor(front: number) {
    this.front = front;
    this.at = front;
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.at - this.front;
  }

  byte(value: number): void {
    this.reserve(1)[this.at++] = value;
  }

  /** A whole number from 0 to 2^32 - 1. */
  count(value: number): void {
    const memory = this.reserve(4);
    const { at } = this;
    memory[at] = value;
    memory[at + 1] = value >>> 8;
    memory[at + 2] = value >>> 16;
    memory[at + 3] = value >>> 24;
    this.at = at + 4;
  }

  /** Any number. */
  number(value: number): void {
    if (value >>> 0 === value) {
      this.byte(AS_COUNT);
      return this.count(value);
    }
    this.byte(AS_DOUBLE);
    this.at = this.reserve(8).writeDoubleLE(value, this.at);
  }

  /** Of at most `TEXT_BYTES_MAX` bytes of UTF-8. */
  text(text: string): void {
    const start = this.at + 2;
    const memory = this.reserve(2 + text.length * 3);
    const size = writeText(memory, text, start);
    if (size > TEXT_BYTES_MAX) throw new RangeError(`a text has at most ${TEXT_BYTES_MAX} bytes; got ${size}`);
    memory[this.at] = size;
    memory[this.at + 1] = size >>> 8;
    this.at = start + size;
  }

  /** A small part as it is to lie in a value: both lengths, its name and its bytes. */
  entry(name: string, data: Uint8Array): void {
    const start = this.at + 4;
    const memory = this.reserve(4 + name.length * 3 + data.byteLength);
    const nameBytes = writeText(memory, name, start);
    const size = data.byteLength;
    const { at } = this;
    memory[at] = nameBytes;
    memory[at + 1] = nameBytes >>> 8;
    memory[at + 2] = size;
    memory[at + 3] = size >>> 8;
    this.at = start + nameBytes;
    this.raw(data);
  }

  /** Leaves room for a count that is told by `endCount`, and says where. */
  beginCount(): number {
    this.count(0);
    return this.length;
  }

  /** The bytes that were written since. */
  endCount(begun: number): void {
    const end = this.at;
    this.at = this.front + begun - 4;
    this.count(end - this.at - 4);
    this.at = end;
  }

  bytes(data: Uint8Array): void {
    this.count(data.byteLength);
    this.raw(data);
  }

  /** Bytes as they are, without their size. */
  raw(data: Uint8Array): void {
    const size = data.byteLength;
    const memory = this.reserve(size);
    const { at } = this;
    if (size > SHORT) memory.set(data, at);
    else for (let i = 0; i < size; i++) memory[at + i] = data[i] as number;
    this.at = at + size;
  }

  /** All that was written, behind the free bytes. It belongs to the caller. */
  take(): Buffer {
    const taken = this.reserve(0).subarray(0, this.at);
    this.size = Math.max(FIRST_BYTES, Math.min(BEFOREHAND_BYTES_MAX, Math.ceil(taken.length * 1.25)));
    this.memory = NOTHING;
    this.at = this.front;
    return taken;
  }

  private reserve(size: number): Buffer {
    const { memory, at } = this;
    return memory.length - at >= size && memory.length > 0 ? memory : this.grow(size);
  }

  private grow(size: number): Buffer {
    const { memory, at } = this;
    const larger = Buffer.allocUnsafe(Math.max(this.size, memory.length * 2, at + size));
    memory.copy(larger, 0, 0, at);
    this.memory = larger;
    return larger;
  }
}

/** Into memory that is large enough. Returns its bytes. */
function writeText(memory: Buffer, text: string, start: number): number {
  const { length } = text;
  if (length > SHORT) return memory.write(text, start);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return memory.write(text, start);
    memory[start + i] = code;
  }
  return length;
}
