/**
 * Where clients come in: answers their greetings, lets in whom client-admission.ts admits, and joins each connection with its session.
 * The process that serves is the master (or the only process): a worker that dies or is replaced cuts no client.
 * docs/decisions/0070-clients.md says what holds when who dies.
 *
 *   visited ──► too many, or shut out: closed          hello within handshakeMs ──► version, token ──► session ──► connection
 */
import { randomBytes } from 'node:crypto';
import type { Kernel } from '../actor/kernel.ts';
import type { SystemFacts } from '../observe/system-facts.ts';
import type { System } from '../system/system.ts';
import type { Timer } from '../vocabulary/clock.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import {
  BEAT_MS,
  decodeHello,
  type Hello,
  type Refused,
  SILENT_MS,
  type Welcome,
} from '../client-wire/client-greeting.ts';
import { LookError, SilenceError } from '../wire/first-frame.ts';
import { encodeGreeting } from '../wire/handshake.ts';
import { FRAME_EXTRA_BYTES, type Link } from '../wire/link.ts';
import { Poller } from '../wire/poller.ts';
import { SilentWebSocketError } from '../client-wire/web-socket-link.ts';
import { admitClient, type ClientRefusal } from './client-admission.ts';
import { ClientConnection } from './client-connection.ts';
import { CLIENTS_MAX, ClientListener, type Entry, type Visitors } from './client-listener.ts';
import { type DirectGround, DirectSockets } from './direct-sockets.ts';
import { type ControlOptions, ControlSocket } from './control-socket.ts';
import { ClientTraffic } from './client-traffic.ts';
import type { Listen } from './listen-options.ts';
import { Rights } from './rights.ts';
import { Session } from './session.ts';
import { type ClientStrangers, newClientStrangers } from './client-strangers.ts';
import { SocketVisitor, type Visitor, WebSocketVisitor } from './visitor.ts';
import { PageListener } from './page-listener.ts';

/** Milliseconds that the session of a client is remembered after its connection has ended. */
export const SESSION_KEPT_MS = 120_000;
/** Sessions that are remembered, those with a connection too; the one that ended first is forgotten first. */
export const SESSIONS_KEPT_MAX = 20_000;
const FULL_TEXT = `${CLIENTS_MAX} connections are taken`;
/** Milliseconds that connections have at a shutdown to take what is written to them. */
export const CLOSE_MS = 500;

export interface GatewayParts {
  readonly kernel: Kernel;
  readonly system: System;
  readonly listen: readonly Listen[];
  /** Undefined: tools do not find this system. */
  readonly control?: ControlOptions | undefined;
  /** Undefined: calls for them are refused. */
  readonly facts?: SystemFacts | undefined;
  /** Undefined: its workers have no sockets for clients. */
  readonly direct?: DirectGround | undefined;
  /** Milliseconds; default `BEAT_MS` and `SILENT_MS`. */
  readonly beatMs?: number;
  readonly silentMs?: number;
}

export class Gateway {
  readonly #parts: GatewayParts;
  readonly #kernel: Kernel;
  readonly #entries: Entry[];
  readonly #control: ControlSocket | undefined;
  readonly #strangers: ClientStrangers;
  readonly #traffic = new ClientTraffic();
  readonly #poller: Poller;
  readonly #direct: DirectSockets | undefined;
  readonly #server = randomBytes(12).toString('base64url');
  readonly #sessions = new Map<string, Session>();
  readonly #connections = new Set<ClientConnection>();
  /** In the middle of their greeting. */
  readonly #unknown = new Set<Visitor>();
  #begin: (() => void) | undefined;
  /** Until then those who come wait: nobody could host what they tell. */
  readonly #begun: Promise<void>;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#kernel = parts.kernel;
    const { clock, log } = parts.kernel;
    this.#poller = new Poller(clock, 0);
    this.#strangers = newClientStrangers(clock, log);
    this.#direct = parts.direct && new DirectSockets(parts.kernel, parts.system, parts.direct);
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    const visitorsOf = (listen: Listen): Visitors => ({
      visited: (socket, address, cn) =>
        void this.#meet(new SocketVisitor(socket, address, cn, clock, this.#poller), listen),
      webVisited: (webSocket, socket, address, cn) =>
        void this.#meet(new WebSocketVisitor(webSocket, socket, address, cn, clock), listen),
      isWelcome: (address) => this.#isWelcome(address),
      dropped: (address) => this.#strangers.refused('full', address, FULL_TEXT),
      tlsFailed: (address, error) => this.#strangers.refused('tls', address, error.message),
      refused: (cause, address, text) => this.#strangers.refused(cause, address, text),
    });
    this.#entries = parts.listen.map((listen) =>
      listen.address.scheme === 'ws' || listen.address.scheme === 'wss'
        ? new PageListener(listen, visitorsOf(listen))
        : new ClientListener(listen, visitorsOf(listen)),
    );
    this.#control = parts.control && new ControlSocket(parts.control.dataDir, parts.system.name, visitorsOf);
  }

  /** Takes the addresses. Rejects INVALID_OPTIONS where one is not to be had; none is kept then. */
  async open(): Promise<void> {
    try {
      for (const entry of this.#entries) await entry.open();
      await this.#control?.open().catch((error) => this.#withoutControl(asError(asError(error).cause ?? error)));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#kernel.clients = () => {
      const now = { connected: this.#connections.size, sessions: this.#sessions.size };
      return this.#traffic.metrics(now, this.#strangers, false);
    };
    this.#lookLater();
  }

  #withoutControl(error: Error): void {
    const { dataDir = '', isRequired } = this.#parts.control ?? {};
    const text = `expected a folder for the control socket in the dataDir ${dataDir}; got ${error.message}`;
    if (isRequired) throw new TroupeError('INVALID_OPTIONS', `controlSocket: ${text}`, { cause: error });
    this.#kernel.log.warn(
      { dataDir, reason: error.message },
      'there is no control socket: tools do not find this system',
    );
  }

  /** The system has started: those who have come meanwhile are let in. */
  begin(): void {
    this.#begin?.();
  }

  /** New clients do not come in any more; frames that were written to the clients that are in go out. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#begin?.();
    this.#timer?.cancel();
    this.#strangers.close();
    this.shut();
    for (const visitor of this.#unknown) visitor.destroy();
    for (const connection of this.#connections) connection.close();
    const { clock } = this.#kernel;
    const until = clock.now() + CLOSE_MS;
    while (this.#connections.size > 0 && clock.now() < until)
      await new Promise<void>((resolve) => clock.setTimer(1, resolve));
    for (const connection of this.#connections) connection.destroy();
  }

  /** Closes the way in for all others; the socket files are gone at once. */
  shut(): void {
    for (const entry of this.#entries) entry.close();
    this.#control?.close();
  }

  #isWelcome(address: string): boolean {
    const isFull = this.#connections.size + this.#unknown.size >= CLIENTS_MAX;
    if (!isFull && !this.#strangers.isShutOut(address)) return true;
    const text = isFull ? FULL_TEXT : 'it was refused again and again';
    this.#strangers.refused(isFull ? 'full' : 'rate', address, text);
    return false;
  }

  async #meet(visitor: Visitor, listen: Listen): Promise<void> {
    const { address } = visitor;
    this.#unknown.add(visitor);
    try {
      await this.#begun;
      const hello = decodeHello(await visitor.greeting(this.#kernel.clock, listen.handshakeMs));
      this.#receive(visitor, hello, listen);
    } catch (error) {
      const isSilence = error instanceof SilenceError || error instanceof SilentWebSocketError;
      // Another process of this user, which looks for a system or for sockets that are left behind.
      const isLook = address === '' && error instanceof LookError;
      if (!this.#isClosed && !isLook)
        this.#strangers.refused(isSilence ? 'silence' : 'bytes', address, asError(error).message);
    } finally {
      this.#unknown.delete(visitor);
    }
  }

  #receive(visitor: Visitor, hello: Hello | undefined, listen: Listen): void {
    const { address, cn } = visitor;
    // A system that shuts down takes nobody: its clients come back until the next one is there.
    if (this.#isClosed || this.#kernel.closing || visitor.socket.destroyed) return visitor.destroy();
    if (hello === undefined) {
      this.#strangers.refused('bytes', address, 'its greeting cannot be read');
      return visitor.destroy();
    }
    const rights = admitClient(hello, cn, listen);
    if (!(rights instanceof Rights)) return this.#refuse(visitor, rights);
    const now = this.#kernel.clock.now();
    const session = this.#sessionOf(rights, hello.session);
    this.#connect(this.#welcome(visitor, session), session, now - hello.now, address);
  }

  #welcome(visitor: Visitor, session: Session): Link {
    session.connection?.replace();
    const { messageBytesMax, askTimeoutMs } = this.#kernel.limits;
    const welcome: Welcome = {
      ...{ troupe: 'gateway', system: this.#parts.system.name, server: this.#server, acknowledged: session.accepted },
      ...{ messageBytesMax, askTimeoutMs },
      ...(session.cut !== undefined && { cut: session.cut }),
    };
    session.cut = undefined;
    this.#traffic.joined(visitor.socket);
    return visitor.welcome(encodeGreeting(welcome), messageBytesMax + FRAME_EXTRA_BYTES);
  }

  #connect(link: Link, session: Session, offsetMs: number, address: string): void {
    const { kernel, system, facts } = this.#parts;
    const connection = new ClientConnection({
      ...{ kernel, system, facts, session, link, offsetMs, traffic: this.#traffic },
      // Over a unix socket: whoever comes from elsewhere could not reach them.
      direct: address === '' ? this.#direct : undefined,
      misbehaved: (cause, text) => this.#strangers.refused(cause, address, text),
      ended: () => {
        this.#connections.delete(connection);
        if (session.connection !== connection) return;
        session.connection = undefined;
        session.endedAt = kernel.clock.now();
      },
    });
    session.connection = connection;
    this.#connections.add(connection);
  }

  #refuse(visitor: Visitor, { cause, code, text }: ClientRefusal): void {
    this.#strangers.refused(cause, visitor.address, text);
    const answer: Refused = { troupe: 'gateway', refused: code, message: text };
    visitor.refuse(encodeGreeting(answer));
  }

  /** A session is of one entry of `clients`: with another token its name says nothing. */
  #sessionOf(rights: Rights, name: string): Session {
    const key = `${rights.name} ${name}`;
    const found = this.#sessions.get(key);
    // Behind the others: the first ones are those that were used longest ago.
    this.#sessions.delete(key);
    const session = found ?? new Session(this.#kernel, rights, name);
    this.#sessions.set(key, session);
    if (this.#sessions.size > SESSIONS_KEPT_MAX) this.#forget(Number.POSITIVE_INFINITY, 1);
    return session;
  }

  /** Those that have ended before a time. */
  #forget(endedBefore: number, most: number): void {
    let left = most;
    for (const [key, session] of this.#sessions) {
      if (left <= 0) return;
      if (session.connection !== undefined || session.endedAt > endedBefore || session.mail.isBusy) continue;
      this.#sessions.delete(key);
      session.mail.close();
      left--;
    }
  }

  #lookLater(): void {
    const { beatMs = BEAT_MS, silentMs = SILENT_MS } = this.#parts;
    const { clock } = this.#kernel;
    this.#timer = clock.setTimer(beatMs, () => {
      for (const connection of [...this.#connections]) connection.look(silentMs);
      this.#forget(clock.now() - SESSION_KEPT_MS, Number.POSITIVE_INFINITY);
      if (!this.#isClosed) this.#lookLater();
    });
  }
}

/** Undefined where nobody may come in. */
export async function openGateway(parts: GatewayParts): Promise<Gateway | undefined> {
  if (parts.listen.length === 0 && parts.control === undefined) return undefined;
  const gateway = new Gateway(parts);
  await gateway.open();
  return gateway;
}
