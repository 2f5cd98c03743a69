/** Reads what a ByteWriter wrote. Throws for bytes that end too early. */
import type { Buffer } from 'node:buffer';

export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  /** The bytes are not copied: what `bytes()` returns lies in them. */
  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  count(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  number(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  text(): string {
    const size = this.count();
    const start = this.#take(size);
    return this.#bytes.toString('utf8', start, start + size);
  }

  bytes(): Uint8Array {
    const size = this.count();
    const start = this.#take(size);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, size);
  }

  #take(size: number): number {
    const start = this.#at;
    this.#at = start + size;
    if (this.#at > this.#bytes.length) throw new Error(`expected ${size} bytes; got ${this.#bytes.length - start}`);
    return start;
  }
}
