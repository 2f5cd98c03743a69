/** Reads what a ByteWriter wrote. Throws for bytes that end too early. */
import type { Buffer } from 'node:buffer';
import { AS_COUNT } from './byte-writer.ts';
import { knownText } from '../store/known-texts.ts';

export class ByteReader {
  private readonly memory: Buffer;
  private at: number;

  /** The bytes are not copied: what `bytes()` returns lies in them. */
  constructor(memory: Buffer, at = 0) {
    this.memory = memory;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.memory.length;
  }

  byte(): number {
    return this.memory[this.take(1)] as number;
  }

  count(): number {
    const { memory } = this;
    const at = this.take(4);
    const low = (memory[at] as number) | ((memory[at + 1] as number) << 8) | ((memory[at + 2] as number) << 16);
    return low + (memory[at + 3] as number) * 0x1000000;
  }

  number(): number {
    return this.byte() === AS_COUNT ? this.count() : this.memory.readDoubleLE(this.take(8));
  }

  text(): string {
    const { memory } = this;
    const at = this.take(2);
    const size = (memory[at] as number) | ((memory[at + 1] as number) << 8);
    return knownText(memory, this.take(size), size);
  }

  bytes(): Uint8Array {
    const size = this.count();
    const start = this.take(size);
    return new Uint8Array(this.memory.buffer, this.memory.byteOffset + start, size);
  }

  /** As `bytes`. */
  buffer(): Buffer {
    const size = this.count();
    const start = this.take(size);
    return this.memory.subarray(start, start + size);
  }

  private take(size: number): number {
    const start = this.at;
    this.at = start + size;
    if (this.at > this.memory.length) throw new Error(`expected ${size} bytes; got ${this.memory.length - start}`);
    return start;
  }
}
