/**
 * The entry `troupe/client` in a page: the same client over a WebSocket (`ws:`, `wss:`). The build makes one file of it, with what
 * the codec needs of Node.js in place (scripts/bundle-page.mjs).
 */
import { TroupeError } from '../../vocabulary/errors.ts';
import { inspect } from '../../plain-data/inspect.ts';
import { unknownOption } from '../../vocabulary/names.ts';
import { TOKEN_LENGTH_MAX } from '../../client-wire/client-greeting.ts';
import type { Client } from '../client.ts';
import { ConnectedClient } from '../connected-client.ts';
import { pageClock } from './page-clock.ts';
import { type PageAddress, webSocketDial } from './web-socket-dial.ts';

export { TroupeError } from '../../vocabulary/errors.ts';

const CONNECT_MS = 10_000;
const CONNECT_MS_MAX = 600_000;
const NAMES = ['token', 'connectMs'];

/** As in Node.js, with an address of `ws:` or `wss:`, and of the options `token` and `connectMs`. */
export async function connect(url: string, options: { token?: string; connectMs?: number } = {}): Promise<Client> {
  const address = check(url, options);
  const clock = pageClock();
  const client = new ConnectedClient(clock, webSocketDial(address, clock));
  await client.begin();
  return client;
}

function check(url: unknown, options: { token?: unknown; connectMs?: unknown }): PageAddress {
  if (typeof options !== 'object' || options === null)
    throw new TroupeError('INVALID_OPTIONS', `options: expected an object; got ${inspect(options)}`);
  const { token, connectMs = CONNECT_MS } = options;
  const faults = Object.keys(options).flatMap((name) =>
    NAMES.includes(name) ? [] : [unknownOption(name, name, NAMES)],
  );
  if (typeof url !== 'string' || !/^wss?:\/\/./.test(url))
    faults.push(`url: expected ws://<host>:<port> or wss://<host>:<port> in a page; got ${inspect(url)}`);
  if (token !== undefined && !(typeof token === 'string' && token.length >= 1 && token.length <= TOKEN_LENGTH_MAX))
    faults.push(`token: expected 1 to ${TOKEN_LENGTH_MAX} characters`);
  if (!Number.isInteger(connectMs) || (connectMs as number) < 1 || (connectMs as number) > CONNECT_MS_MAX)
    faults.push(`connectMs: expected a whole number from 1 to ${CONNECT_MS_MAX}; got ${inspect(connectMs)}`);
  if (faults.length > 0) throw new TroupeError('INVALID_OPTIONS', faults.join('\n'));
  return { url: url as string, token: token as string | undefined, connectMs: connectMs as number };
}
