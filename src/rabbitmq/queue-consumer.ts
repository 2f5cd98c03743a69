/**
 * One queue: what comes is asked of an actor, and acknowledged once that has resolved, which for a durable actor is after the commit.
 * A delivery belongs to its channel: the tag of one that is gone would acknowledge another message on the next.
 *
 *   delivered ─► asked ─► handled ─► acknowledged
 *                 ▲  └──► failed: again after a while · rejected · requeued · left to the broker
 *                 └─ the same id again: joins the one that is in flight
 */
import type { AskOptions } from '../actor/ask-options.ts';
import type { QueueMetrics } from '../observe/outside-gateways.ts';
import type { Log } from '../observe/log.ts';
import { traceFields } from '../observe/trace-context.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { ReplyTo } from '../vocabulary/envelope.ts';
import { asError, type ErrorCode } from '../vocabulary/errors.ts';
import type { BrokerChannel, BrokerConnection, Delivery } from './broker.ts';
import { Acknowledgements, type Delivered } from './acknowledgements.ts';
import { type CheckedConsumeOptions, idOfDelivery } from './consume-options.ts';
import { type ChannelUser, KeptChannel } from './kept-channel.ts';
import { InFlight, type Question, type Tries } from './in-flight.ts';
import { MessagesInFlight } from './messages-in-flight.ts';
import { SettledIds } from './settled-ids.ts';
import { traceOfHeaders } from './trace-headers.ts';
import { verdictOf } from './failed-delivery.ts';

export interface ConsumerParts {
  readonly queue: string;
  readonly options: CheckedConsumeOptions;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** `onward`: told of its end, perhaps at once. Throws where it may not be asked. */
  ask(question: Question, options: AskOptions | undefined, onward: ReplyTo): void;
  deadLetter(to: string, message: unknown, code: ErrorCode): void;
}

export class QueueConsumer implements ChannelUser {
  readonly isConfirm = false;
  readonly #parts: ConsumerParts;
  readonly #askOptions: AskOptions | undefined;
  readonly #kept: KeptChannel;
  readonly #inFlight = new MessagesInFlight<InFlight>();
  readonly #settled = new SettledIds();
  readonly #counts = {
    ...{ delivered: 0, acknowledged: 0, recognised: 0, retried: 0, requeued: 0, rejected: 0, unnamed: 0 },
  };
  #acks: Acknowledgements | undefined;
  #tag: string | undefined;
  #isClosing = false;
  #isClosed = false;
  readonly #tries: Tries = {
    handled: (one) => this.#end(one, 'ack'),
    failed: (one, error) => this.#failed(one, error),
  };
  #waiters: (() => void)[] = [];
  #idle: (() => void) | undefined;

  constructor(parts: ConsumerParts) {
    this.#parts = parts;
    const { timeoutMs } = parts.options;
    this.#askOptions = timeoutMs === undefined ? undefined : { timeoutMs };
    this.#kept = new KeptChannel(this, parts.clock, parts.random);
  }

  connected(connection: BrokerConnection): void {
    if (!this.#isClosing) this.#kept.connected(connection);
  }

  lost(): void {
    this.#kept.lost();
  }

  metrics(): QueueMetrics {
    const isOpen = this.#kept.channel !== undefined;
    return {
      queue: this.#parts.queue,
      state: this.#isClosed ? 'closed' : isOpen ? 'consuming' : 'waiting',
      reason: isOpen || this.#isClosed ? undefined : this.#kept.reason,
      unacknowledged: this.#inFlight.size,
      ...this.#counts,
    };
  }

  /** Resolves once it consumes, or is closed. */
  consuming(): Promise<void> {
    if (this.#kept.channel || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  async setUp(channel: BrokerChannel): Promise<void> {
    const { options, queue } = this.#parts;
    await options.declare?.(channel);
    await channel.prefetch(options.prefetch);
    const acks = new Acknowledgements(channel, this.#parts.clock, options.prefetch);
    this.#acks = acks;
    const { consumerTag } = await channel.consume(queue, (delivery) => {
      if (delivery === null) this.#kept.renew(`the queue ${queue} was deleted, or its node is gone`);
      else this.#delivered(acks, delivery);
    });
    this.#tag = consumerTag;
  }

  opened(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** A message that waits to be asked again comes again by itself; one that is asked goes on, and is joined or remembered. */
  closed(): void {
    for (const one of this.#inFlight.all()) {
      one.leaves();
      if (one.again) this.#over(one);
    }
  }

  /** Nothing new is taken; resolves once all that is in flight has ended. Messages that wait to be asked again go back. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const { channel } = this.#kept;
    if (channel && this.#tag !== undefined) await channel.cancel(this.#tag).catch(() => {});
    for (const one of this.#inFlight.all()) if (one.again) this.#over(one);
    if (this.#inFlight.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#isClosed = true;
    this.#acks?.flush();
    this.opened();
    await this.#kept.close();
  }

  #delivered(acks: Acknowledgements, delivery: Delivery): void {
    // Left to the broker, as what comes behind the cancel.
    if (this.#isClosing) return;
    this.#counts.delivered++;
    const delivered = acks.delivered(delivery.fields.deliveryTag);
    const one = this.#read(delivered, delivery);
    if (!one) return;
    const { key } = one;
    const end = key === undefined ? undefined : this.#settled.get(key);
    if (end !== undefined) return this.#recognised(one, end);
    const before = key === undefined ? undefined : this.#inFlight.withId(key);
    if (before) return before.joins(delivered);
    this.#inFlight.add(one, key);
    this.#ask(one);
  }

  /** Recipient and message, by functions of the user's. */
  #read(delivered: Delivered, delivery: Delivery): InFlight | undefined {
    const { options, queue, log } = this.#parts;
    let to = queue;
    try {
      to = options.to(delivery);
      const message = options.message(delivery);
      const outside = idOfDelivery(queue, options.once, delivery);
      if (options.once !== false && outside === undefined) this.#unnamed();
      const trace = traceOfHeaders(delivery.properties.headers);
      return new InFlight(this.#tries, delivered, to, message, outside, trace);
    } catch (error) {
      const trace = traceFields(traceOfHeaders(delivery.properties.headers));
      log.warn({ err: asError(error), queue, ...trace }, 'a delivery could not be read, and is rejected');
      this.#parts.deadLetter(to, { type: 'delivery', content: delivery.content }, 'INVALID_MESSAGE');
      this.#counts.rejected++;
      delivered.nack(false);
      return undefined;
    }
  }

  #unnamed(): void {
    const { log, queue } = this.#parts;
    if (this.#counts.unnamed++ === 0)
      log.warn({ queue }, 'messages without a message id come by this queue: they are handled at least once');
  }

  #ask(one: InFlight): void {
    one.tries++;
    one.again = undefined;
    try {
      this.#parts.ask(one, this.#askOptions, one);
    } catch (error) {
      this.#failed(one, error);
    }
  }

  #failed(one: InFlight, error: unknown): void {
    const { options, clock, random, log, queue } = this.#parts;
    const { to, message, trace } = one;
    const verdict = verdictOf(error, one.tries, options.tries, random());
    switch (verdict.act) {
      case 'reject':
        log.warn({ err: asError(error), queue, actor: to, ...traceFields(trace) }, 'a message of a queue is rejected');
        if (!LEAVES_LETTER.has(verdict.code)) this.#parts.deadLetter(to, message, verdict.code);
        return this.#end(one, 'reject');
      case 'again':
        if (one.delivered === undefined || this.#isClosing) return this.#over(one);
        this.#counts.retried++;
        one.again = clock.setTimer(verdict.afterMs, () => this.#ask(one));
        return;
      case 'requeue':
        one.nack(true);
        this.#counts.requeued++;
        return this.#over(one);
      case 'leave':
        return this.#over(one);
    }
  }

  #end(one: InFlight, end: 'ack' | 'reject'): void {
    if (one.key !== undefined) this.#settled.add(one.key, end);
    this.#settle(one, end);
    this.#over(one);
  }

  #recognised(one: InFlight, end: 'ack' | 'reject'): void {
    this.#counts.recognised++;
    this.#settle(one, end);
  }

  #settle(one: InFlight, end: 'ack' | 'reject'): void {
    if (end === 'ack') this.#counts.acknowledged += one.ack();
    else this.#counts.rejected += one.nack(false);
  }

  #over(one: InFlight): void {
    one.again?.cancel();
    this.#inFlight.remove(one, one.key);
    if (this.#inFlight.size === 0) this.#idle?.();
  }
}

/** The actor has left a dead letter already, one that lasts where it is durable. */
const LEAVES_LETTER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HANDLER_FAILED',
  'PROCESS_DIED',
  'RETURNED',
  'NACKED',
]);
