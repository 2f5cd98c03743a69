/** The greeting of a connection: its first frame, before anybody is trusted, within a time and a size. */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { FrameSplitter } from './frame.ts';

export interface FirstFrame {
  readonly bytes: Uint8Array;
  /** With what came behind it. */
  readonly splitter: FrameSplitter;
}

/** Nothing came within the time. */
export class SilenceError extends Error {}

/** It was closed, and nothing had come: somebody looked whether anybody listens. */
export class LookError extends Error {}

/** The socket is paused once it is here; where it does not come, the socket is destroyed. */
export function firstFrame(socket: Socket, clock: Clock, withinMs: number, bytesMax: number): Promise<FirstFrame> {
  const splitter = new FrameSplitter(bytesMax);
  return new Promise((resolve, reject) => {
    const timer: Timer = clock.setTimer(withinMs, () => fail(new SilenceError(`silence for ${withinMs} ms`)));
    const stop = (): void => {
      timer.cancel();
      socket.pause();
      socket.off('data', read).off('error', fail).off('close', end);
    };
    const fail = (error: Error): void => {
      stop();
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const end = (): void => {
      const text = 'a closed connection instead of a handshake';
      fail(socket.bytesRead === 0 ? new LookError(text) : new Error(text));
    };
    const read = (chunk: Uint8Array): void => {
      try {
        splitter.push(chunk, (bytes) => {
          stop();
          // Errors of the socket are unheard for a moment, until the link or the refusal takes over.
          socket.on('error', () => {});
          resolve({ bytes: Buffer.from(bytes), splitter });
          return false;
        });
      } catch (error) {
        fail(error as Error);
      }
    };
    socket.on('data', read).on('error', fail).on('close', end);
    socket.resume();
  });
}
