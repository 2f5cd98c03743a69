/** TLS between machines: by which certificates both ends know each other, and a connection that is secured within a time. */
import {
  connect,
  type ConnectionOptions,
  type PeerCertificate,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { Clock } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import { parseMachineAddress } from './machine-address.ts';
import type { MachineCredentials } from './machine-network.ts';

/** Bytes that wait in one socket's queue before `write` says false. */
export const UNWRITTEN_BYTES: number = 256 * 1024;
/** Milliseconds of silence after which the kernel asks whether the other host is there. */
export const KEEP_ALIVE_MS = 10_000;

/** The name in a certificate that the authority has signed. */
export interface CertifiedName {
  readonly cluster: string;
  readonly machine: string;
}

export function secured({ certificate, key, authority }: MachineCredentials): SecureContextOptions {
  return { cert: certificate, key, ca: authority, minVersion: 'TLSv1.3' };
}

/**
 * A connection to a machine whose certificate is of the same authority. Rejects with the reason where it is not there within the time. `opened`
 * is given the socket at once: whoever destroys it ends the try.
 */
export function secureConnection(
  address: string,
  credentials: MachineCredentials,
  { clock, withinMs, opened }: { clock: Clock; withinMs: number; opened(socket: TLSSocket): void },
): Promise<TLSSocket> {
  const options: ConnectionOptions & { highWaterMark: number } = {
    ...parseMachineAddress(address),
    ...secured(credentials),
    highWaterMark: UNWRITTEN_BYTES,
    // Machines are known by their ids, not by the names of hosts: the one who dials looks at the id.
    checkServerIdentity: () => undefined,
  };
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    opened(socket);
    const late = new Error(`no answer within ${withinMs} ms`);
    const timer = clock.setTimer(withinMs, () => socket.destroy(late));
    socket.setNoDelay(true);
    socket.once('error', (error) => reject(asError(reasonOf(error))));
    socket.once('close', () => {
      timer.cancel();
      reject(new Error('a closed connection instead of a handshake'));
    });
    socket.once('secureConnect', () => {
      timer.cancel();
      socket.pause();
      resolve(socket);
    });
  });
}

/** Undefined: it shows none, or one that the authority has not signed, or one that does not count now. */
export function certifiedNameOf(socket: TLSSocket): CertifiedName | undefined {
  if (!socket.authorized) return undefined;
  const { O: cluster, CN: machine } = (socket.getPeerCertificate() as Partial<PeerCertificate>).subject ?? {};
  // A list where a name has several of a kind.
  return typeof cluster === 'string' && typeof machine === 'string' ? { cluster, machine } : undefined;
}

/** Why a certificate is not good, for the log. */
export function certificateFault(socket: TLSSocket): string {
  const { subject } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  if (subject === undefined) return 'it showed no certificate';
  if (socket.authorized) return 'its certificate names no machine of a cluster';
  return `its certificate, of ${shown(subject.CN)} in ${shown(subject.O)}, is not of this cluster: ${socket.authorizationError}`;
}

/** The other end is no machine of this cluster, or this one is none to it. */
export class CertificateError extends Error {}

function reasonOf(error: NodeJS.ErrnoException): Error {
  const { code = '' } = error;
  // The words of OpenSSL for what a certificate is lacking; all else speaks for itself.
  const isCertificate = /CERT|ISSUER|SIGNATURE|VERIFY/.test(code) && !code.startsWith('ERR_SSL');
  return isCertificate
    ? new CertificateError(`its certificate is not of this cluster: ${code}`, { cause: error })
    : error;
}

function shown(text: unknown): string {
  return typeof text === 'string' ? text.slice(0, 100) : '?';
}
