/**
 * The real network between the processes of a system: Unix sockets (named pipes on Windows) in one private folder.
 *
 * connect ──► handshake ──►  accept: token right?  no: closed without a word
 *         ◄── handshake ◄──  yes: both compare version and system, then frames flow
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createConnection, type IpcNetConnectOpts, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { processAddress } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { firstFrame } from './first-frame.ts';
import type { FrameSplitter } from './frame.ts';
import {
  decodeHandshake,
  encodeHandshake,
  faultOfAnswer,
  HANDSHAKE_BYTES_MAX,
  HANDSHAKE_TIMEOUT_MS,
  isSameToken,
  mismatch,
  unreachable,
} from './handshake.ts';
import type { Handshake, Link, LinkNetwork, LinkPeer } from './link.ts';
import { Poller } from './poller.ts';
import { isPrivateFolder } from './private-folder.ts';
import { SocketListener } from './socket-listener.ts';
import { SOCKET_PATH_BYTES_MAX } from './socket-path.ts';
import { SocketLink } from './socket-link.ts';

/** Bytes that wait in one socket's queue before `write` says false. Frames that wait there are lost with the process. */
const UNWRITTEN_BYTES = 256 * 1024;

export interface SocketNetworkOptions {
  clock: Clock;
  /** Of the sockets: only its owner may enter it. Made where it is gone. */
  folder: string;
  /** Larger frames break the link. */
  frameBytesMax: number;
  handshakeTimeoutMs?: number;
  /** Microseconds that the process stays awake after a link was active; default 0. */
  pollMicros?: number;
  /** New links with this process cannot be made for now. */
  troubled?(error: Error): void;
}

export class SocketNetwork implements LinkNetwork {
  private readonly options: SocketNetworkOptions;
  private readonly poller: Poller;
  private port: SocketListener | undefined;
  /** Connected, but not yet known. */
  private readonly strangers: Set<Socket> = new Set();

  constructor(options: SocketNetworkOptions) {
    this.options = options;
    this.poller = new Poller(options.clock, options.pollMicros ?? 0);
  }

  async listen(handshake: Handshake, accept: (link: Link) => void): Promise<string> {
    const path = socketPath(this.options.folder, handshake.self);
    const { clock, folder, troubled = () => {} } = this.options;
    const visited = (socket: Socket): void => void this.meet(socket, handshake, accept);
    this.port = new SocketListener({ clock, folder, path, unwrittenBytes: UNWRITTEN_BYTES, visited, troubled });
    await this.port.open();
    return path;
  }

  async connect(path: string, handshake: Handshake, peer: LinkPeer): Promise<Link> {
    if (process.platform !== 'win32' && !isPrivateFolder(dirname(path)))
      throw unreachable(peer, `no folder of this user's alone at ${dirname(path)}`);
    const options: IpcNetConnectOpts & { highWaterMark: number } = { path, highWaterMark: UNWRITTEN_BYTES };
    const socket = createConnection(options);
    const answer = this.hear(socket);
    socket.write(encodeHandshake(handshake));
    const heard = await answer.catch((error: unknown) => {
      throw unreachable(peer, error instanceof Error ? error.message : String(error), error);
    });
    const fault = faultOfAnswer(handshake, heard.theirs, peer);
    if (fault !== undefined) {
      socket.destroy();
      throw fault;
    }
    return this.link(socket, heard.splitter, peer);
  }

  mend(): void {
    this.port?.mend();
  }

  async close(): Promise<void> {
    // Removes the socket file at once. Links that stand are their owners' business, so nobody waits for them here.
    this.port?.close();
    this.port = undefined;
    for (const stranger of this.strangers) stranger.destroy();
  }

  private async meet(socket: Socket, own: Handshake, accept: (link: Link) => void): Promise<void> {
    this.strangers.add(socket);
    try {
      const { theirs, splitter } = await this.hear(socket);
      if (theirs === undefined || !isSameToken(own, theirs)) {
        socket.destroy();
        return;
      }
      socket.write(encodeHandshake(own));
      if (mismatch(own, theirs) !== undefined) socket.end();
      else accept(this.link(socket, splitter, theirs.self));
    } catch {
      // Garbage, silence or an early end: whoever it was, it is closed and forgotten.
    } finally {
      this.strangers.delete(socket);
    }
  }

  private link(socket: Socket, splitter: FrameSplitter, peer: LinkPeer): Link {
    splitter.frameBytesMax = this.options.frameBytesMax;
    return new SocketLink(socket, splitter, peer, this.options.clock, this.poller);
  }

  private async hear(socket: Socket): Promise<{ theirs: Handshake | undefined; splitter: FrameSplitter }> {
    const { clock, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = this.options;
    const { bytes, splitter } = await firstFrame(socket, clock, handshakeTimeoutMs, HANDSHAKE_BYTES_MAX);
    return { theirs: decodeHandshake(bytes), splitter };
  }
}

function socketPath(folder: string, self: LinkPeer): string {
  const name = `${processAddress(self.index, self.incarnation).slice(1)}.sock`;
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\troupe-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}-${name}`;
  }
  const path = join(folder, name);
  const length = Buffer.byteLength(path);
  if (length > SOCKET_PATH_BYTES_MAX) {
    throw new TroupeError(
      'INVALID_OPTIONS',
      `the path of a link socket has at most ${SOCKET_PATH_BYTES_MAX} bytes; got ${length}: ${path}`,
    );
  }
  return path;
}
