/** One try to reach a gateway: the socket, TLS where it is wanted, and the greeting. */
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../vocabulary/clock.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { type ClientAddress, clientAddressText } from '../wire/client-address.ts';
import { CLIENT_VERSION, decodeAnswer, type Hello, type Welcome } from '../wire/client-greeting.ts';
import { firstFrame } from '../wire/first-frame.ts';
import { encodeGreeting, HANDSHAKE_BYTES_MAX } from '../wire/handshake.ts';
import { FRAME_EXTRA_BYTES, type Link } from '../wire/link.ts';
import { Poller } from '../wire/poller.ts';
import { SocketLink } from '../wire/socket-end.ts';
import { CONNECT_MS, type ConnectOptions, tlsParts } from './connect-options.ts';

/** Bytes that wait in the socket's queue before `write` says false. */
const UNWRITTEN_BYTES = 256 * 1024;

export interface Dialled {
  readonly link: Link;
  readonly welcome: Welcome;
}

/** How a client reaches its system; the tests have one in memory. */
export type Dial = (session: string) => Promise<Dialled>;

export function dialOf(address: ClientAddress, options: ConnectOptions, clock: Clock): Dial {
  return (session) => dial(address, options, clock, session);
}

async function dial(address: ClientAddress, options: ConnectOptions, clock: Clock, session: string): Promise<Dialled> {
  const where = clientAddressText(address);
  const socket = open(address, options);
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

function open(address: ClientAddress, options: ConnectOptions): Socket {
  const highWaterMark = { highWaterMark: UNWRITTEN_BYTES };
  if (address.scheme === 'unix') return createConnection({ path: address.path, ...highWaterMark });
  const { host, port } = address;
  if (address.scheme === 'tcp') return createConnection({ host, port, noDelay: true, ...highWaterMark });
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
