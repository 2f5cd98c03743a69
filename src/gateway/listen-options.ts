/** The option `listen` of createSystem: where clients come in, who they are and what they may. */
import { Buffer } from 'node:buffer';
import { createSecureContext } from 'node:tls';
import { inspect } from '../plain-data/inspect.ts';
import { unknownOption } from '../vocabulary/names.ts';
import { type ClientAddress, isLoopback, parseClientAddress } from '../client-wire/client-address.ts';
import { TOKEN_LENGTH_MAX } from '../client-wire/client-greeting.ts';
import { CLIENT_RIGHTS, type ClientRight, Rights, USUAL_RIGHTS } from './rights.ts';

/** One who may come in, and with which rights. */
export interface ClientOptions {
  /** The token that the client gives to `connect()`, 1 to 1 024 characters. */
  token?: string;
  /** `tls:` and `wss:` only: the common name of the client's certificate, which `ca` has to have signed. */
  cn?: string;
  /** Kinds of the actors that it reaches; `*` stands for any characters. Default: all. */
  kinds?: readonly string[];
  /** Default: `tell`, `ask`, `publish`, `subscribe`, `watch`, `read`. Topics belong to no kind. */
  may?: readonly ClientRight[];
}

/** One address where clients come in. */
export interface ListenOptions {
  /**
   * `unix:<path>` (its file is for this user alone), `tcp://<host>:<port>` (loopback only, unless `insecure`), or
   * `tls://<host>:<port>` (TLS 1.3). For pages, by WebSocket: `ws://<host>:<port>` (as `tcp:`) and `wss://<host>:<port>` (as `tls:`), with the package `ws`. A relative path is taken from the working folder.
   */
  url: string;
  /** `tls:` and `wss:` only: the certificate, in PEM. */
  cert?: string | Uint8Array;
  /** `tls:` and `wss:` only: the key of `cert`, in PEM. */
  key?: string | Uint8Array;
  /** `tls:` and `wss:` only: who signs the certificates of clients, in PEM. */
  ca?: string | Uint8Array;
  /** The clients that may come in. Without it: everybody who can connect, with all rights. `tls:` and `wss:` need it. */
  clients?: readonly ClientOptions[];
  /** `tcp:` and `ws:` only: listen on another address than loopback, though everybody on the way can read tokens and messages. Default false. */
  insecure?: boolean;
  /** `ws:` and `wss:` only: the origins of the pages that may come in, each as a browser says it: `https://shop.example`. Default: none. */
  origins?: readonly string[];
  /** Milliseconds that a client has to say who it is. Default 2 000. */
  handshakeMs?: number;
}

export interface Listen {
  readonly address: ClientAddress;
  readonly tls:
    | { cert: string | Uint8Array; key: string | Uint8Array; ca: string | Uint8Array | undefined }
    | undefined;
  /** Of those who name neither token nor certificate. */
  readonly everybody: Rights | undefined;
  readonly clients: readonly { token: string | undefined; cn: string | undefined; rights: Rights }[];
  readonly origins: readonly string[];
  readonly handshakeMs: number;
}

export const LISTENERS_MAX = 16;
export const ORIGINS_MAX = 1_000;
export const CLIENTS_NAMED_MAX = 10_000;
export const HANDSHAKE_MS = 2_000;
export const HANDSHAKE_MS_MAX = 60_000;
const NAMES = ['url', 'cert', 'key', 'ca', 'clients', 'insecure', 'origins', 'handshakeMs'];
const CLIENT_NAMES = ['token', 'cn', 'kinds', 'may'];
const KIND_PATTERN = /^[a-z0-9*-]{1,64}$/;

export function resolveListen(listen: readonly ListenOptions[] = []): Listen[] {
  return listen.map(({ url, cert, key, ca, clients, origins = [], handshakeMs = HANDSHAKE_MS }) => ({
    address: parseClientAddress(url) as ClientAddress,
    tls: cert === undefined || key === undefined ? undefined : { cert, key, ca },
    everybody: clients === undefined ? new Rights(`everybody at ${url}`, CLIENT_RIGHTS, ['*']) : undefined,
    clients: (clients ?? []).map(({ token, cn, kinds = ['*'], may = USUAL_RIGHTS }, position) => ({
      ...{ token, cn, rights: new Rights(`${cn ?? `clients[${position}]`} at ${url}`, may, kinds) },
    })),
    origins,
    handshakeMs,
  }));
}

export function validateListen(listen: unknown): string[] {
  if (listen === undefined) return [];
  if (!Array.isArray(listen) || listen.length > LISTENERS_MAX)
    return [`listen: expected a list of at most ${LISTENERS_MAX} { url, … }; got ${inspect(listen)}`];
  return listen.flatMap((one, position) => validateOne(one, `listen[${position}]`));
}

function validateOne(one: unknown, at: string): string[] {
  if (typeof one !== 'object' || one === null) return [`${at}: expected { url, … }; got ${inspect(one)}`];
  const { url, insecure, handshakeMs, clients } = one as { [K in keyof ListenOptions]: unknown };
  const faults = Object.keys(one)
    .filter((name) => !NAMES.includes(name))
    .map((name) => unknownOption(`${at}.${name}`, name, NAMES));
  if (insecure !== undefined && typeof insecure !== 'boolean')
    faults.push(`${at}.insecure: expected true or false; got ${inspect(insecure)}`);
  const isTime = Number.isInteger(handshakeMs) && (handshakeMs as number) >= 1;
  if (handshakeMs !== undefined && !(isTime && (handshakeMs as number) <= HANDSHAKE_MS_MAX))
    faults.push(
      `${at}.handshakeMs: expected a whole number from 1 to ${HANDSHAKE_MS_MAX}; got ${inspect(handshakeMs)}`,
    );
  const address = parseClientAddress(url);
  if (typeof address === 'string') return [...faults, `${at}.url: ${address}`, ...validateClients(clients, at, true)];
  const { scheme } = address;
  if ((scheme === 'tcp' || scheme === 'ws') && insecure !== true && !isLoopback(address.host)) {
    const secure = scheme === 'tcp' ? 'tls' : 'wss';
    faults.push(
      `${at}.url: expected a loopback address for ${scheme}:, or ${secure}:, or insecure: true; got ${inspect(url)}`,
    );
  }
  const isTls = scheme === 'tls' || scheme === 'wss';
  const isOpen = scheme === 'ws' && clients === undefined && !isLoopback(address.host);
  if (isOpen) faults.push(`${at}.clients: expected who may come in over ws: from elsewhere; got undefined`);
  faults.push(...validateOrigins((one as ListenOptions).origins, at, scheme === 'ws' || scheme === 'wss'));
  return [...faults, ...validateTls(one as ListenOptions, at, isTls), ...validateClients(clients, at, isTls)];
}

function validateOrigins(origins: unknown, at: string, isWeb: boolean): string[] {
  if (origins === undefined) return [];
  if (!isWeb) return [`${at}.origins: expected only with ws: or wss:; got it with another url`];
  const isOrigin = (one: unknown): boolean =>
    typeof one === 'string' && URL.canParse(one) && new URL(one).origin === one && one !== 'null';
  if (isListOf(origins, isOrigin) && (origins as unknown[]).length <= ORIGINS_MAX) return [];
  return [`${at}.origins: expected at most ${ORIGINS_MAX} like 'https://shop.example'; got ${inspect(origins)}`];
}

function validateTls({ cert, key, ca, clients }: ListenOptions, at: string, isTls: boolean): string[] {
  const given = { cert, key, ca };
  if (!isTls) {
    const names = Object.entries(given).filter(([, value]) => value !== undefined);
    return names.map(([name]) => `${at}.${name}: expected only with tls: or wss:; got it with another url`);
  }
  const faults: string[] = [];
  if (clients === undefined) faults.push(`${at}.clients: expected who may come in over tls: or wss:; got undefined`);
  for (const name of ['cert', 'key', 'ca'] as const)
    if (!isPem(given[name]) && !(name === 'ca' && ca === undefined))
      faults.push(`${at}.${name}: expected PEM, as a string or bytes; got ${inspect(given[name])}`);
  if (faults.length > 0) return faults;
  try {
    createSecureContext({ cert: pem(cert), key: pem(key), ...(ca !== undefined && { ca: pem(ca) }) });
  } catch (error) {
    // Never the key itself: only what the library says of it.
    faults.push(`${at}.cert, key: expected a certificate and its key in PEM; got ${(error as Error).message}`);
  }
  return faults;
}

function validateClients(clients: unknown, at: string, isTls: boolean): string[] {
  if (clients === undefined) return [];
  if (!Array.isArray(clients) || clients.length > CLIENTS_NAMED_MAX)
    return [
      `${at}.clients: expected a list of at most ${CLIENTS_NAMED_MAX} { token, … }; got ${Array.isArray(clients) ? `one of ${clients.length}` : typeof clients}`,
    ];
  return clients.flatMap((client, position) => validateClient(client, `${at}.clients[${position}]`, isTls));
}

function validateClient(client: unknown, at: string, isTls: boolean): string[] {
  if (typeof client !== 'object' || client === null) return [`${at}: expected { token, … }; got ${inspect(client)}`];
  const { token, cn, kinds, may } = client as { [K in keyof ClientOptions]: unknown };
  const faults = Object.keys(client)
    .filter((name) => !CLIENT_NAMES.includes(name))
    .map((name) => unknownOption(`${at}.${name}`, name, CLIENT_NAMES));
  const isText = (value: unknown): boolean =>
    typeof value === 'string' && value.length >= 1 && value.length <= TOKEN_LENGTH_MAX;
  // A token is a secret: an error, which is logged, does not repeat it.
  if (token !== undefined && !isText(token))
    faults.push(`${at}.token: expected 1 to ${TOKEN_LENGTH_MAX} characters; got ${shapeOf(token)}`);
  if (cn !== undefined && !(isText(cn) && isTls))
    faults.push(`${at}.cn: expected the common name of a certificate, with tls: or wss:; got ${inspect(cn)}`);
  if (token === undefined && cn === undefined) faults.push(`${at}: expected a token or a cn; got neither`);
  if (kinds !== undefined && !isListOf(kinds, (kind) => typeof kind === 'string' && KIND_PATTERN.test(kind)))
    faults.push(`${at}.kinds: expected patterns of a-z, 0-9, - and *; got ${inspect(kinds)}`);
  if (may !== undefined && !isListOf(may, (right) => CLIENT_RIGHTS.includes(right as ClientRight)))
    faults.push(`${at}.may: expected some of ${CLIENT_RIGHTS.join(', ')}; got ${inspect(may)}`);
  return faults;
}

function isListOf(value: unknown, isOne: (part: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function shapeOf(value: unknown): string {
  return typeof value === 'string' ? `${value.length}` : `a ${typeof value}`;
}

function isPem(value: unknown): value is string | Uint8Array {
  return (typeof value === 'string' && value !== '') || value instanceof Uint8Array;
}

/** Node's TLS takes a Buffer, and no other bytes. */
export function pem(value: string | Uint8Array | undefined): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value ?? '');
}
