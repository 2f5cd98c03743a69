/** The address of a machine, `host:port`: read, and found where nobody gives one. */
import { createConnection } from 'node:net';
import { asError, TroupeError } from '../vocabulary/errors.ts';

export interface SocketPlace {
  readonly host: string;
  readonly port: number;
}

/** Milliseconds for the connection by which the address is found. */
export const FIND_MS_MAX = 5_000;
const POSTGRES_PORT = 5432;
const LOOPBACK = '127.0.0.1';

/** Of `host:port` or `[IPv6]:port`. Throws for another text. */
export function parseMachineAddress(address: string): SocketPlace {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new TroupeError('INVALID_OPTIONS', `the address of a machine is host:port; got ${address}`);
  return { host, port: Number(port) };
}

export function machineAddress({ host, port }: SocketPlace): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The host of this machine as the database's host sees it: other machines, which reach the same database, most likely reach it there. A database
 * behind a unix socket is on this host: the loopback address then, and the cluster is one of this host alone. Rejects where it finds none.
 */
export async function hostTowards(databaseUrl: string): Promise<string> {
  const url = new URL(databaseUrl);
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '');
  if (host === '' || host.startsWith('/')) return LOOPBACK;
  const port = Number(url.port) || POSTGRES_PORT;
  try {
    return await localAddressTowards({ host, port });
  } catch (error) {
    const got = asError(error).message;
    const text = `the address of this machine is found by a connection to ${machineAddress({ host, port })}, which failed: ${got}; give cluster.advertise`;
    throw new TroupeError('ACTOR_UNAVAILABLE', text, { cause: error });
  }
}

function localAddressTowards({ host, port }: SocketPlace): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port });
    socket.setTimeout(FIND_MS_MAX, () => socket.destroy(new Error(`no answer within ${FIND_MS_MAX} ms`)));
    socket.once('error', reject);
    socket.once('connect', () => {
      // An address of IPv4 in the form of IPv6 is one that not everybody can dial.
      const { localAddress } = socket;
      resolve((localAddress ?? LOOPBACK).replace(/^::ffff:(?=\d+\.)/, ''));
      socket.destroy();
    });
  });
}
