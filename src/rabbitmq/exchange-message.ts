/** The message that an exchange actor is told, and its publication: content and properties. */
import { Undeliverable } from '../vocabulary/errors.ts';
import { sortOf } from '../plain-data/inspect.ts';
import type { PublishProperties } from './broker.ts';

/** One message to publish, as an exchange actor is told it. */
export interface ExchangeMessage {
  /** By which the exchange finds the queues, at most 255 bytes. Default ''. */
  readonly routingKey?: string;
  /** Bytes and texts go as they are; anything else as JSON, with `application/json` as its content type. */
  readonly content: unknown;
  /** For the exchange, and for those that read it: plain values. Default: none. */
  readonly headers?: { readonly [name: string]: unknown };
  /** Type of the content. Default: `application/json` where that is what it is. */
  readonly contentType?: string;
  /** The id that consumers may know a repeat by, at most 255 bytes. Default: one that is the same for every try. */
  readonly messageId?: string;
  /** Whether it outlives a restart of the broker, in a durable queue. Default true. */
  readonly persistent?: boolean;
  /** Milliseconds after which the broker drops it unread. Default: never. */
  readonly expirationMs?: number;
  /** From 0 to 9. Default: none. */
  readonly priority?: number;
  /** Names what it answers. Default: none. */
  readonly correlationId?: string;
  /** The queue for an answer. Default: none. */
  readonly replyTo?: string;
  /** Name of the application. Default: none. */
  readonly appId?: string;
  /** Name of the kind of message, its `type` property. Default: none. */
  readonly kind?: string;
}

/** Bytes of texts that go as short strings. */
const SHORT_BYTES_MAX = 255;
const SHORT = ['routingKey', 'contentType', 'messageId', 'correlationId', 'replyTo', 'appId', 'kind'] as const;

/** Throws Undeliverable where it can never go. */
export function contentOf({ content }: ExchangeMessage): { bytes: Buffer; type: string | undefined } {
  if (content instanceof Uint8Array)
    return { bytes: Buffer.from(content.buffer, content.byteOffset, content.byteLength), type: undefined };
  if (typeof content === 'string') return { bytes: Buffer.from(content), type: undefined };
  let text: string | undefined;
  try {
    text = JSON.stringify(content);
  } catch {
    // A BigInt, or a circle.
  }
  if (text !== undefined) return { bytes: Buffer.from(text), type: 'application/json' };
  throw new Undeliverable('INVALID_MESSAGE', `content: expected bytes, a text or JSON; got ${sortOf(content)}`);
}

/** The properties of a message, checked: what amqplib would throw at, or cut, is told before. */
export function propertiesOf(
  message: ExchangeMessage,
  type: string | undefined,
  isMandatory: boolean,
): PublishProperties {
  for (const name of SHORT) {
    const value: unknown = message[name];
    const isShort = typeof value === 'string' && Buffer.byteLength(value) <= SHORT_BYTES_MAX;
    if (value !== undefined && !isShort) throw wrong(name, `a text of at most ${SHORT_BYTES_MAX} bytes`, value);
  }
  const { headers = {}, persistent = true, expirationMs, priority } = message;
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw wrong('headers', 'an object', headers);
  if (typeof persistent !== 'boolean') throw wrong('persistent', 'true or false', persistent);
  if (expirationMs !== undefined && !(Number.isInteger(expirationMs) && expirationMs >= 0))
    throw wrong('expirationMs', 'whole milliseconds', expirationMs);
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 9))
    throw wrong('priority', 'a whole number from 0 to 9', priority);
  const { contentType = type, correlationId, replyTo, appId, kind } = message;
  const all = {
    ...{ headers, persistent, priority, contentType, correlationId, replyTo, appId },
    ...{ type: kind, expiration: expirationMs === undefined ? undefined : String(expirationMs) },
    mandatory: isMandatory,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function wrong(name: string, expected: string, got: unknown): Undeliverable {
  return new Undeliverable(
    'INVALID_MESSAGE',
    `${name}: expected ${expected}; got ${typeof got === 'number' ? got : sortOf(got)}`,
  );
}
