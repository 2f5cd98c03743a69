/**
 * One address where pages come in, by WebSocket: `ws:`, or `wss:` with TLS 1.3. A browser says of which origin a page is, and only the
 * origins that are named come in; a program, which says what it likes, needs the token all the same.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { WebSocketServer } from 'ws';
import { TroupeError } from '../vocabulary/errors.ts';
import { clientAddressText } from '../client-wire/client-address.ts';
import { WEB_SOCKET_MESSAGE_BYTES_MAX, type WebSocketPort } from '../client-wire/web-socket-link.ts';
import { CLIENTS_MAX, commonNameOf, type Entry, type Visitors } from './client-listener.ts';
import { type Listen, pem } from './listen-options.ts';

export class PageListener implements Entry {
  readonly #listen: Listen;
  readonly #visitors: Visitors;
  #server: Server | undefined;
  #webSockets: WebSocketServer | undefined;
  /** In the middle of their request. */
  readonly #sockets = new Set<Socket>();

  constructor(listen: Listen, visitors: Visitors) {
    this.#listen = listen;
    this.#visitors = visitors;
  }

  async open(): Promise<void> {
    const { address } = this.#listen;
    if (address.scheme === 'unix') throw new Error('a page has no unix sockets');
    const { WebSocketServer } = await webSocketsOf(clientAddressText(address));
    this.#webSockets = new WebSocketServer({
      ...{ noServer: true, perMessageDeflate: false, clientTracking: false },
      maxPayload: WEB_SOCKET_MESSAGE_BYTES_MAX,
    });
    const server = this.#newServer();
    server.maxConnections = CLIENTS_MAX;
    server.on('drop', (dropped) => this.#visitors.dropped(dropped?.remoteAddress ?? ''));
    server.on('connection', (socket: Socket) => this.#arrived(socket));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#failed(error, socket as Socket));
    server.on('error', () => {});
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: address.host, port: address.port, exclusive: true }, resolve);
      });
    } catch (error) {
      const text = `listen: expected ${clientAddressText(address)} to be free; got ${(error as Error).message}`;
      throw new TroupeError('INVALID_OPTIONS', text, { cause: error });
    }
    this.#server = server;
  }

  close(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  #newServer(): Server {
    const { tls, handshakeMs } = this.#listen;
    const options = {
      ...{ headersTimeout: handshakeMs, requestTimeout: handshakeMs, keepAliveTimeout: 1 },
      connectionsCheckingInterval: Math.max(10, handshakeMs / 4),
    };
    const answer = (_request: IncomingMessage, response: import('node:http').ServerResponse): void => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end('Clients of a system come in here.\n');
    };
    if (tls === undefined) return createServer(options, answer);
    const { cert, key, ca } = tls;
    const server = createTlsServer(
      {
        ...{ ...options, cert: pem(cert), key: pem(key), minVersion: 'TLSv1.3', handshakeTimeout: handshakeMs },
        ...(ca !== undefined && { ca: pem(ca), requestCert: true, rejectUnauthorized: false }),
      },
      answer,
    );
    server.on('tlsClientError', (error, socket) => {
      this.#visitors.tlsFailed(addressOf(socket), error);
      // One that is silent is left open by Node.js.
      socket.destroy();
    });
    return server;
  }

  #arrived(socket: Socket): void {
    if (!this.#visitors.isWelcome(addressOf(socket))) return void socket.destroy();
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #upgrade(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
    const socket = duplex as Socket;
    const address = addressOf(socket);
    socket.on('error', () => {});
    const { origin } = request.headers;
    if (origin !== undefined && !this.#listen.origins.includes(origin)) {
      this.#visitors.refused('origin', address, `a page of ${origin.slice(0, 200)} is not among the origins`);
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      return;
    }
    const cn = this.#listen.tls === undefined ? undefined : commonNameOf(socket as TLSSocket);
    this.#webSockets?.handleUpgrade(request, socket, head, (webSocket) => {
      this.#sockets.delete(socket);
      this.#visitors.webVisited(webSocket as unknown as WebSocketPort, socket, address, cn);
    });
  }

  #failed({ code, message }: NodeJS.ErrnoException, socket: Socket): void {
    const isSilent = code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (code !== 'ECONNRESET') this.#visitors.refused(isSilent ? 'silence' : 'bytes', addressOf(socket), message);
    socket.destroy();
  }
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? '';
}

/** `ws` is a package of those who let pages in, and of nobody else. */
async function webSocketsOf(address: string): Promise<typeof import('ws')> {
  try {
    return await import('ws');
  } catch (cause) {
    const text = `listen: expected the package 'ws' for ${address}; got none (npm install ws)`;
    throw new TroupeError('INVALID_OPTIONS', text, { cause });
  }
}
