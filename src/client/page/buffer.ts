/** `node:buffer` in a page: as much of it as the codec uses. */

const encoder = new TextEncoder();
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
/** Characters that one call of `fromCharCode` takes. */
const CHARACTERS_MAX = 8_192;

/** Without its static side: `from` takes what that of Node.js takes. */
const Bytes: new (source: number | ArrayBuffer, at?: number, length?: number) => Uint8Array<ArrayBuffer> = Uint8Array;

export class Buffer extends Bytes {
  static from(value: ArrayLike<number> | ArrayBufferLike | string, at?: unknown, length?: number): Buffer {
    if (typeof value === 'string') return viewOf(encoder.encode(value));
    if (value instanceof ArrayBuffer) return new Buffer(value, at as number | undefined, length);
    const bytes = new Buffer((value as ArrayLike<number>).length);
    bytes.set(value as ArrayLike<number>);
    return bytes;
  }

  static of(...bytes: number[]): Buffer {
    return Buffer.from(bytes);
  }

  static alloc(length: number): Buffer {
    return new Buffer(length);
  }

  static allocUnsafe(length: number): Buffer {
    return new Buffer(length);
  }

  static allocUnsafeSlow(length: number): Buffer {
    return new Buffer(length);
  }

  static concat(all: readonly Uint8Array[]): Buffer {
    const whole = new Buffer(all.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const bytes of all) {
      whole.set(bytes, at);
      at += bytes.byteLength;
    }
    return whole;
  }

  static isBuffer(value: unknown): boolean {
    return value instanceof Buffer;
  }

  static byteLength(text: string): number {
    return encoder.encode(text).byteLength;
  }

  /** UTF-8. Returns the bytes that it took. */
  write(text: string, at = 0): number {
    return encoder.encodeInto(text, this.subarray(at)).written;
  }

  override toString(encoding: string = 'utf8', from = 0, to: number = this.byteLength): string {
    const bytes = this.subarray(from, to);
    if (encoding === 'utf8' || encoding === 'utf-8') return utf8.decode(bytes);
    let text = '';
    for (let at = 0; at < bytes.length; at += CHARACTERS_MAX)
      text += String.fromCharCode(...bytes.subarray(at, at + CHARACTERS_MAX));
    return encoding === 'base64url' ? btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') : text;
  }

  readUInt32LE(at = 0): number {
    return new DataView(this.buffer, this.byteOffset, this.byteLength).getUint32(at, true);
  }

  writeUInt32LE(value: number, at = 0): number {
    new DataView(this.buffer, this.byteOffset, this.byteLength).setUint32(at, value, true);
    return at + 4;
  }
}

// For a page these are bytes as any others: for the codec, in what its slices are, and for programs that see them.
Object.defineProperty(Buffer.prototype, 'constructor', { value: Uint8Array });

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return new Buffer(buffer as ArrayBuffer, byteOffset, byteLength);
}
