/**
 * The rules by which requests are let in at one address, to see or to change. A browser is the danger: any page that it shows can send requests to this machine. The Host
 * header tells a name that was bent to this address (DNS rebinding), and Origin and Sec-Fetch-Site tell a page of somebody else.
 */
import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../client-wire/client-address.ts';
import type { ClientStrangers } from '../gateway/client-strangers.ts';
import { isSameSecret } from '../wire/handshake.ts';
import { type Need, WebRefusal } from './route.ts';
import type { WebAddress } from './web-options.ts';

/** Characters of a Host; a longer one is no name. So many of a Host or an Origin are shown. */
export const NAME_MAX = 255;

export class Admission {
  readonly #address: WebAddress;
  readonly #strangers: ClientStrangers;
  /** The cookie that a browser gets for the token: a page cannot read it, and it is of no use elsewhere. */
  readonly #ticket: string | undefined;

  constructor(address: WebAddress, strangers: ClientStrangers) {
    this.#address = address;
    this.#strangers = strangers;
    const { token } = address;
    this.#ticket = token && createHmac('sha256', token).update('page').digest('base64url');
  }

  /** Throws a `WebRefusal`; what it says shows nothing of the system. */
  check(request: IncomingMessage, needs: Need): void {
    if (needs === 'none') return;
    this.#checkHost(request);
    this.#checkOrigin(request);
    this.#checkToken(request);
    if (needs === 'admin' && this.#address.readOnly) throw new WebRefusal(403, 'this address is for reading only');
  }

  /** For the token, in exchange, the headers of a cookie. Throws a `WebRefusal`. */
  signIn(request: IncomingMessage, token: unknown): Record<string, string> {
    this.#checkHost(request);
    this.#checkOrigin(request);
    const { token: own = '' } = this.#address;
    this.#checkAddress(request);
    if (typeof token !== 'string' || !isSameSecret(own, token)) throw this.#wrongToken(request);
    return { 'set-cookie': `${this.#cookieName(request)}=${this.#ticket}; HttpOnly; SameSite=Strict; Path=/` };
  }

  /** Scrapers and probes call a process by names that it cannot know: only where a browser of this machine comes in are names looked at. */
  #checkHost(request: IncomingMessage): void {
    const { option, host } = this.#address;
    if (option === 'metrics' && !isLoopback(host)) return;
    // Node.js takes the first one; what stands between it and the browser may have taken another.
    if (hostsOf(request) > 1) throw new WebRefusal(400, 'expected one Host');
    const name = hostNameOf(request.headers.host);
    if (name !== undefined && (isIP(name) !== 0 || isLocalName(name) || name === host.toLowerCase())) return;
    this.#strangers.refused('origin', addressOf(request), `the Host is ${shown(request.headers.host)}`);
    const text = `expected the Host to be an address, localhost or the option ${option}.host`;
    throw new WebRefusal(421, `${text}; got ${shown(request.headers.host)}`);
  }

  #checkOrigin(request: IncomingMessage): void {
    const { origin, host, 'sec-fetch-site': site } = request.headers;
    const isOurs = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
    if (isOurs && (site === undefined || site === 'same-origin' || site === 'none')) return;
    this.#strangers.refused('origin', addressOf(request), `a page of ${shown(origin ?? site)}`);
    throw new WebRefusal(403, `expected a request of this address's own page; got one of ${shown(origin ?? site)}`);
  }

  #checkToken(request: IncomingMessage): void {
    const { token } = this.#address;
    if (token === undefined) return;
    this.#checkAddress(request);
    const { authorization, cookie = '' } = request.headers;
    const ticket = cookieOf(cookie, this.#cookieName(request));
    if (ticket !== undefined && isSameSecret(this.#ticket as string, ticket)) return;
    if (authorization !== undefined) {
      const [, given] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
      if (given !== undefined && isSameSecret(token, given)) return;
      throw this.#wrongToken(request);
    }
    throw new WebRefusal(401, 'expected the token of the option dashboard.token', {
      'www-authenticate': 'Bearer realm="troupe"',
    });
  }

  #checkAddress(request: IncomingMessage): void {
    if (!this.#strangers.isShutOut(addressOf(request))) return;
    this.#strangers.refused('rate', addressOf(request), 'it was refused again and again');
    throw new WebRefusal(429, 'this address was refused again and again', { 'retry-after': '10' });
  }

  #wrongToken(request: IncomingMessage): WebRefusal {
    this.#strangers.refused('token', addressOf(request), 'a wrong token over HTTP');
    return new WebRefusal(401, 'the token is not the one of this system', {
      'www-authenticate': 'Bearer realm="troupe", error="invalid_token"',
    });
  }

  /** Browsers keep cookies by host, not by port: two systems of a machine keep apart by the name. */
  #cookieName(request: IncomingMessage): string {
    return `troupe-${request.socket.localPort}`;
  }
}

/** In lower case, without its port and brackets; undefined where it is none. */
export function hostNameOf(host: string | undefined): string | undefined {
  if (host === undefined || host.length > NAME_MAX) return undefined;
  const [, inBrackets, name] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (inBrackets ?? name)?.toLowerCase();
}

function hostsOf({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function cookieOf(cookies: string, name: string): string | undefined {
  for (const one of cookies.split(';')) {
    const [key, value] = one.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}

function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? '';
}

function shown(text: string | string[] | undefined): string {
  return JSON.stringify(String(text ?? '').slice(0, NAME_MAX));
}
