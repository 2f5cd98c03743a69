/** One direction of a link in memory: frames that arrive in order, each as late as the network wants, then perhaps the end. */
import type { Clock } from '../vocabulary/clock.ts';

export interface MemoryPipeReader {
  /** False: pause until `resume`. */
  frame(bytes: Uint8Array): boolean;
  end(): void;
}

export class MemoryPipe {
  private readonly clock: Clock;
  private readonly delayMs: () => number;
  private readonly blockedFrames: number;
  private reader: MemoryPipeReader | undefined;
  private drained: (() => void) | undefined;
  private queue: Uint8Array[] = [];
  private written = 0;
  /** Of the written ones, those that had no room and never will. */
  private refused = 0;
  /** How many of the queue, and the end behind it, the reader may have by now: a count, so that nothing overtakes. */
  private arrived = 0;
  private ended = false;
  private paused = true;
  private stalled = false;
  private over = false;
  private full = false;

  constructor(clock: Clock, delayMs: () => number, blockedFrames: number) {
    this.clock = clock;
    this.delayMs = delayMs;
    this.blockedFrames = blockedFrames;
  }

  join(reader: MemoryPipeReader): void {
    this.reader = reader;
  }

  onDrain(drained: () => void): void {
    this.drained = drained;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** Frames that have not been read. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Those of them that the network had no room for yet. */
  get unwritten(): number {
    return Math.max(0, this.queue.length - this.blockedFrames);
  }

  /** Frames that left the writer's process. */
  get flushed(): number {
    return this.written - this.refused - this.unwritten;
  }

  /** False: too many frames are in flight, or nobody reads them any more. */
  write(bytes: Uint8Array): boolean {
    if (this.ended || this.over) return false;
    this.queue.push(bytes);
    this.written++;
    this.send();
    if (this.queue.length > this.blockedFrames) this.full = true;
    return !this.full;
  }

  /** Nothing comes behind what is written by now, less the last `lost` frames of it. */
  end(lost: number): void {
    if (lost > 0) {
      this.refused += Math.min(lost, this.unwritten);
      const endArrived = this.ended && this.arrived > this.queue.length;
      this.queue.length = Math.max(0, this.queue.length - lost);
      // An end that is here already stays: who closed a link and dies then has ended it all the same.
      this.arrived = Math.min(this.arrived, this.queue.length) + (endArrived ? 1 : 0);
    }
    if (this.ended) return;
    this.ended = true;
    this.send();
  }

  /** The reader is gone, or wants no more. */
  discard(): void {
    this.over = true;
    this.refused += this.unwritten;
    this.queue = [];
  }

  resume(): void {
    this.paused = false;
    this.clock.defer(() => this.pump());
  }

  stall(stalled: boolean): void {
    if (this.stalled === stalled) return;
    this.stalled = stalled;
    if (!stalled) this.clock.defer(() => this.pump());
  }

  private send(): void {
    const arrive = (): void => {
      this.arrived++;
      this.pump();
    };
    const delay = this.delayMs();
    if (delay > 0) this.clock.setTimer(delay, arrive);
    else this.clock.defer(arrive);
  }

  private pump(): void {
    while (!this.over && !this.paused && !this.stalled && this.arrived > 0) {
      const frame = this.queue.shift();
      if (frame === undefined) {
        if (!this.ended) return;
        this.over = true;
        this.reader?.end();
        return;
      }
      this.arrived--;
      if (this.reader?.frame(frame) === false) this.paused = true;
      this.relieve();
    }
  }

  private relieve(): void {
    if (!this.full || this.ended || this.over || this.queue.length > this.blockedFrames >> 1) return;
    this.full = false;
    this.drained?.();
  }
}
