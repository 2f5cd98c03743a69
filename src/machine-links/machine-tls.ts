/** TLS between machines: by which certificates both ends know each other, and a connection that is secured within a time. */
import type { Buffer } from 'node:buffer';
import { connect as connectTo, type Socket } from 'node:net';
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
import type { MachineCredentials, MachineWorker } from './machine-network.ts';
import { encodeWanted, TAKEN } from './wanted-worker.ts';

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

export interface SecuringParts {
  readonly clock: Clock;
  readonly withinMs: number;
  /** The worker that is meant; undefined: the one that listens. */
  readonly worker?: MachineWorker | undefined;
  /** Given the socket at once: whoever destroys it ends the try. */
  opened(socket: Socket): void;
}

/** A connection to a machine whose certificate is of the same authority. Rejects with the reason where it is not there within the time. */
export async function secureConnection(
  address: string,
  credentials: MachineCredentials,
  { clock, withinMs, worker, opened }: SecuringParts,
): Promise<TLSSocket> {
  const place = parseMachineAddress(address);
  const handed = worker && (await handedOver(place, worker, { clock, withinMs, opened }));
  const options: ConnectionOptions & { highWaterMark: number } = {
    ...(handed ? { socket: handed } : place),
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

/** A connection that the master of the machine has given to that worker. */
function handedOver(
  place: { host: string; port: number },
  worker: MachineWorker,
  { clock, withinMs, opened }: SecuringParts,
): Promise<Socket> {
  const raw = connectTo({ ...place, noDelay: true });
  opened(raw);
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(withinMs, () => raw.destroy(new Error(`no answer within ${withinMs} ms`)));
    const closed = (): void => {
      timer.cancel();
      reject(new Error('a closed connection instead of an answer of its worker'));
    };
    raw.on('error', reject);
    raw.once('close', closed);
    raw.once('connect', () => raw.write(encodeWanted(worker)));
    raw.on('readable', function look() {
      const answer = raw.read(1) as Buffer | null;
      if (answer === null) return;
      timer.cancel();
      raw.off('readable', look).off('close', closed);
      if (answer[0] === TAKEN) return resolve(raw);
      raw.destroy();
      reject(new Error('no such worker there'));
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
