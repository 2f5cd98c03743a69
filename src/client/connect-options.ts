/** The options of `connect()`, checked in one place. */
import { Buffer } from 'node:buffer';
import { createSecureContext } from 'node:tls';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { unknownOption } from '../vocabulary/names.ts';
import { type ClientAddress, parseClientAddress } from '../client-wire/client-address.ts';
import { TOKEN_LENGTH_MAX } from '../client-wire/client-greeting.ts';

/** Options of `connect()`, beside the address or in its place. */
export interface ConnectOptions {
  /**
   * Without an address: the `dataDir` of the system. Default: that of the environment variable TROUPE_DATA_DIR, else `.troupe`. A relative
   * one is looked for in the working folder, then beside the program's entry module.
   */
  dataDir?: string;
  /** Without an address: the name of the system, where several run with one `dataDir`. Default: the only one there. */
  system?: string;
  /** One of `clients` of the option `listen`. Default: none. */
  token?: string;
  /** `tls:` only: who signed the certificate of the server, in PEM. Default: those that Node.js knows. */
  ca?: string | Uint8Array;
  /** `tls:` only: a certificate of this client, in PEM. */
  cert?: string | Uint8Array;
  /** `tls:` only: the key of `cert`, in PEM. */
  key?: string | Uint8Array;
  /** `tls:` only: the name that the certificate of the server has to have. Default: the host of the address. */
  servername?: string;
  /** Milliseconds that one try to connect may take. Default 10 000. */
  connectMs?: number;
}

export const CONNECT_MS = 10_000;
export const CONNECT_MS_MAX = 600_000;
const NAMES = ['dataDir', 'system', 'token', 'ca', 'cert', 'key', 'servername', 'connectMs'];
const SEARCH_NAMES = ['dataDir', 'system'] as const;
const TLS_NAMES = ['ca', 'cert', 'key', 'servername'] as const;

/** Undefined without a url: the system has to be found. Throws INVALID_OPTIONS, naming every fault. */
export function checkConnect(url: unknown, options: ConnectOptions): ClientAddress | undefined {
  if (typeof options !== 'object' || options === null)
    throw new TroupeError('INVALID_OPTIONS', `options: expected an object; got ${inspect(options)}`);
  const address = url === undefined ? undefined : parseClientAddress(url);
  const faults = typeof address === 'string' ? [`url: ${address}`] : [];
  for (const name of SEARCH_NAMES) {
    const value: unknown = options[name];
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      faults.push(`${name}: expected ${name === 'dataDir' ? 'the path of a folder' : 'a name'}; got ${inspect(value)}`);
    else if (value !== undefined && url !== undefined)
      faults.push(`${name}: expected only without an address; got it with ${inspect(url)}`);
  }
  for (const name of Object.keys(options)) if (!NAMES.includes(name)) faults.push(unknownOption(name, name, NAMES));
  const { token, connectMs, servername } = options;
  if (token !== undefined && !(typeof token === 'string' && token.length >= 1 && token.length <= TOKEN_LENGTH_MAX))
    faults.push(`token: expected 1 to ${TOKEN_LENGTH_MAX} characters; got ${lengthOf(token)}`);
  const isTime = Number.isInteger(connectMs) && (connectMs as number) >= 1 && (connectMs as number) <= CONNECT_MS_MAX;
  if (connectMs !== undefined && !isTime)
    faults.push(`connectMs: expected a whole number from 1 to ${CONNECT_MS_MAX}; got ${inspect(connectMs)}`);
  if (servername !== undefined && typeof servername !== 'string')
    faults.push(`servername: expected the name of a host; got ${inspect(servername)}`);
  if (typeof address === 'object' && (address.scheme === 'ws' || address.scheme === 'wss'))
    faults.push(`url: expected unix:, tcp: or tls:, as ws: and wss: are for pages; got ${inspect(url)}`);
  const isTls = typeof address === 'object' && address.scheme === 'tls';
  for (const name of TLS_NAMES)
    if (options[name] !== undefined && !isTls)
      faults.push(
        `${name}: expected only with tls:; got it ${url === undefined ? 'without an address' : `with ${inspect(url)}`}`,
      );
  if (isTls) faults.push(...validateTls(options));
  if (typeof address === 'string' || faults.length > 0) throw new TroupeError('INVALID_OPTIONS', faults.join('\n'));
  return address;
}

function validateTls({ ca, cert, key }: ConnectOptions): string[] {
  if ((cert === undefined) !== (key === undefined)) return ['cert, key: expected both or neither; got one of them'];
  try {
    createSecureContext(tlsParts({ ca, cert, key }));
    return [];
  } catch (error) {
    return [`ca, cert, key: expected PEM; got ${(error as Error).message}`];
  }
}

/** As Node's TLS takes them. */
export function tlsParts(parts: { [K in 'ca' | 'cert' | 'key']?: string | Uint8Array | undefined }): {
  [name: string]: string | Buffer;
} {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [name, typeof value === 'string' ? value : Buffer.from(value as Uint8Array)]),
  );
}

function lengthOf(value: unknown): string {
  return typeof value === 'string' ? `${value.length}` : `a ${typeof value}`;
}
