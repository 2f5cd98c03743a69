/** One try to reach a gateway: the socket, TLS where it is wanted, and the greeting. */
import { createConnection, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../vocabulary/clock.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { type ClientAddress, clientAddressText } from '../client-wire/client-address.ts';
import {
  CLIENT_VERSION,
  decodeAnswer,
  type DirectOffer,
  type Hello,
  newSession,
  type Welcome,
} from '../client-wire/client-greeting.ts';
import { firstFrame } from '../wire/first-frame.ts';
import { encodeGreeting, HANDSHAKE_BYTES_MAX } from '../wire/handshake.ts';
import { FRAME_EXTRA_BYTES, type Link } from '../wire/link.ts';
import { Poller } from '../wire/poller.ts';
import { withShortPath } from '../wire/short-path.ts';
import { SocketLink } from '../wire/socket-link.ts';
import { CONNECT_MS, type ConnectOptions, tlsParts } from './connect-options.ts';
import { findSystem } from './system-search.ts';

/** Bytes that wait in the socket's queue before `write` says false. */
const UNWRITTEN_BYTES = 256 * 1024;
/** Milliseconds to come in at the socket of a worker. */
export const DIRECT_MS = 2_000;
/** Milliseconds, more or less, between two tries at a unix socket for which too many wait. */
export const BUSY_MS = 40;

export interface Dialled {
  readonly link: Link;
  readonly welcome: Welcome;
}

/** How a client reaches its system; the tests have one in memory. */
export interface Dial {
  (session: string): Promise<Dialled>;
  /** To the socket of a worker; undefined: nobody who comes this way could reach one. */
  direct?: ((offer: DirectOffer) => Promise<Link>) | undefined;
}

export function dialOf(address: ClientAddress | undefined, options: ConnectOptions, clock: Clock): Dial {
  const isLocal = address === undefined || address.scheme === 'unix';
  const whole: Dial =
    address === undefined ? searchingDial(options, clock) : (session) => dial(address, options, clock, session);
  return isLocal ? Object.assign(whole, { direct: (offer: DirectOffer) => dialDirect(offer, clock) }) : whole;
}

async function dialDirect({ path, ticket }: DirectOffer, clock: Clock): Promise<Link> {
  const options = { token: ticket, connectMs: DIRECT_MS };
  return (await dial({ scheme: 'unix', path }, options, clock, newSession())).link;
}

/** The socket of a system has another name each time that it starts: it is looked for with every try. */
function searchingDial(options: ConnectOptions, clock: Clock): Dial {
  const { dataDir } = options;
  let { system } = options;
  return async (session) => {
    const found = await findSystem({ dataDir, system });
    const dialled = await dial({ scheme: 'unix', path: found.path }, options, clock, session);
    // Of the systems that run there later, only one of that name has what this client told.
    system = found.system;
    return dialled;
  };
}

interface Attempt {
  /** The address, for errors. */
  readonly where: string;
  readonly options: ConnectOptions;
  readonly clock: Clock;
  readonly session: string;
}

function dial(address: ClientAddress, options: ConnectOptions, clock: Clock, session: string): Promise<Dialled> {
  const attempt = { where: clientAddressText(address), options, clock, session };
  if (address.scheme !== 'unix') return introduce(open(address, options), attempt);
  return withShortPath(address.path, (path) => dialFile(path, attempt));
}

/** Where more clients come at once than the kernel keeps for the one that listens, over TCP it tries again by itself, and here it refuses. */
async function dialFile(path: string, attempt: Attempt): Promise<Dialled> {
  const { clock, options } = attempt;
  const until = clock.now() + (options.connectMs ?? CONNECT_MS);
  for (;;) {
    try {
      return await introduce(createConnection({ path, highWaterMark: UNWRITTEN_BYTES } as NetConnectOpts), attempt);
    } catch (error) {
      const { code } = ((error as TroupeError).cause ?? {}) as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' || clock.now() >= until) throw error;
      await new Promise<void>((resolve) => clock.setTimer(BUSY_MS * (0.5 + Math.random()), resolve));
    }
  }
}

async function introduce(socket: Socket, { where, options, clock, session }: Attempt): Promise<Dialled> {
  const hello: Hello = {
    ...{ troupe: 'client', version: CLIENT_VERSION, session, now: clock.now() },
    ...(options.token !== undefined && { token: options.token }),
  };
  // With TLS it waits for the handshake: nobody gets the token whose certificate is not the right one.
  socket.write(encodeGreeting(hello));
  const { connectMs = CONNECT_MS } = options;
  const heard = await firstFrame(socket, clock, connectMs, HANDSHAKE_BYTES_MAX).catch((error: unknown) => {
    throw unavailable(where, asError(error));
  });
  const answer = decodeAnswer(heard.bytes);
  if (answer !== undefined && 'server' in answer) {
    heard.splitter.frameBytesMax = answer.messageBytesMax + FRAME_EXTRA_BYTES;
    const peer = { index: 0, incarnation: 1 };
    return { link: new SocketLink(socket, heard.splitter, peer, clock, new Poller(clock, 0)), welcome: answer };
  }
  socket.destroy();
  if (answer === undefined) throw unavailable(where, new Error('its answer cannot be read'));
  throw new TroupeError(answer.refused, answer.message, { fate: 'not-executed' });
}

function open({ scheme, host, port }: Exclude<ClientAddress, { scheme: 'unix' }>, options: ConnectOptions): Socket {
  if (scheme === 'tcp')
    return createConnection({ host, port, noDelay: true, highWaterMark: UNWRITTEN_BYTES } as NetConnectOpts);
  const { ca, cert, key, servername } = options;
  const socket = connectTls({
    ...{ host, port, minVersion: 'TLSv1.3', ...tlsParts({ ca, cert, key }) },
    ...(servername !== undefined && { servername }),
  });
  socket.setNoDelay(true);
  return socket;
}

function unavailable(where: string, cause: Error): TroupeError {
  const text = `cannot connect to ${where}: ${cause.message || cause.name}`;
  return new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'not-executed', cause });
}
