/** Options of `consume`, checked. */
import type { Message } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { unknownOption } from '../vocabulary/names.ts';
import type { OutsideId } from '../vocabulary/outside-id.ts';
import type { Delivery } from './broker.ts';

/** Messages of a queue in flight, at most: more than an actor remembers by their ids could not be recognised. */
export const PREFETCH_MAX = 1_000;
export const PREFETCH = 100;
export const TRIES = 10;
const TRIES_MAX = 1_000;

/** Options of `consume`. */
export interface ConsumeOptions {
  /**
   * The id of the actor that a message is for. An error that it throws rejects the message, as INVALID_MESSAGE.
   *
   * @example
   * ```ts
   * gateway.consume('orders', { to: ({ fields }) => `order/${fields.routingKey}`, message: () => ({ type: 'placed' }) });
   * ```
   */
  to: (delivery: Delivery) => string;
  /**
   * The message that the actor is asked with. An error that it throws rejects the message, as INVALID_MESSAGE.
   *
   * @example
   * ```ts
   * gateway.consume('orders', { to: () => 'orders/all', message: ({ content }) => ({ type: 'placed', ...JSON.parse(String(content)) }) });
   * ```
   */
  message: (delivery: Delivery) => Message;
  /** Messages that the broker delivers before they are acknowledged, from 1 to 1 000; what holds it back when actors are slow. Default 100. */
  prefetch?: number | undefined;
  /**
   * Whether a message is handled once, by the `messageId` of its properties, or the id that a function gives; true by default. A durable actor knows
   * the last 4 096 ids, for seven days, over crashes of everything; of volatile ones this gateway knows the last 16 384. Without an id it
   * is handled at least once.
   */
  once?: boolean | ((delivery: Delivery) => string | undefined) | undefined;
  /** Milliseconds that an ask may take, as `timeoutMs` of `ask`. Default: `askTimeoutMs` of the system. */
  timeoutMs?: number | undefined;
  /** Asks of one delivery, from 1 to 1 000, where its actor cannot take it or does not answer; between them 100 ms to 30 s. Default 10. */
  tries?: number | undefined;
  /**
   * Called on each new channel, before it consumes: the place to declare the queue. The channel is amqplib's. Default: the queue must be there,
   * and is waited for where it is not.
   *
   * @example
   * ```ts
   * gateway.consume('mails', { to: () => 'email/news', message: () => ({ type: 'send' }), declare: (channel) => channel.assertQueue('mails') });
   * ```
   */
  // biome-ignore lint/suspicious/noExplicitAny: amqplib's Channel, whose types are not there without it
  declare?: ((channel: any) => Promise<unknown>) | undefined;
}

const NAMES = ['to', 'message', 'prefetch', 'once', 'timeoutMs', 'tries', 'declare'];

export type CheckedConsumeOptions = ConsumeOptions &
  Required<Pick<ConsumeOptions, 'prefetch' | 'once' | 'tries'>> & {
    readonly prefetch: number;
    readonly tries: number;
    readonly once: Exclude<ConsumeOptions['once'], undefined>;
  };

export function checkConsume(queue: string, options: ConsumeOptions): CheckedConsumeOptions {
  checkName('queue', queue);
  if (typeof options !== 'object' || options === null) throw invalid('options of consume', 'an object', options);
  for (const name of Object.keys(options))
    if (!NAMES.includes(name)) throw new TroupeError('INVALID_OPTIONS', unknownOption(name, name, NAMES));
  const { to, message, prefetch = PREFETCH, once = true, timeoutMs, tries = TRIES, declare } = options;
  for (const [name, value] of Object.entries({ to, message }))
    if (typeof value !== 'function') throw invalid(name, 'a function of the delivery', value);
  checkWhole('prefetch', prefetch, PREFETCH_MAX);
  checkWhole('tries', tries, TRIES_MAX);
  if (timeoutMs !== undefined) checkWhole('timeoutMs', timeoutMs, 86_400_000);
  if (typeof once !== 'boolean' && typeof once !== 'function')
    throw invalid('once', 'true, false or a function of the delivery', once);
  if (declare !== undefined && typeof declare !== 'function') throw invalid('declare', 'a function', declare);
  return { ...options, prefetch, once, tries };
}

export function checkName(what: string, name: unknown): void {
  if (typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= 255) return;
  throw invalid(what, 'a name of 1 to 255 bytes', name);
}

export function checkWhole(name: string, value: unknown, max: number): void {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max) return;
  throw invalid(name, `a whole number from 1 to ${max}`, value);
}

export function invalid(name: string, expected: string, got: unknown): TroupeError {
  return new TroupeError('INVALID_OPTIONS', `${name}: expected ${expected}; got ${inspect(got)}`);
}

/** Bytes of an id: what a broker lets a message have. */
const ID_BYTES_MAX = 255;
/** Characters that have no more bytes than that. */
const ID_SHORT = 85;

/** By queue: the same message in two queues is meant twice. Undefined where it has none, or none that is wanted. */
export function idOfDelivery(
  queue: string,
  once: CheckedConsumeOptions['once'],
  delivery: Delivery,
): OutsideId | undefined {
  if (once === false) return undefined;
  const id = once === true ? delivery.properties.messageId : once(delivery);
  if (id === undefined || id === '') return undefined;
  if (typeof id !== 'string' || (id.length > ID_SHORT && Buffer.byteLength(id) > ID_BYTES_MAX))
    throw invalid('message id', `a text of at most ${ID_BYTES_MAX} bytes`, id);
  return { name: `${queue}|${id}`, life: livesBefore(queue, delivery.properties.headers) };
}

/** How often it was rejected from this queue, and came back: somebody means it to be tried again. */
function livesBefore(queue: string, headers: { readonly [name: string]: unknown } | undefined): number {
  const deaths: unknown = headers?.['x-death'];
  if (!Array.isArray(deaths)) return 0;
  let lives = 0;
  for (const death of deaths as { queue?: unknown; reason?: unknown; count?: unknown }[])
    if (death?.queue === queue && death.reason === 'rejected' && Number(death.count) > 0) lives += Number(death.count);
  return Math.floor(lives);
}
