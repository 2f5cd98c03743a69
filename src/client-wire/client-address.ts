/** Where a gateway listens and a client connects: `unix:<path>`, `tcp://<host>:<port>`, `tls://<host>:<port>`. */
import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { inspect } from '../plain-data/inspect.ts';
import { SOCKET_PATH_BYTES_MAX } from '../wire/socket-path.ts';

/** `ws` and `wss` are for pages. */
export type InternetScheme = 'tcp' | 'tls' | 'ws' | 'wss';

export type ClientAddress =
  | { readonly scheme: 'unix'; readonly path: string }
  | { readonly scheme: InternetScheme; readonly host: string; readonly port: number };

const INTERNET = /^(tcp|tls|wss?):\/\/(\[[0-9a-fA-F:.%]+\]|[^\s:/@?#[\]]+):(\d{1,5})\/?$/;

/** The address, or what is wrong with it: `expected …; got …`. A relative path is taken from the working folder. */
export function parseClientAddress(url: unknown): ClientAddress | string {
  if (typeof url === 'string') {
    if (url.startsWith('unix:') && url.length > 'unix:'.length) return unixAddress(url.slice('unix:'.length));
    const [, scheme, name, digits] = INTERNET.exec(url) ?? [];
    const port = Number(digits);
    if (name !== undefined && port >= 1 && port <= 65_535)
      return { scheme: scheme as InternetScheme, host: name.replace(/^\[|\]$/g, ''), port };
  }
  return `expected unix:<path>, or tcp:, tls:, ws: or wss:, each with //<host>:<port>; got ${inspect(url)}`;
}

function unixAddress(given: string): ClientAddress | string {
  const path = resolve(given.replace(/^\/\/(?=\/)/, ''));
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_BYTES_MAX) return { scheme: 'unix', path };
  return `expected the path of a unix socket, at most ${SOCKET_PATH_BYTES_MAX} bytes; got ${bytes}: ${path}`;
}

/** True where no other machine can reach it. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

export function clientAddressText(address: ClientAddress): string {
  if (address.scheme === 'unix') return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.scheme}://${host}:${address.port}`;
}
