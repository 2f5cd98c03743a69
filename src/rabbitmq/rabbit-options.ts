/** Options of a connection to a broker, checked. */
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { unknownOption } from '../vocabulary/names.ts';
import { invalid } from './consume-options.ts';

/** Where a broker is, and how it is reached. */
export interface RabbitOptions {
  /**
   * `amqp://user:password@host:port/vhost`, or `amqps:`. A heartbeat of 10 seconds is asked for, where its query has none: a broker that is
   * not heard of for 20 seconds counts as lost.
   */
  url: string;
  /** Options of the socket, as amqplib and `tls.connect` take them: `ca`, `cert`, `key`. Default: none. */
  socket?: object | undefined;
}

/** Seconds between two signs of life. */
const HEARTBEAT_S = 10;

/** The address that is dialled. */
export function checkRabbit(options: RabbitOptions, more: readonly string[] = []): { url: string; socket: object } {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object with a url', options);
  const known = ['url', 'socket', ...more];
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw new TroupeError('INVALID_OPTIONS', unknownOption(name, name, known));
  const { url, socket = {} } = options;
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['amqp:', 'amqps:'].includes(parsed.protocol))
    // A text that is no address may have a password in it all the same.
    throw invalid('url', 'amqp://… or amqps://…', typeof url === 'string' ? '(a text that is none)' : url);
  if (typeof socket !== 'object' || socket === null)
    throw new TroupeError('INVALID_OPTIONS', `socket: expected an object of options; got ${inspect(socket)}`);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_S));
  return { url: parsed.href, socket };
}
