/** A client of a system that runs elsewhere: in another process, on another machine. Loads no store, no machines, no cluster. */
import '../node-version.ts';
import { systemClock } from '../vocabulary/system-clock.ts';
import type { Client } from './client.ts';
import { checkConnect, type ConnectOptions } from './connect-options.ts';
import { ConnectedClient } from './connected-client.ts';
import { dialOf } from './dial.ts';

export type { Client, ClientEventName, ClientEvents, ClientRef } from './client.ts';
export type { ConnectOptions } from './connect-options.ts';

/**
 * Connects with a system that has the option `listen`. Rejects INVALID_OPTIONS, ACTOR_UNAVAILABLE where nobody listens, FORBIDDEN for
 * a wrong token or certificate. Later on it connects again by itself, with backoff, until `close()`.
 *
 * @example
 * ```ts
 * const client = await connect('unix:.troupe/clients.sock');
 * const other = await connect('tls://example.org:7443', { token: 'secret' });
 * ```
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Client> {
  const address = checkConnect(url, options);
  const clock = systemClock();
  const client = new ConnectedClient(clock, dialOf(address, options, clock));
  await client.begin();
  return client;
}
