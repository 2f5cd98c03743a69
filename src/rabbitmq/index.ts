/** RabbitMQ: what comes by its queues is handled by actors, what actors tell its exchanges is published. Needs the package amqplib, version 2. */
import '../node-version.ts';
import { kernelOf } from '../system/process-system.ts';
import type { System } from '../system/system.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { dialOf } from './broker.ts';
import { BrokerGateway, type RabbitGateway } from './rabbit-gateway.ts';
import { checkRabbit, type RabbitOptions } from './rabbit-options.ts';

export type { Delivery, DeliveryProperties } from './broker.ts';
export type { ConsumeOptions } from './consume-options.ts';
export { exchange, type ExchangeHandlers, type ExchangeOptions } from './exchange.ts';
export type { ExchangeMessage } from './exchange-message.ts';
export type { Consumption, RabbitGateway } from './rabbit-gateway.ts';
export type { RabbitOptions } from './rabbit-options.ts';

/**
 * Opens a gateway from a RabbitMQ broker to the actors of a system: in the master, in the `main` of a worker, or with `workers: 0`. Resolves at once, also
 * while the broker cannot be reached: it is tried until it can, from every 100 ms to every 5 s, and so is a connection that is lost. The gateway closes with
 * the system.
 *
 * Rejects INVALID_OPTIONS, also where amqplib 2 is not installed; SHUTTING_DOWN.
 *
 * @example
 * ```ts
 * const gateway = await rabbitmq(system, { url: 'amqp://guest:guest@localhost' });
 * gateway.consume('mails', { to: () => 'email/news', message: ({ content }) => ({ type: 'send', ...JSON.parse(String(content)) }) });
 * ```
 */
export async function rabbitmq(system: System, options: RabbitOptions): Promise<RabbitGateway> {
  const kernel = kernelOf(system);
  if (!kernel) {
    const text = 'system: expected what createSystem() of this copy of troupe gives, or what main() is given';
    throw new TroupeError('INVALID_OPTIONS', `${text}; got ${inspect(system)}`);
  }
  const { url, socket } = checkRabbit(options);
  if (kernel.closing) throw new TroupeError('SHUTTING_DOWN', 'the system is shutting down; it takes no gateway');
  return new BrokerGateway(kernel, url, await dialOf(url, socket));
}
