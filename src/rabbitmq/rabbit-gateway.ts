/** The gateway from the queues of one broker: its connection, its consumers, and what is said of them. */
import { Sender } from '../actor/sender.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { GatewayMetrics, OutsideGateway } from '../observe/outside-gateways.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Dial } from './broker.ts';
import { BrokerLink } from './broker-link.ts';
import { checkConsume, type ConsumeOptions } from './consume-options.ts';
import { QueueConsumer } from './queue-consumer.ts';

/** Queues of a gateway, at most. */
export const QUEUES_MAX = 100;

/** A queue that is consumed. */
export interface Consumption {
  /** Its name. */
  readonly queue: string;
  /**
   * Takes no more of its messages; resolves once those in flight are handled, and acknowledged. Repeated, it does no harm.
   *
   * @example
   * ```ts
   * await consumption.close();
   * ```
   */
  close(): Promise<void>;
}

/** A connection to a broker that brings its messages to actors. It comes back by itself, and closes with the system. */
export interface RabbitGateway {
  /**
   * Brings the messages of a queue to actors, as asks: acknowledged once the ask has resolved, which for a durable actor is after its commit. Where
   * the actor cannot take it, or does not answer in time (`askTimeoutMs`, 5 000 ms by default), it is asked again, 10 times by default; what failed for good is rejected, which
   * the broker drops or sends to the dead-letter exchange of the queue, and is a dead letter here.
   *
   * @throws TroupeError INVALID_OPTIONS, also for a queue that is consumed here already; OVERLOADED for more than 100 queues; SHUTTING_DOWN.
   * @example
   * ```ts
   * gateway.consume('mails', {
   *   to: ({ properties }) => `email/${properties.appId ?? 'news'}`,
   *   message: ({ content }) => ({ type: 'send', ...JSON.parse(String(content)) }),
   *   prefetch: 50,
   * });
   * ```
   */
  consume(queue: string, options: ConsumeOptions): Consumption;
  /**
   * Resolves once all its queues are consumed: the broker is reached, and the queues are there.
   *
   * @example
   * ```ts
   * await gateway.consuming();
   * ```
   */
  consuming(): Promise<void>;
  /**
   * State and counts, as in `metrics()` of the system.
   *
   * @example
   * ```ts
   * const { state, reason, queues } = gateway.metrics();
   * ```
   */
  metrics(): GatewayMetrics;
  /**
   * Takes nothing more; resolves once what is in flight is handled and acknowledged, and the connection is closed. A shutdown of the system does it too.
   *
   * @example
   * ```ts
   * await gateway.close();
   * ```
   */
  close(): Promise<void>;
}

export class BrokerGateway implements RabbitGateway, OutsideGateway {
  readonly #kernel: Kernel;
  readonly #url: string;
  readonly #link: BrokerLink;
  readonly #sender: Sender;
  readonly #consumers = new Map<string, QueueConsumer>();
  readonly #takeOut: () => void;
  #closed: Promise<void> | undefined;

  constructor(kernel: Kernel, url: string, dial: Dial) {
    this.#kernel = kernel;
    this.#url = withoutSecrets(url);
    this.#sender = new Sender(kernel, undefined);
    const { clock, random, log } = kernel;
    this.#link = new BrokerLink({
      ...{ clock, random, dial },
      changed: (state, reason) => log.info({ broker: this.#url, state, reason }, `the gateway is ${state}`),
    });
    this.#takeOut = kernel.gateways.add(this);
    this.#link.begin();
  }

  consume(queue: string, options: ConsumeOptions): Consumption {
    const checked = checkConsume(queue, options);
    if (this.#consumers.has(queue))
      throw new TroupeError('INVALID_OPTIONS', `the gateway consumes ${queue} already; got it a second time`);
    if (this.#consumers.size >= QUEUES_MAX)
      throw new TroupeError('OVERLOADED', `the gateway consumes ${QUEUES_MAX} queues, which is its limit`);
    if (this.#closed)
      throw new TroupeError('SHUTTING_DOWN', `the gateway to ${this.#url} is closed; ${queue} is rejected`);
    const { clock, random, log, deadLetters, spans } = this.#kernel;
    const sender = this.#sender;
    const consumer = new QueueConsumer({
      ...{ queue, options: checked, clock, random, log },
      ask: ({ to, message, outside, trace }, ask, onward) => {
        if (spans === undefined) sender.askFor(onward, to, message, outside, ask);
        else spans.within(trace, () => sender.askFor(onward, to, message, outside, ask));
      },
      deadLetter: (to, message, code) => deadLetters.add(to, message, undefined, code),
    });
    this.#consumers.set(queue, consumer);
    this.#link.add(consumer);
    return { queue, close: () => this.#end(queue, consumer) };
  }

  async consuming(): Promise<void> {
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.consuming()));
  }

  metrics(): GatewayMetrics {
    const { state, reason, connects } = this.#link;
    return {
      ...{ kind: 'rabbitmq', url: this.#url, worker: this.#kernel.worker, state, reason, connects },
      queues: [...this.#consumers.values()].map((consumer) => consumer.metrics()),
      exchanges: [],
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map(([queue, consumer]) => this.#end(queue, consumer)));
    await this.#link.close();
    this.#takeOut();
  }

  async #end(queue: string, consumer: QueueConsumer): Promise<void> {
    await consumer.close();
    this.#link.remove(consumer);
    if (this.#consumers.get(queue) === consumer) this.#consumers.delete(queue);
  }
}

/** For logs and metrics. */
export function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
