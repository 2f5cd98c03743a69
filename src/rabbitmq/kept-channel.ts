/**
 * A channel that is opened on each connection anew, and again, with backoff, where the broker has closed it: for an error, or since its
 * queue is gone. Tags of deliveries and numbers of confirmations mean nothing on the next.
 */
import { backoffMs } from '../supervision/backoff.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import type { BrokerChannel, BrokerConnection } from './broker.ts';
import { type LinkUser, RETRY } from './broker-link.ts';

export interface ChannelUser {
  readonly isConfirm: boolean;
  /** Declares, checks, subscribes. A rejection closes the channel. */
  setUp(channel: BrokerChannel): Promise<void>;
  /** It is set up. */
  opened(channel: BrokerChannel): void;
  /** It is gone; `byBroker`: closed for an error of what was said on it. */
  closed(channel: BrokerChannel, byBroker: boolean): void;
}

export class KeptChannel implements LinkUser {
  /** Set up, and open. */
  channel: BrokerChannel | undefined;
  /** Why there is none. */
  reason: string | undefined = 'not connected yet';
  readonly #user: ChannelUser;
  readonly #clock: Clock;
  readonly #random: () => number;
  #connection: BrokerConnection | undefined;
  /** Also before it is set up. */
  #current: BrokerChannel | undefined;
  #attempts = 0;
  #retry: Timer | undefined;
  #isClosed = false;

  constructor(user: ChannelUser, clock: Clock, random: () => number) {
    this.#user = user;
    this.#clock = clock;
    this.#random = random;
  }

  connected(connection: BrokerConnection): void {
    this.#connection = connection;
    this.#attempts = 0;
    void this.#open(connection);
  }

  lost(): void {
    this.#connection = undefined;
    this.#retry?.cancel();
    this.#gone('the connection was lost', false);
  }

  /** It serves no more: another one takes its place. */
  renew(reason: string): void {
    const before = this.#current;
    this.#gone(reason, false);
    void before?.close().catch(() => {});
    this.#openLater();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    const channel = this.#current;
    this.#gone('closed', false);
    await channel?.close().catch(() => {});
  }

  async #open(connection: BrokerConnection): Promise<void> {
    this.#attempts++;
    let channel: BrokerChannel;
    try {
      channel = await (this.#user.isConfirm ? connection.createConfirmChannel() : connection.createChannel());
    } catch (error) {
      if (connection === this.#connection) this.#failed(asError(error).message, false);
      return;
    }
    if (connection !== this.#connection || this.#isClosed) return void channel.close().catch(() => {});
    this.#current = channel;
    let why: string | undefined;
    channel.on('error', (error: Error) => (why = error.message));
    channel.on('close', () => {
      if (channel === this.#current) this.#failed(why ?? 'the channel was closed', why !== undefined);
    });
    try {
      await this.#user.setUp(channel);
    } catch (error) {
      if (channel !== this.#current) return;
      this.#current = undefined;
      void channel.close().catch(() => {});
      return this.#failed(why ?? asError(error).message, why !== undefined);
    }
    if (channel !== this.#current) return;
    this.channel = channel;
    this.reason = undefined;
    this.#attempts = 0;
    this.#user.opened(channel);
  }

  /** Without a connection nothing is tried: the next one begins anew. */
  #failed(reason: string, byBroker: boolean): void {
    this.#gone(reason, byBroker);
    this.#openLater();
  }

  #gone(reason: string, byBroker: boolean): void {
    const { channel } = this;
    this.#current = undefined;
    this.channel = undefined;
    this.reason = reason;
    if (channel) this.#user.closed(channel, byBroker);
  }

  #openLater(): void {
    const connection = this.#connection;
    if (this.#isClosed || connection === undefined) return;
    this.#retry?.cancel();
    const waitMs = backoffMs(RETRY, Math.max(1, this.#attempts), this.#random());
    this.#retry = this.#clock.setTimer(waitMs, () => void this.#open(connection));
  }
}
