/** A client of a system that runs elsewhere: in another process, on another machine. Loads no store, no machines, no cluster. */
import '../node-version.ts';
import { findSpans } from '../tracing/find-spans.ts';
import { systemClock } from '../vocabulary/system-clock.ts';
import type { Client } from './client.ts';
import { checkConnect, type ConnectOptions } from './connect-options.ts';
import { ConnectedClient } from './connected-client.ts';
import { dialOf } from './dial.ts';

export type { Client, ClientEventName, ClientEvents, ClientRef } from './client.ts';
export type { ConnectOptions } from './connect-options.ts';

/**
 * Connects with the system of this user that runs with the `dataDir`, by its control socket. Rejects INVALID_OPTIONS, and ACTOR_UNAVAILABLE where there
 * is none, or more than one. Later on it connects again by itself, with backoff, until `close()`.
 *
 * @example
 * ```ts
 * const client = await connect();
 * const other = await connect({ dataDir: '/var/lib/shop', system: 'shop' });
 * ```
 */
export function connect(options?: ConnectOptions): Promise<Client>;
/**
 * Connects with the system that listens at an address (option `listen` of `createSystem`). Rejects INVALID_OPTIONS, ACTOR_UNAVAILABLE where nobody
 * listens, FORBIDDEN for a wrong token or certificate. In a page: an address of `ws:` or `wss:`, and the options `token` and `connectMs`. Later on it connects again by itself, with backoff, until `close()`.
 *
 * @example
 * ```ts
 * const client = await connect('unix:.troupe/clients.sock');
 * const other = await connect('tls://example.org:7443', { token: 'secret' });
 * ```
 */
export function connect(url: string, options?: ConnectOptions): Promise<Client>;
export async function connect(first?: string | ConnectOptions, second?: ConnectOptions): Promise<Client> {
  const isOptions = typeof first === 'object' && second === undefined;
  const [url, options = {}] = isOptions ? [undefined, first] : [first, second];
  const address = checkConnect(url, options);
  const clock = systemClock();
  const spans = await findSpans('auto', undefined);
  const client = new ConnectedClient(clock, dialOf(address, options, clock), spans);
  await client.begin();
  return client;
}
