/** A broker in memory, as far as gateways see one: what was said to it is kept, and what it says is up to the test. */
import { EventEmitter } from 'node:events';
import type { BrokerChannel, BrokerConnection, Delivery } from '../../../src/rabbitmq/broker.ts';

export class MemoryChannel extends EventEmitter implements BrokerChannel {
  /** In order: `ack 1`, `ack up to 4`, `nack 2`, `requeue 3`, `publish <id>`. */
  readonly said: string[] = [];
  readonly published: { content: Buffer; properties: Delivery['properties'] }[] = [];
  isOpen = true;
  deliver: (delivery: Delivery | null) => void = () => {};
  /** What its queue or exchange is not there for. */
  lack: Error | undefined;
  #lastTag = 0;

  async close(): Promise<void> {
    this.said.push('close');
    this.isOpen = false;
  }

  async checkExchange(): Promise<void> {
    if (this.lack) this.fail(this.lack);
    if (this.lack) throw this.lack;
  }

  async prefetch(count: number): Promise<void> {
    this.said.push(`prefetch ${count}`);
  }

  async consume(_queue: string, onMessage: (delivery: Delivery | null) => void): Promise<{ consumerTag: string }> {
    if (this.lack) this.fail(this.lack);
    if (this.lack) throw this.lack;
    this.deliver = onMessage;
    return { consumerTag: 'c' };
  }

  async cancel(): Promise<void> {
    this.said.push('cancel');
  }

  ack({ fields: { deliveryTag } }: Delivery, allUpTo: boolean): void {
    this.#say(`ack ${allUpTo ? 'up to ' : ''}${deliveryTag}`);
  }

  nack({ fields: { deliveryTag } }: Delivery, _allUpTo: boolean, requeue: boolean): void {
    this.#say(`${requeue ? 'requeue' : 'nack'} ${deliveryTag}`);
  }

  publish(_exchange: string, _routingKey: string, content: Buffer, properties: Delivery['properties']): boolean {
    this.published.push({ content, properties });
    this.#say(`publish ${properties.messageId}`);
    return true;
  }

  /** The next message of the queue. */
  bring(content: string, properties: Delivery['properties'] = {}): void {
    const fields = { deliveryTag: ++this.#lastTag, redelivered: false, exchange: '', routingKey: 'q' };
    this.deliver({ content: Buffer.from(content), fields, properties });
  }

  /** Closed by the broker, for an error. */
  fail(error: Error): void {
    this.isOpen = false;
    this.emit('error', error);
    this.emit('close');
  }

  #say(words: string): void {
    if (!this.isOpen) throw Object.assign(new Error('Channel closed'), { name: 'IllegalOperationError' });
    this.said.push(words);
  }
}

export class MemoryConnection extends EventEmitter implements BrokerConnection {
  readonly channels: MemoryChannel[] = [];
  isClosed = false;
  /** For the channels from now on. */
  lack: Error | undefined;

  get last(): MemoryChannel {
    return this.channels.at(-1) as MemoryChannel;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  async createChannel(): Promise<MemoryChannel> {
    const channel = new MemoryChannel();
    channel.lack = this.lack;
    this.channels.push(channel);
    return channel;
  }

  createConfirmChannel(): Promise<MemoryChannel> {
    return this.createChannel();
  }

  /** As amqplib tells it: its channels first, then the connection. */
  drop(reason?: string): void {
    for (const channel of this.channels.filter(({ isOpen }) => isOpen)) {
      channel.isOpen = false;
      channel.emit('close');
    }
    if (reason) this.emit('error', new Error(reason));
    this.emit('close', reason ? new Error(reason) : undefined);
  }
}

/** Until what was begun has gone on as far as it can. */
export async function turns(): Promise<void> {
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
}
