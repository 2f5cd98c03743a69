/** One end of a link in memory: it writes into one pipe and reads from another. */
import type { Clock } from '../vocabulary/clock.ts';
import { FRAME_HEAD_BYTES, type Link, type LinkListener, type LinkPeer } from '../wire/link.ts';
import type { MemoryPipe } from './memory-pipe.ts';

export class MemoryLink implements Link {
  readonly peer: LinkPeer;
  blocked = false;
  /** The owner was told the end, or died. */
  over = false;
  private readonly out: MemoryPipe;
  private readonly incoming: MemoryPipe;
  private readonly clock: Clock;
  private readonly frameBytesMax: number;
  private to: LinkListener | undefined;
  private closing = false;
  private ended = false;
  private error: Error | undefined;

  constructor(peer: LinkPeer, out: MemoryPipe, incoming: MemoryPipe, clock: Clock, frameBytesMax: number) {
    this.peer = peer;
    this.out = out;
    this.incoming = incoming;
    this.clock = clock;
    this.frameBytesMax = frameBytesMax;
    incoming.join({ frame: (bytes) => this.read(bytes), end: () => this.end() });
    out.onDrain(() => this.drained());
  }

  get flushed(): number {
    return this.out.flushed;
  }

  get listener(): LinkListener {
    if (this.to === undefined) throw new Error('a link has no listener before its owner sets one');
    return this.to;
  }

  set listener(listener: LinkListener) {
    const first = this.to === undefined;
    this.to = listener;
    if (!first) return;
    if (this.ended) this.clock.defer(() => this.tellEnd());
    else this.incoming.resume();
  }

  write(bytes: Uint8Array): boolean {
    if (this.closing || this.ended) return false;
    // A copy, since at the other end of a real link nobody sees the writer's memory.
    if (!this.out.write(bytes.slice(FRAME_HEAD_BYTES))) this.blocked = true;
    return !this.blocked;
  }

  resume(): void {
    if (this.to !== undefined) this.incoming.resume();
  }

  close(): void {
    this.closing = true;
    this.blocked = true;
    this.out.end(0);
  }

  destroy(error?: Error): void {
    if (this.ended) return;
    this.error = error;
    this.blocked = true;
    this.out.end(this.out.unwritten);
    this.incoming.discard();
    this.ended = true;
    this.clock.defer(() => this.tellEnd());
  }

  /** The process of this end dies: of what it wrote, the last `lost` unread frames never arrive. It hears nothing more. */
  die(lost: number): void {
    this.over = true;
    this.ended = true;
    this.out.end(Math.max(lost, this.out.unwritten));
    this.incoming.discard();
  }

  /** Its owner wants no frames for now. */
  get isPaused(): boolean {
    return this.to !== undefined && this.incoming.isPaused;
  }

  /** Frames of this end that the other one has not read. */
  get unread(): number {
    return this.out.waiting;
  }

  set stalled(stalled: boolean) {
    this.out.stall(stalled);
  }

  private read(bytes: Uint8Array): boolean {
    if (this.ended || this.to === undefined) return false;
    if (bytes.byteLength === 0 || bytes.byteLength > this.frameBytesMax) {
      this.destroy(new Error(`a frame has 1 to ${this.frameBytesMax} bytes; got ${bytes.byteLength}`));
      return false;
    }
    return this.to.onFrame(bytes);
  }

  private drained(): void {
    if (this.closing || this.ended) return;
    this.blocked = false;
    this.to?.onDrain();
  }

  /** All is read. As with a socket, the other direction ends too, behind what is written by now and had room. */
  private end(): void {
    this.ended = true;
    this.out.end(this.out.unwritten);
    this.tellEnd();
  }

  private tellEnd(): void {
    if (this.over || this.to === undefined) return;
    this.over = true;
    this.blocked = true;
    this.to.onEnd(this.error);
  }
}
