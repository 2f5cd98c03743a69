/**
 * The port where a master takes links of other machines: TLS 1.3, and a certificate of the cluster's authority from whoever comes. Until one has
 * said who it is, it is a stranger: of those there are only so many, and none for long. A worker has no port: it is given connections that were meant
 * for it.
 */
import { Buffer } from 'node:buffer';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { Log } from '../observe/log.ts';
import { Strangers } from '../observe/strangers.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { MachineCredentials, MachineWorker } from './machine-network.ts';
import { secured, UNWRITTEN_BYTES } from './machine-tls.ts';
import { decodeWanted, mayBeWanted, REFUSED, TAKEN, WANTED_BYTES } from './wanted-worker.ts';

/** Connections that have not said who they are; one more is closed. */
export const MACHINE_STRANGERS_MAX = 256;
/** Connections at once, links too; one more is closed. */
export const MACHINE_CONNECTIONS_MAX = 10_000;

const CAUSES = ['certificate', 'name', 'version', 'cluster', 'bytes', 'silence', 'full', 'rate', 'tls'] as const;
export type MachineRefusal = (typeof CAUSES)[number];

export interface MachineListenerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly handshakeMs: number;
  /** Gives the connection to a worker. False: there is none like that. */
  readonly handOver?: ((worker: MachineWorker, raw: Socket) => boolean) | undefined;
  /** A paused socket, whose certificate may be of anybody; it is a stranger until `known`. */
  visited(socket: TLSSocket): void;
  /** Default: `MACHINE_CONNECTIONS_MAX`. */
  readonly connectionsMax?: number;
}

export class MachineListener {
  readonly #parts: MachineListenerParts;
  readonly #strangers: Strangers<MachineRefusal>;
  #server: Server | undefined;
  /** Listens to nothing: it is given those who are worth a TLS handshake. */
  #tls: TlsServer | undefined;
  /** By address and port. */
  readonly #unknown = new Map<string, Socket>();

  constructor(parts: MachineListenerParts) {
    this.#parts = parts;
    // A machine that is set up wrongly shares its address with others that are not, and comes back by itself.
    const noFaults = ['certificate', 'name', 'version', 'cluster', 'full', 'rate'] as const;
    const text = 'machines were not let in';
    this.#strangers = new Strangers(parts.clock, parts.log, { causes: CAUSES, noFaults, text });
  }

  /** Refusals since the start, by cause. */
  get refusals(): Readonly<Record<MachineRefusal, number>> {
    return this.#strangers.counts;
  }

  /** Resolves to the port. Without a host: at all addresses of this machine. Rejects INVALID_OPTIONS where it is not to be had. */
  async open(host: string | undefined, port: number, credentials: MachineCredentials): Promise<number> {
    const options = { highWaterMark: UNWRITTEN_BYTES, noDelay: true };
    const server = createServer(options, (raw) => this.#come(raw));
    const { connectionsMax = MACHINE_CONNECTIONS_MAX } = this.#parts;
    server.maxConnections = connectionsMax;
    server.on('drop', (dropped) => {
      const text = `${connectionsMax} connections are taken`;
      this.#strangers.refused('full', dropped?.remoteAddress ?? '', text);
    });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        // Its own, not one that node:cluster shares: the master is the way in, whatever its workers listen to.
        server.listen({ port, exclusive: true, ...(host !== undefined && { host }) }, resolve);
      });
    } catch (error) {
      const text = `cluster.advertise: expected ${host ?? 'all addresses'}, port ${port}, to be free; got ${asError(error).message}`;
      throw new TroupeError('INVALID_OPTIONS', text, { cause: error });
    }
    server.removeAllListeners('error');
    // Such as too many open files: the one who connects sees it too, those who are linked go on.
    server.on('error', () => {});
    this.#server = server;
    this.#tls = this.#newTls(credentials);
    return (server.address() as AddressInfo).port;
  }

  /** A worker: it is given its connections. */
  begin(credentials: MachineCredentials): void {
    this.#tls = this.#newTls(credentials);
  }

  /** The master has handed it over: it is for this process. */
  handed(raw: Socket): void {
    raw.on('error', () => {});
    if (this.#tls === undefined || !this.#enter(raw)) return void raw.destroy();
    raw.setNoDelay(true);
    raw.write(Buffer.of(TAKEN));
    this.#tls.emit('connection', raw);
  }

  /** Those who come from now on see these. */
  use(credentials: MachineCredentials): void {
    this.#tls?.setSecureContext(secured(credentials));
  }

  /** It has said who it is. */
  known(socket: Socket): void {
    this.#unknown.delete(placeOf(socket));
  }

  refused(cause: MachineRefusal, socket: Socket, text: string): void {
    this.#strangers.refused(cause, addressOf(socket), text);
  }

  /** Strangers are closed; links stand. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
    this.#strangers.close();
    for (const socket of this.#unknown.values()) socket.destroy();
  }

  #newTls(credentials: MachineCredentials): TlsServer {
    const { handshakeMs, visited } = this.#parts;
    const server = createTlsServer({
      ...secured(credentials),
      ...{ requestCert: true, handshakeTimeout: handshakeMs },
      // One without a good certificate is told to the log, and closed behind the handshake: Node.js would close it without a word to anybody.
      rejectUnauthorized: false,
    });
    server.on('secureConnection', (socket) => {
      socket.pause();
      visited(socket);
    });
    server.on('tlsClientError', (error, socket) => {
      this.refused('tls', socket, error.message);
      // One that is silent is left open by Node.js.
      socket.destroy();
    });
    return server;
  }

  #come(raw: Socket): void {
    if (!this.#enter(raw)) return;
    if (this.#parts.handOver === undefined) return void this.#tls?.emit('connection', raw);
    raw.on('error', () => {});
    this.#whomFor(raw, this.#parts.handOver);
  }

  /** The first bytes say whether a worker is meant; all others are for TLS. */
  #whomFor(raw: Socket, handOver: (worker: MachineWorker, raw: Socket) => boolean): void {
    const { clock, handshakeMs } = this.#parts;
    let first = Buffer.alloc(0);
    const timer = clock.setTimer(handshakeMs, () => {
      this.refused('tls', raw, `not a word within ${handshakeMs} ms`);
      raw.destroy();
    });
    const look = (): void => {
      const bytes = raw.read() as Buffer | null;
      if (bytes === null) return;
      first = Buffer.concat([first, bytes]);
      if (mayBeWanted(first) && first.byteLength < WANTED_BYTES) return;
      timer.cancel();
      raw.off('readable', look);
      if (mayBeWanted(first)) return this.#handOver(raw, first, handOver);
      raw.unshift(first);
      this.#tls?.emit('connection', raw);
    };
    raw.on('readable', look);
    raw.once('close', () => timer.cancel());
  }

  #handOver(raw: Socket, words: Buffer, handOver: (worker: MachineWorker, raw: Socket) => boolean): void {
    const worker = decodeWanted(words);
    const place = placeOf(raw);
    if (worker === undefined) {
      this.refused('bytes', raw, 'words for a worker that make no sense');
      return void raw.destroy();
    }
    if (handOver(worker, raw)) return void this.#unknown.delete(place);
    // It ended a moment ago, and the other machine has not heard yet.
    this.#parts.log.debug({ worker }, 'another machine wants a worker that is not there');
    this.#unknown.delete(place);
    raw.end(Buffer.of(REFUSED), () => raw.destroy());
  }

  /** False: it is closed. */
  #enter(raw: Socket): boolean {
    const address = addressOf(raw);
    const isFull = this.#unknown.size >= MACHINE_STRANGERS_MAX;
    if (isFull || this.#strangers.isShutOut(address)) {
      const text = isFull ? `${MACHINE_STRANGERS_MAX} have not said who they are` : 'it was refused again and again';
      this.#strangers.refused(isFull ? 'full' : 'rate', address, text);
      raw.destroy();
      return false;
    }
    const place = placeOf(raw);
    this.#unknown.set(place, raw);
    raw.once('close', () => this.#unknown.delete(place));
    return true;
  }
}

function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? '';
}
