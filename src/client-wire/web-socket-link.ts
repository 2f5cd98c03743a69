/**
 * A link over a WebSocket, at either end: the bytes of its messages are the stream that a socket would carry. A page cannot pause
 * what comes to it, so what is not taken at once waits here.
 */
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { FrameSplitter } from '../wire/frame.ts';
import type { Link, LinkListener, LinkPeer } from '../wire/link.ts';

/** Bytes that wait in the WebSocket before `write` says false. */
const UNWRITTEN_BYTES = 256 * 1024;
/** Bytes of one message; a larger frame takes several, so that nobody who is not known yet can send a large one. */
export const WEB_SOCKET_MESSAGE_BYTES_MAX: number = 64 * 1024;
/** Milliseconds between two looks whether they have left. */
const DRAIN_LOOK_MS = 10;

/** The part of a WebSocket that a link needs: of the one in a page, and of the package `ws`. */
export interface WebSocketPort {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(bytes: Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close' | 'error', listener: () => void): void;
  /** Only `ws` has these. */
  terminate?(): void;
  pause?(): void;
  resume?(): void;
}

const OPEN = 1;

export class WebSocketLink implements Link {
  readonly peer: LinkPeer = { index: 0, incarnation: 1 };
  /** Frames given to the WebSocket: a page is not told which of them have left it. */
  flushed = 0;
  blocked = false;
  readonly #socket: WebSocketPort;
  readonly #splitter: FrameSplitter;
  readonly #clock: Clock;
  readonly #waiting: Uint8Array[] = [];
  readonly #give = (bytes: Uint8Array): boolean => this.#take(bytes);
  #to: LinkListener | undefined;
  #isPaused = true;
  #hasEnded = false;
  #isOver = false;
  #isDestroyed = false;
  #error: Error | undefined;
  #drain: Timer | undefined;

  constructor(socket: WebSocketPort, splitter: FrameSplitter, clock: Clock) {
    this.#socket = socket;
    this.#splitter = splitter;
    this.#clock = clock;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => this.#arrived(data));
    socket.addEventListener('close', () => this.#finish());
    // The end follows; a page is never told why.
    socket.addEventListener('error', () => {});
  }

  get listener(): LinkListener {
    if (this.#to === undefined) throw new Error('a link has no listener before its owner sets one');
    return this.#to;
  }

  set listener(listener: LinkListener) {
    this.#to = listener;
    this.#clock.defer(() => this.resume());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#hasEnded || this.#socket.readyState !== OPEN) return false;
    for (let at = 0; at < bytes.byteLength; at += WEB_SOCKET_MESSAGE_BYTES_MAX)
      this.#socket.send(bytes.subarray(at, at + WEB_SOCKET_MESSAGE_BYTES_MAX));
    this.flushed++;
    if (this.#socket.bufferedAmount > UNWRITTEN_BYTES) this.#block();
    return !this.blocked;
  }

  resume(): void {
    if (!this.#isPaused || this.#isOver || this.#to === undefined) return;
    this.#isPaused = false;
    this.#read(() => this.#splitter.resume(this.#give));
    while (!this.#isPaused && this.#waiting.length > 0) {
      const chunk = this.#waiting.shift() as Uint8Array;
      this.#read(() => this.#splitter.push(chunk, this.#give));
    }
    if (!this.#isPaused) this.#socket.resume?.();
    this.#tellEnd();
  }

  close(): void {
    this.blocked = true;
    this.#socket.close(1000);
  }

  destroy(error?: Error): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.blocked = true;
    this.#error ??= error;
    this.#waiting.length = 0;
    this.#splitter.clear();
    if (this.#socket.terminate) this.#socket.terminate();
    else this.#socket.close();
    // A page would wait for the other end to close, too, which may be gone.
    this.#clock.defer(() => this.#finish());
  }

  #arrived(data: unknown): void {
    if (this.#isDestroyed) return;
    if (!(data instanceof ArrayBuffer)) return this.destroy(new Error('a message that is no bytes'));
    const chunk = new Uint8Array(data);
    if (this.#isPaused || this.#waiting.length > 0) {
      this.#waiting.push(chunk);
      this.#socket.pause?.();
    } else this.#read(() => this.#splitter.push(chunk, this.#give));
  }

  #take(bytes: Uint8Array): boolean {
    if (this.#isDestroyed || this.#to === undefined) return false;
    if (this.#to.onFrame(bytes)) return !this.#isDestroyed;
    this.#isPaused = true;
    return false;
  }

  #read(step: () => boolean): void {
    try {
      if (!step()) this.#socket.pause?.();
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #block(): void {
    this.blocked = true;
    this.#drain ??= this.#clock.setTimer(DRAIN_LOOK_MS, () => {
      this.#drain = undefined;
      if (this.#hasEnded || this.#isDestroyed) return;
      if (this.#socket.bufferedAmount > UNWRITTEN_BYTES / 2) return this.#block();
      this.blocked = false;
      this.#to?.onDrain();
    });
  }

  #finish(): void {
    this.#hasEnded = true;
    this.blocked = true;
    this.#drain?.cancel();
    this.#tellEnd();
  }

  /** The end waits behind frames that a paused owner has not taken yet. */
  #tellEnd(): void {
    if (!this.#hasEnded || this.#isOver || this.#to === undefined) return;
    if ((this.#isPaused || this.#waiting.length > 0) && !this.#isDestroyed) return;
    this.#isOver = true;
    this.#to.onEnd(this.#error);
  }
}

/** The first frame that comes over a link, which then waits for its owner; rejects where none comes in time, and ends the link. */
export function firstFrameOf(link: WebSocketLink, clock: Clock, withinMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(withinMs, () => link.destroy(new SilentWebSocketError(`silence for ${withinMs} ms`)));
    link.listener = {
      onFrame: (bytes) => {
        timer.cancel();
        resolve(bytes.slice());
        return false;
      },
      onDrain: () => {},
      onEnd: (error) => {
        timer.cancel();
        reject(error ?? new Error('a closed connection instead of a handshake'));
      },
    };
  });
}

/** Nothing came within the time. */
export class SilentWebSocketError extends Error {}
