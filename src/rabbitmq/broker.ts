/**
 * The broker, as far as it is used of amqplib: its types are written down here, so that programs without amqplib compile,
 * and tests can stand in for a broker.
 */
import { TroupeError, wordsOf, asError } from '../vocabulary/errors.ts';

/** Properties of a message, as its publisher has set them. */
export interface DeliveryProperties {
  /** Of the application, or of the broker: `x-death`, say. */
  readonly headers?: { readonly [name: string]: unknown } | undefined;
  /** The publisher's name for the message. */
  readonly messageId?: unknown;
  /** Type of the content, `application/json` say. */
  readonly contentType?: unknown;
  /** Encoding of the content. */
  readonly contentEncoding?: unknown;
  /** Names what it answers. */
  readonly correlationId?: unknown;
  /** The queue for an answer. */
  readonly replyTo?: unknown;
  /** From 0 to 9. */
  readonly priority?: unknown;
  /** 2: it outlives a restart of the broker. */
  readonly deliveryMode?: unknown;
  /** Milliseconds until it expires, as a text. */
  readonly expiration?: unknown;
  /** Seconds since the Unix epoch. */
  readonly timestamp?: unknown;
  /** Name of the kind of message. */
  readonly type?: unknown;
  /** The broker's user. */
  readonly userId?: unknown;
  /** Name of the application. */
  readonly appId?: unknown;
}

/** A message of a queue. */
export interface Delivery {
  /** The bytes. */
  readonly content: Buffer;
  /** How it came. */
  readonly fields: {
    /** The number of the delivery on its channel. */
    readonly deliveryTag: number;
    /** True where the broker has delivered it before. */
    readonly redelivered: boolean;
    /** The exchange that it was published to; empty for the default one. */
    readonly exchange: string;
    /** The key that it was published with. */
    readonly routingKey: string;
    /** The consumer. */
    readonly consumerTag?: string;
  };
  /** Set by its publisher. */
  readonly properties: DeliveryProperties;
}

/** The part of a delivery that a word on it needs. */
export interface Tagged {
  readonly fields: Pick<Delivery['fields'], 'deliveryTag'>;
}

export interface PublishProperties {
  readonly [name: string]: unknown;
}

export interface BrokerChannel {
  // biome-ignore lint/suspicious/noExplicitAny: as the emitters of Node.js have it
  on(event: string, listener: (...args: any[]) => void): unknown;
  close(): Promise<void>;
  checkExchange(name: string): Promise<unknown>;
  prefetch(count: number): Promise<unknown>;
  consume(queue: string, onMessage: (delivery: Delivery | null) => void): Promise<{ consumerTag: string }>;
  cancel(consumerTag: string): Promise<unknown>;
  ack(delivery: Tagged, allUpTo: boolean): void;
  nack(delivery: Tagged, allUpTo: boolean, requeue: boolean): void;
  publish(exchange: string, routingKey: string, content: Buffer, properties: PublishProperties): boolean;
}

export interface BrokerConnection {
  // biome-ignore lint/suspicious/noExplicitAny: as the emitters of Node.js have it
  on(event: string, listener: (...args: any[]) => void): unknown;
  close(): Promise<void>;
  createChannel(): Promise<BrokerChannel>;
  createConfirmChannel(): Promise<BrokerChannel>;
}

/** Opens a connection. */
export type Dial = () => Promise<BrokerConnection>;

/** Milliseconds for a connection to open, with its greetings. */
export const CONNECT_MS_MAX = 10_000;

export async function dialOf(url: string, socket: object): Promise<Dial> {
  const { connect } = await loadAmqplib();
  return () => connect(url, { noDelay: true, keepAlive: true, timeout: CONNECT_MS_MAX, ...socket });
}

interface Amqplib {
  connect(url: string, socket: object): Promise<BrokerConnection>;
}

async function loadAmqplib(): Promise<Amqplib> {
  let module: unknown;
  try {
    module = await import('amqplib');
  } catch (error) {
    const text = `troupe/rabbitmq needs the package amqplib 2 (npm install amqplib); got ${wordsOf(asError(error))}`;
    throw new TroupeError('INVALID_OPTIONS', text, { cause: error });
  }
  const { default: whole, ...names } = module as { default?: Partial<Amqplib> } & Partial<Amqplib>;
  const found = typeof names.connect === 'function' ? names : whole;
  if (typeof found?.connect === 'function') return found as Amqplib;
  throw new TroupeError('INVALID_OPTIONS', 'troupe/rabbitmq needs the package amqplib 2; got one without connect()');
}
