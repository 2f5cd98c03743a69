/**
 * The publications of one exchange actor that are in flight: written in order, kept until the broker has confirmed it, and written again, in
 * order, on the next channel where that did not come in time.
 *
 *   written ─► confirmed · returned (and then confirmed) · nacked
 *      ▲ └──► the channel is gone: nobody knows; written again under the same id
 *      └──────────┘
 */
import type { ExchangeMetrics } from '../observe/outside-gateways.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { BrokerChannel, BrokerConnection, Delivery, PublishProperties } from './broker.ts';
import { type ChannelUser, KeptChannel } from './kept-channel.ts';

/** Messages of an exchange actor in flight. */
export const WINDOW_MAX = 128;
/** Bytes of them, beside the newest. */
export const WINDOW_BYTES_MAX: number = 4 * 1024 * 1024;
/** Channels that the broker closes for an error in a row, until the oldest message is taken for the cause. */
export const CHANNEL_ERRORS_MAX = 5;

export type Outcome = 'confirmed' | 'returned' | 'nacked';

export interface Publication {
  readonly id: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly properties: PublishProperties;
}

interface Entry extends Publication {
  outcome: Outcome | undefined;
  isWritten: boolean;
  isReturned: boolean;
  /** The words of the broker, or of the channel. */
  why: string;
}

export interface PublisherParts {
  readonly clock: Clock;
  readonly random: () => number;
  /** '' is the default exchange. */
  readonly exchange: string;
  declare(channel: BrokerChannel): Promise<unknown>;
  /** All that was in flight has an outcome. */
  settled(): void;
}

export class Publisher implements ChannelUser {
  readonly isConfirm = true;
  readonly #parts: PublisherParts;
  readonly #kept: KeptChannel;
  /** In the order in which they were sent. */
  readonly #entries = new Map<string, Entry>();
  /** By their numbers on the channel. */
  #unconfirmed = new Map<number, Entry>();
  #bytes = 0;
  #open = 0;
  #lastNumber = 0;
  #errors = 0;
  #waiters: (() => void)[] = [];
  readonly #counts = { published: 0, confirmed: 0, resent: 0, returned: 0, nacked: 0 };

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#kept = new KeptChannel(this, parts.clock, parts.random);
  }

  connected(connection: BrokerConnection): void {
    this.#kept.connected(connection);
  }

  lost(): void {
    this.#kept.lost();
  }

  metrics(): ExchangeMetrics {
    const { channel, reason } = this.#kept;
    return {
      exchange: this.#parts.exchange,
      state: channel ? 'publishing' : 'waiting',
      reason: channel ? undefined : reason,
      unconfirmed: this.#open,
      ...this.#counts,
    };
  }

  get hasRoom(): boolean {
    return this.#entries.size < WINDOW_MAX && this.#bytes < WINDOW_BYTES_MAX;
  }

  /** Nothing is in flight without an outcome. */
  get isSettled(): boolean {
    return this.#open === 0;
  }

  /** Whether it was sent, and what has become of it. */
  stateOf(id: string): { outcome: Outcome | undefined; why: string } | undefined {
    return this.#entries.get(id);
  }

  /** Throws what amqplib says of properties that cannot be written. */
  send(publication: Publication): void {
    const entry: Entry = { ...publication, outcome: undefined, isWritten: false, isReturned: false, why: '' };
    if (this.#kept.channel) this.#write(this.#kept.channel, entry);
    this.#entries.set(entry.id, entry);
    this.#bytes += entry.content.byteLength;
    this.#open++;
  }

  /** Its outcome is known to whoever wanted it. */
  forget(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry || !this.#entries.delete(id)) return;
    this.#bytes -= entry.content.byteLength;
    if (entry.outcome === undefined) this.#open--;
  }

  /** Resolves once all has an outcome, or the time is up. */
  settled(withinMs: number): Promise<void> {
    if (this.isSettled) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#parts.clock.setTimer(withinMs, resolve);
      this.#waiters.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  close(): Promise<void> {
    return this.#kept.close();
  }

  async setUp(channel: BrokerChannel): Promise<void> {
    await this.#parts.declare(channel);
    channel.on('return', (message: Delivery) => this.#returned(String(message.properties.messageId)));
    channel.on('ack', (confirmation: Confirmation) => this.#confirmed(channel, confirmation, 'confirmed'));
    channel.on('nack', (confirmation: Confirmation) => this.#confirmed(channel, confirmation, 'nacked'));
  }

  opened(channel: BrokerChannel): void {
    this.#lastNumber = 0;
    this.#unconfirmed = new Map();
    for (const entry of this.#entries.values()) {
      if (entry.outcome !== undefined) continue;
      entry.isReturned = false;
      if (entry.isWritten) this.#counts.resent++;
      this.#write(channel, entry);
    }
  }

  closed(_channel: BrokerChannel, byBroker: boolean): void {
    this.#unconfirmed = new Map();
    if (!byBroker || ++this.#errors < CHANNEL_ERRORS_MAX) return;
    this.#errors = 0;
    // A message that comes first each time, and never gets through, is one that the broker does not bear.
    for (const entry of this.#entries.values()) {
      if (entry.outcome !== undefined) continue;
      entry.why = this.#kept.reason ?? '';
      return this.#end(entry, 'nacked');
    }
  }

  #write(channel: BrokerChannel, entry: Entry): void {
    const { id, routingKey, content, properties } = entry;
    try {
      channel.publish(this.#parts.exchange, routingKey, content, { ...properties, messageId: id });
    } catch (error) {
      // The channel closes just now, and is told of as closed: the next one takes it.
      if ((error as Error).name === 'IllegalOperationError') return;
      throw error;
    }
    entry.isWritten = true;
    this.#unconfirmed.set(++this.#lastNumber, entry);
    this.#counts.published++;
  }

  #returned(id: string): void {
    const entry = this.#entries.get(id);
    if (entry) entry.isReturned = true;
  }

  #confirmed(channel: BrokerChannel, { deliveryTag, multiple }: Confirmation, outcome: 'confirmed' | 'nacked'): void {
    if (channel !== this.#kept.channel) return;
    this.#errors = 0;
    for (const [each, entry] of this.#unconfirmed) {
      if (each > deliveryTag) break;
      if (!multiple && each !== deliveryTag) continue;
      this.#unconfirmed.delete(each);
      if (outcome === 'nacked') entry.why = 'the broker said no';
      this.#end(entry, outcome === 'confirmed' && entry.isReturned ? 'returned' : outcome);
    }
  }

  #end(entry: Entry, outcome: Outcome): void {
    if (entry.outcome !== undefined || this.#entries.get(entry.id) !== entry) return;
    entry.outcome = outcome;
    this.#counts[outcome]++;
    if (--this.#open > 0) return;
    for (const waiter of this.#waiters.splice(0)) waiter();
    this.#parts.settled();
  }
}

interface Confirmation {
  readonly deliveryTag: number;
  readonly multiple: boolean;
}
