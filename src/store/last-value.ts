/**
 * The value of a record (its head, and the small parts that lie with it) as a process last read or wrote it. With it a change is put together
 * where it was made: the owner of the store has to check the version, and to write. A record changes by its version only, and each read begins
 * anew, so what is remembered of another version is of no use, and does no harm.
 */
import { Buffer } from 'node:buffer';

const NOTHING: Buffer = Buffer.alloc(0);
/** Bytes are taken in portions of so many: most values grow by a few. */
const PORTION = 64;
/** No version is this one. */
const NONE = -1;

export class LastValue {
  #version = NONE;
  #bytes: Buffer = NOTHING;
  #size = 0;

  /** Undefined: the value of that version is not known. Good until the next one is taken. */
  of(version: number): { readonly bytes: Buffer; readonly size: number } | undefined {
    return version === this.#version ? { bytes: this.#bytes, size: this.#size } : undefined;
  }

  /** Copies it. */
  is(version: number, value: Uint8Array): void {
    const size = value.byteLength;
    // Memory of its own: a slice of a larger one would keep that.
    if (this.#bytes.length < size) this.#bytes = Buffer.allocUnsafeSlow(Math.ceil(size / PORTION) * PORTION);
    this.#bytes.set(value);
    this.#size = size;
    this.#version = version;
  }

  forget(): void {
    this.#version = NONE;
  }
}
