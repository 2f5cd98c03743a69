/**
 * Makes a socket of Node.js one that is read to its end. Left alone it is destroyed, with everything unread in it, by the
 * first write to a process that is gone, and by the reset that it reads ahead of time while it is paused.
 */
import type { Socket } from 'node:net';

export class SocketGate {
  private readonly socket: Socket;
  private readonly read: Socket['_read'];
  private held = true;
  /** Writes that the kernel has taken in full; everything written before the gate was there is not counted. */
  flushed = 0;
  /** Writes that it was given, in full or not. */
  private begun = 0;
  private isOver = false;

  /** Holds. `onBroken` is called, perhaps more than once, when a write has failed; what was written then is lost. */
  constructor(socket: Socket, onBroken: () => void) {
    this.socket = socket;
    this.read = socket._read;
    socket.pause();
    // A paused socket would go on reading into its own buffer, and meet the reset before anybody has taken the buffer.
    socket._read = (size) => {
      if (!this.held) this.read.call(socket, size);
    };
    const push = socket.push;
    socket.push = (chunk, encoding) => push.call(socket, chunk, encoding) && !this.held;
    this.hearWrites(onBroken);
  }

  hold(): void {
    this.held = true;
    this.socket.pause();
  }

  release(): void {
    if (!this.held) return;
    this.held = false;
    if (this.socket.destroyed) return;
    this.socket.resume();
    // While held the stream took its request for granted, and will not repeat it.
    this.read.call(this.socket, 0);
  }

  /** Nothing is written any more, and all that was begun counts as flushed: a process that goes on may have read it. */
  countBegun(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.flushed = this.begun;
  }

  /** To the stream no write ever fails. */
  private hearWrites(onBroken: () => void): void {
    const { socket } = this;
    const write = socket._write;
    const writev = socket._writev;
    const heed =
      (writes: number, done: () => void) =>
      (error?: Error | null): void => {
        if (error) onBroken();
        else if (!this.isOver) this.flushed += writes;
        done();
      };
    const isTaken = (writes: number, done: () => void): boolean => {
      if (!this.isOver) this.begun += writes;
      else done();
      return !this.isOver;
    };
    socket._write = (chunk, encoding, done) => {
      if (isTaken(1, done)) write.call(socket, chunk, encoding, heed(1, done));
    };
    if (!writev) return;
    socket._writev = (chunks, done) => {
      if (isTaken(chunks.length, done)) writev.call(socket, chunks, heed(chunks.length, done));
    };
  }
}
