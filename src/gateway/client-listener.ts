/** One address that is listened at: a unix socket file for this user alone, a TCP port, or one with TLS 1.3. */
import { chmodSync, lstatSync, mkdirSync, rmSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { TroupeError } from '../vocabulary/errors.ts';
import { clientAddressText } from '../client-wire/client-address.ts';
import { identityOf } from '../wire/private-folder.ts';
import { withShortPath } from '../wire/short-path.ts';
import type { WebSocketPort } from '../client-wire/web-socket-link.ts';
import { type Listen, pem } from './listen-options.ts';

/** Bytes that wait in one socket's queue before `write` says false. */
const UNWRITTEN_BYTES = 256 * 1024;
/** Connections at once, also of those who are not known yet; one more is closed. */
export const CLIENTS_MAX = 10_000;
/** Connections that the kernel keeps until they are looked at. */
const BACKLOG = 4_096;

export interface Visitors {
  /** A paused socket, after the TLS handshake where there is one. `cn`: of a certificate that `ca` has signed. */
  visited(socket: Socket, address: string, cn: string | undefined): void;
  /** The same over a WebSocket; `socket`: below it. */
  webVisited(webSocket: WebSocketPort, socket: Socket, address: string, cn: string | undefined): void;
  /** False: closed without a look. */
  isWelcome(address: string): boolean;
  /** One connection too many at this address: it was closed. */
  dropped(address: string): void;
  tlsFailed(address: string, error: Error): void;
  refused(cause: 'origin' | 'silence' | 'bytes', address: string, text: string): void;
}

/** An address that is listened at. */
export interface Entry {
  /** Rejects INVALID_OPTIONS where nobody can listen there. */
  open(): Promise<void>;
  /** Closes the way in for all others; who is in stays. */
  close(): void;
}

export class ClientListener implements Entry {
  readonly #listen: Listen;
  readonly #visitors: Visitors;
  #server: Server | undefined;
  #file: { path: string; identity: string | undefined } | undefined;
  /** In the middle of a TLS handshake, by address and port. */
  readonly #raw = new Map<string, Socket>();

  constructor(listen: Listen, visitors: Visitors) {
    this.#listen = listen;
    this.#visitors = visitors;
  }

  /** Rejects INVALID_OPTIONS where nobody can listen there. */
  async open(): Promise<void> {
    const { address } = this.#listen;
    const server = this.#newServer();
    server.maxConnections = CLIENTS_MAX;
    server.on('drop', (dropped) => this.#visitors.dropped(dropped?.remoteAddress ?? ''));
    // A connection that ended while it waited to be taken is no fault to tell of.
    server.on('error', () => {});
    try {
      if (address.scheme === 'unix') await this.#listenAtFile(server, address.path);
      // Not one that node:cluster shares: the process that serves is the one that was asked to.
      else await listening(server, { host: address.host, port: address.port, exclusive: true, backlog: BACKLOG });
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      const text = `listen: expected ${clientAddressText(address)} to be free; got ${got}`;
      throw new TroupeError('INVALID_OPTIONS', text, { cause: error });
    }
    this.#server = server;
  }

  /** New clients do not come in; clients that are in stay. Removes the socket file. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
    this.#removeFile();
    for (const socket of this.#raw.values()) socket.destroy();
  }

  #newServer(): Server {
    const { tls, handshakeMs } = this.#listen;
    const visitors = this.#visitors;
    const options = { pauseOnConnect: tls === undefined, highWaterMark: UNWRITTEN_BYTES, noDelay: true };
    if (tls === undefined) return createServer(options, (socket) => this.#knock(socket));
    const { cert, key, ca } = tls;
    const server = createTlsServer({
      ...{ cert: pem(cert), key: pem(key), minVersion: 'TLSv1.3', handshakeTimeout: handshakeMs, noDelay: true },
      // A client that shows no certificate, or one of somebody else, may have a token.
      ...(ca !== undefined && { ca: pem(ca), requestCert: true, rejectUnauthorized: false }),
    });
    server.on('connection', (raw: Socket) => {
      if (!visitors.isWelcome(addressOf(raw))) return raw.destroy();
      const name = placeOf(raw);
      this.#raw.set(name, raw);
      return raw.once('close', () => this.#raw.delete(name));
    });
    server.on('secureConnection', (socket) => {
      this.#raw.delete(placeOf(socket));
      socket.pause();
      visitors.visited(socket, addressOf(socket), commonNameOf(socket));
    });
    server.on('tlsClientError', (error, socket) => {
      visitors.tlsFailed(addressOf(socket), error);
      // One that is silent is left open by Node.js.
      socket.destroy();
    });
    return server;
  }

  #knock(socket: Socket): void {
    const address = addressOf(socket);
    if (this.#visitors.isWelcome(address)) this.#visitors.visited(socket, address, undefined);
    else socket.destroy();
  }

  async #listenAtFile(server: Server, path: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await withShortPath(path, async (short) => {
      await removeStale(short);
      // The file is there as soon as `listen` returns: at no moment is it for others.
      const mask = process.platform === 'win32' ? undefined : process.umask(0o177);
      const heard = listening(server, { path: short, exclusive: true, backlog: BACKLOG });
      if (mask !== undefined) process.umask(mask);
      await heard;
      if (mask !== undefined) chmodSync(short, 0o600);
    });
    this.#file = { path, identity: identityOf(path) };
  }

  /** A server removes its file by the path that it was given, which may have been a link to a longer one. */
  #removeFile(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file?.identity !== undefined && identityOf(file.path) === file.identity) rmSync(file.path, { force: true });
  }
}

function listening(server: Server, options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Removes a socket file that a dead process left behind; by connecting, since only that proves it. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('a file that is no socket');
  const isAlive = await new Promise<boolean>((resolve, reject) => {
    const socket = createConnection({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
  if (isAlive) throw new Error('another process that listens there');
  unlinkSync(path);
}

function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** '' over a unix socket. */
function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? '';
}

export function commonNameOf(socket: TLSSocket): string | undefined {
  if (!socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}
