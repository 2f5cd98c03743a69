/** Cuts a stream of bytes into frames: each is its length (see link.ts) and then that many bytes. */
import { Buffer } from 'node:buffer';
import { FRAME_HEAD_BYTES } from './link.ts';

const NOTHING: Uint8Array = new Uint8Array(0);

export class FrameSplitter {
  /** May be raised between two frames. */
  frameBytesMax: number;
  /** The bytes that wait: whole frames only while paused, else the beginning of one. */
  private chunk: Uint8Array = NOTHING;
  private at = 0;
  /** A frame that began in an earlier chunk: its head, then its body, as far as they are here. */
  private readonly head: Uint8Array = new Uint8Array(FRAME_HEAD_BYTES);
  private headFilled = 0;
  private body: Uint8Array | undefined;
  private bodyFilled = 0;
  private running = false;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  /** True while bytes wait that a paused `onFrame` has not been given, or that are not a whole frame yet. */
  get unread(): boolean {
    return this.at < this.chunk.length || this.headFilled > 0;
  }

  /**
   * Gives each whole frame to `onFrame`: its bytes are valid only during the call. Where it says false the rest is kept,
   * and `resume` goes on with it. Returns false when paused: then push no more. Throws for a length out of bounds.
   */
  push(chunk: Uint8Array, onFrame: (bytes: Uint8Array) => boolean): boolean {
    if (this.at < this.chunk.length) throw new Error('a paused splitter takes no bytes; resume it first');
    this.chunk = chunk;
    this.at = 0;
    return this.resume(onFrame);
  }

  resume(onFrame: (bytes: Uint8Array) => boolean): boolean {
    // Called from within `onFrame`: the loop below already runs.
    if (this.running) return true;
    this.running = true;
    try {
      for (;;) {
        const frame = this.next();
        if (frame === undefined) break;
        if (!onFrame(frame)) return false;
      }
    } finally {
      this.running = false;
    }
    this.chunk = NOTHING;
    this.at = 0;
    return true;
  }

  /** Forgets what waits. */
  clear(): void {
    this.chunk = NOTHING;
    this.at = 0;
    this.headFilled = 0;
    this.body = undefined;
  }

  private next(): Uint8Array | undefined {
    const { chunk, at } = this;
    if (this.headFilled === 0 && chunk.length - at >= FRAME_HEAD_BYTES) {
      const length = this.lengthIn(chunk, at);
      const start = at + FRAME_HEAD_BYTES;
      if (chunk.length - start >= length) {
        this.at = start + length;
        return chunk.subarray(start, start + length);
      }
    }
    return this.assemble();
  }

  /** Copies what is here of a frame that the chunk cuts; the frame once it is whole. */
  private assemble(): Uint8Array | undefined {
    if (this.headFilled < FRAME_HEAD_BYTES) {
      this.headFilled += this.take(this.head, this.headFilled);
      if (this.headFilled < FRAME_HEAD_BYTES) return undefined;
      // A Buffer, as the chunks of a socket are: a reader that sees only one class of bytes is faster (S4).
      this.body = Buffer.allocUnsafeSlow(this.lengthIn(this.head, 0));
      this.bodyFilled = 0;
    }
    const body = this.body as Uint8Array;
    this.bodyFilled += this.take(body, this.bodyFilled);
    if (this.bodyFilled < body.length) return undefined;
    this.headFilled = 0;
    this.body = undefined;
    return body;
  }

  private take(target: Uint8Array, filled: number): number {
    const count = Math.min(target.length - filled, this.chunk.length - this.at);
    target.set(this.chunk.subarray(this.at, this.at + count), filled);
    this.at += count;
    return count;
  }

  private lengthIn(bytes: Uint8Array, at: number): number {
    // Four bytes little-endian; the last one is not shifted, since that could turn the number negative.
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    const length = low + (bytes[at + 3] as number) * 0x1000000;
    if (length === 0 || length > this.frameBytesMax) {
      throw new Error(`a frame has 1 to ${this.frameBytesMax} bytes; got ${length}`);
    }
    return length;
  }
}
