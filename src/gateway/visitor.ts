/** One who has connected and has not said yet who that is, whatever the transport. */
import type { Socket } from 'node:net';
import type { Clock } from '../vocabulary/clock.ts';
import { FrameSplitter } from '../wire/frame.ts';
import { firstFrame } from '../wire/first-frame.ts';
import { HANDSHAKE_BYTES_MAX } from '../wire/handshake.ts';
import type { Link } from '../wire/link.ts';
import type { Poller } from '../wire/poller.ts';
import { SocketLink } from '../wire/socket-link.ts';
import { firstFrameOf, WebSocketLink, type WebSocketPort } from '../client-wire/web-socket-link.ts';

/** Milliseconds for a refusal to be read. */
export const REFUSED_MS = 1_000;

export interface Visitor {
  /** '' over a unix socket. */
  readonly address: string;
  /** The common name of a certificate that `ca` has signed. */
  readonly cn: string | undefined;
  /** For its counts of bytes. */
  readonly socket: Socket;
  /** The first frame; rejects, and ends the connection, where none comes in time. */
  greeting(clock: Clock, withinMs: number): Promise<Uint8Array>;
  /** The answer is the first frame of the way back. */
  welcome(answer: Uint8Array, frameBytesMax: number): Link;
  /** Says why, and ends; whoever does not read it is closed all the same. */
  refuse(answer: Uint8Array): void;
  destroy(): void;
}

export class SocketVisitor implements Visitor {
  readonly socket: Socket;
  readonly address: string;
  readonly cn: string | undefined;
  readonly #clock: Clock;
  readonly #poller: Poller;
  #splitter: FrameSplitter | undefined;

  /** A paused socket, after the TLS handshake where there is one. */
  constructor(socket: Socket, address: string, cn: string | undefined, clock: Clock, poller: Poller) {
    socket.on('error', () => {});
    this.socket = socket;
    this.address = address;
    this.cn = cn;
    this.#clock = clock;
    this.#poller = poller;
  }

  async greeting(clock: Clock, withinMs: number): Promise<Uint8Array> {
    const { bytes, splitter } = await firstFrame(this.socket, clock, withinMs, HANDSHAKE_BYTES_MAX);
    this.#splitter = splitter;
    return bytes;
  }

  welcome(answer: Uint8Array, frameBytesMax: number): Link {
    const splitter = this.#splitter ?? new FrameSplitter(frameBytesMax);
    splitter.frameBytesMax = frameBytesMax;
    this.socket.write(answer);
    return new SocketLink(this.socket, splitter, { index: 0, incarnation: 1 }, this.#clock, this.#poller);
  }

  refuse(answer: Uint8Array): void {
    const { socket } = this;
    socket.setTimeout(REFUSED_MS, () => socket.destroy());
    socket.end(answer, () => socket.destroy());
  }

  destroy(): void {
    this.socket.destroy();
  }
}

export class WebSocketVisitor implements Visitor {
  readonly socket: Socket;
  readonly address: string;
  readonly cn: string | undefined;
  readonly #clock: Clock;
  readonly #splitter = new FrameSplitter(HANDSHAKE_BYTES_MAX);
  readonly #link: WebSocketLink;

  constructor(webSocket: WebSocketPort, socket: Socket, address: string, cn: string | undefined, clock: Clock) {
    this.socket = socket;
    this.address = address;
    this.cn = cn;
    this.#clock = clock;
    this.#link = new WebSocketLink(webSocket, this.#splitter, clock);
  }

  greeting(clock: Clock, withinMs: number): Promise<Uint8Array> {
    return firstFrameOf(this.#link, clock, withinMs);
  }

  welcome(answer: Uint8Array, frameBytesMax: number): Link {
    this.#splitter.frameBytesMax = frameBytesMax;
    this.#link.write(answer);
    return this.#link;
  }

  refuse(answer: Uint8Array): void {
    this.#link.write(answer);
    this.#link.close();
    this.#clock.setTimer(REFUSED_MS, () => this.destroy());
  }

  destroy(): void {
    this.#link.destroy();
  }
}
