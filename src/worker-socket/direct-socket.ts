/**
 * The socket of a worker for asks: clients of a unix socket ask volatile actors that live here without the process that serves them in between.
 * Nothing but asks comes in, each in the order of its connection, and only where it stands in a mailbox at once: the first that does not is sent back, and with it
 * all that follows, so that none of them comes before what its client sends another way (docs/decisions/0099).
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Kernel } from '../actor/kernel.ts';
import { BEAT_MS, CLIENT_VERSION, decodeHello, SILENT_MS, type Welcome } from '../client-wire/client-greeting.ts';
import type { System } from '../system/system.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import { encodeGreeting } from '../wire/handshake.ts';
import { FRAME_EXTRA_BYTES } from '../wire/link.ts';
import { Poller } from '../wire/poller.ts';
import { ClientConnection } from '../gateway/client-connection.ts';
import { CLIENTS_MAX, ClientListener } from '../gateway/client-listener.ts';
import { newClientStrangers } from '../gateway/client-strangers.ts';
import { ClientTraffic } from '../gateway/client-traffic.ts';
import { readTicket } from '../gateway/direct-ticket.ts';
import { HANDSHAKE_MS } from '../gateway/listen-options.ts';
import { Rights } from '../gateway/rights.ts';
import { Session } from '../gateway/session.ts';
import { SocketVisitor } from '../gateway/visitor.ts';

export interface DirectSocketParts {
  readonly kernel: Kernel;
  readonly system: System;
  /** Of its socket, in the private folder of the system. */
  readonly path: string;
  readonly secret: string;
  /** Whether an ask of the actor that comes now is in its mailbox at once. */
  takesAtOnce(id: ActorId): boolean;
}

export class DirectSocket {
  readonly #parts: DirectSocketParts;
  readonly #listener: ClientListener;
  readonly #strangers: ReturnType<typeof newClientStrangers>;
  readonly #poller: Poller;
  readonly #traffic = new ClientTraffic();
  readonly #unknown = new Set<SocketVisitor>();
  readonly #connections = new Set<ClientConnection>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(parts: DirectSocketParts) {
    this.#parts = parts;
    const { clock, log } = parts.kernel;
    this.#poller = new Poller(clock, 0);
    this.#strangers = newClientStrangers(clock, log);
    const nobody = new Rights('nobody', [], []);
    this.#listener = new ClientListener(
      {
        ...{
          address: { scheme: 'unix', path: parts.path },
          tls: undefined,
          everybody: nobody,
          clients: [],
          origins: [],
        },
        handshakeMs: HANDSHAKE_MS,
      },
      {
        visited: (socket) => void this.#meet(socket),
        webVisited: (_webSocket, socket) => socket.destroy(),
        isWelcome: () => this.#connections.size + this.#unknown.size < CLIENTS_MAX,
        dropped: () => {},
        tlsFailed: () => {},
        refused: () => {},
      },
    );
  }

  /** Rejects INVALID_OPTIONS where nobody can listen there. */
  async open(): Promise<void> {
    await this.#listener.open();
    this.#parts.kernel.clients = () =>
      this.#traffic.metrics({ connected: this.#connections.size, sessions: 0 }, this.#strangers, true);
    this.#lookLater();
  }

  /** Answers that are written go out. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#strangers.close();
    this.#listener.close();
    for (const visitor of this.#unknown) visitor.destroy();
    for (const connection of this.#connections) connection.close();
  }

  async #meet(socket: Socket): Promise<void> {
    const { kernel, path, secret } = this.#parts;
    const { clock } = kernel;
    const visitor = new SocketVisitor(socket, '', undefined, clock, this.#poller);
    this.#unknown.add(visitor);
    try {
      const hello = decodeHello(await visitor.greeting(clock, HANDSHAKE_MS));
      const now = clock.now();
      const rights = hello?.token === undefined ? undefined : readTicket(hello.token, path, secret, now);
      const isWelcome = hello?.version === CLIENT_VERSION && rights !== undefined;
      if (isWelcome && !this.#isClosed && !kernel.closing) return this.#connect(visitor, rights, now - hello.now);
      if (!isWelcome) this.#strangers.refused('token', '', 'no ticket for this socket was shown');
      visitor.destroy();
    } catch (error) {
      // One that ends before its first byte looks for sockets that are left behind.
      visitor.destroy();
      this.#parts.kernel.log.debug({ err: asError(error) }, 'no client came in at the socket');
    } finally {
      this.#unknown.delete(visitor);
    }
  }

  #connect(visitor: SocketVisitor, rights: Rights, offsetMs: number): void {
    const { kernel, system, takesAtOnce } = this.#parts;
    const { messageBytesMax, askTimeoutMs } = kernel.limits;
    const server = randomBytes(12).toString('base64url');
    const welcome: Welcome = {
      ...{ troupe: 'gateway', system: system.name, server, acknowledged: 0, messageBytesMax, askTimeoutMs },
    };
    this.#traffic.joined(visitor.socket);
    const link = visitor.welcome(encodeGreeting(welcome), messageBytesMax + FRAME_EXTRA_BYTES);
    const session = new Session(kernel, rights, server);
    const connection = new ClientConnection({
      ...{ kernel, system, session, link, offsetMs, traffic: this.#traffic, takesAtOnce },
      misbehaved: (cause, text) => this.#strangers.refused(cause, '', text),
      ended: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }

  #lookLater(): void {
    this.#timer = this.#parts.kernel.clock.setTimer(BEAT_MS, () => {
      for (const connection of [...this.#connections]) connection.look(SILENT_MS);
      if (!this.#isClosed) this.#lookLater();
    });
  }
}
