/**
 * One end of a link over a socket. Above all, everything that the other process got written is read before the end is
 * told, even where that process was killed, and even where writing to it has failed long before.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../vocabulary/clock.ts';
import type { FrameSplitter } from './frame.ts';
import type { Link, LinkListener, LinkPeer } from './link.ts';
import type { Poller } from './poller.ts';
import { SocketGate } from './socket-gate.ts';

/** How a socket says that the process at the other end is gone; for a link that is an ordinary end. */
const GONE: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);

export class SocketLink implements Link {
  readonly peer: LinkPeer;
  blocked = false;
  private readonly socket: Socket;
  private readonly gate: SocketGate;
  private readonly splitter: FrameSplitter;
  private readonly clock: Clock;
  private readonly poller: Poller;
  private readonly mayOutliveLink: boolean;
  private to: LinkListener | undefined;
  private paused = true;
  private closing = false;
  private ended = false;
  private over = false;
  private destroyed = false;
  private error: Error | undefined;
  private readonly give = (bytes: Uint8Array): boolean => this.take(bytes);

  /**
   * The socket is paused and the splitter may hold what came right behind the handshake. `mayOutliveLink`: the other process is one that may go
   * on where the link breaks; at the end a frame that was begun counts as flushed then, since that process may have read it.
   */
  constructor(
    socket: Socket,
    splitter: FrameSplitter,
    peer: LinkPeer,
    clock: Clock,
    poller: Poller,
    mayOutliveLink = false,
  ) {
    this.socket = socket;
    this.splitter = splitter;
    this.peer = peer;
    this.clock = clock;
    this.poller = poller;
    this.mayOutliveLink = mayOutliveLink;
    this.gate = new SocketGate(socket, () => this.breakWriting());
    socket.on('data', (chunk: Uint8Array) => {
      poller.poke(true);
      this.read(() => this.splitter.push(chunk, this.give));
    });
    socket.on('drain', () => this.drained());
    socket.on('end', () => this.finish());
    socket.on('error', (error: NodeJS.ErrnoException) => this.failed(error));
    socket.on('close', () => this.finish());
  }

  get flushed(): number {
    return this.gate.flushed;
  }

  get listener(): LinkListener {
    if (this.to === undefined) throw new Error('a link has no listener before its owner sets one');
    return this.to;
  }

  set listener(listener: LinkListener) {
    const first = this.to === undefined;
    this.to = listener;
    if (!first) return;
    this.clock.defer(() => this.resume());
  }

  write(bytes: Uint8Array): boolean {
    if (this.ended || this.closing || this.socket.destroyed) return false;
    this.poller.poke(false);
    if (!this.socket.write(bytes)) this.blocked = true;
    return !this.blocked;
  }

  resume(): void {
    if (!this.paused || this.over || this.to === undefined) return;
    this.paused = false;
    this.read(() => this.splitter.resume(this.give));
    if (!this.paused) this.gate.release();
    this.tellEnd();
  }

  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.blocked = true;
    this.socket.end();
  }

  destroy(error?: Error): void {
    this.closing = true;
    this.destroyed = true;
    this.blocked = true;
    this.error ??= error;
    this.splitter.clear();
    if (this.mayOutliveLink) this.gate.countBegun();
    this.socket.destroy();
  }

  private take(bytes: Uint8Array): boolean {
    // The owner may destroy the link because of a frame, while more of them stand in the same chunk.
    if (this.destroyed || this.to === undefined) return false;
    if (this.to.onFrame(bytes)) return !this.destroyed;
    this.paused = true;
    return false;
  }

  private read(step: () => boolean): void {
    try {
      if (!step()) this.gate.hold();
    } catch (error) {
      // A length that no frame has, or an owner that threw: the rest of the stream means nothing any more.
      this.destroy(error as Error);
    }
  }

  private drained(): void {
    if (!this.blocked || this.ended || this.closing) return;
    this.blocked = false;
    this.to?.onDrain();
  }

  /** No frame reaches the peer any more, but it may have written some that are still to be read. */
  private breakWriting(): void {
    this.closing = true;
    this.blocked = true;
  }

  private failed(error: NodeJS.ErrnoException): void {
    if (!GONE.has(error.code)) this.error ??= error;
  }

  private finish(): void {
    this.ended = true;
    if (this.mayOutliveLink) this.gate.countBegun();
    this.blocked = true;
    this.tellEnd();
  }

  /** The end waits behind frames that a paused owner has not taken yet. */
  private tellEnd(): void {
    if (!this.ended || this.over || this.to === undefined) return;
    if (this.paused && !this.destroyed) return;
    this.over = true;
    this.to.onEnd(this.error);
  }
}
