/**
 * The acknowledgements of one channel. Those of messages that were delivered one after another go as one, once a round of the event
 * loop: a write for each is most of what a broker's client costs (scenario rabbitmq).
 */
import { NumberTable } from '../structures/number-table.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { BrokerChannel, Delivery } from './broker.ts';

export class Acknowledgements {
  readonly #channel: BrokerChannel;
  readonly #clock: Clock;
  /** Deliveries that the broker waits for, by their tags, which count the deliveries of a channel: some are not handled, the others not said yet. */
  readonly #open = new NumberTable<Delivery>();
  readonly #handled = new NumberTable<Delivery>();
  /** The lowest tag that may be open, and the highest so far. */
  #first = 1;
  #last = 0;
  #isDue = false;

  constructor(channel: BrokerChannel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
  }

  delivered(delivery: Delivery): void {
    const { deliveryTag } = delivery.fields;
    if (this.#open.size === 0 && this.#handled.size === 0) this.#first = deliveryTag;
    this.#last = deliveryTag;
    this.#open.set(deliveryTag, delivery);
  }

  ack(delivery: Delivery): void {
    const { deliveryTag } = delivery.fields;
    this.#open.take(deliveryTag);
    this.#handled.set(deliveryTag, delivery);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.defer(() => this.flush());
  }

  nack(delivery: Delivery, requeue: boolean): void {
    this.#open.take(delivery.fields.deliveryTag);
    say(() => this.#channel.nack(delivery, false, requeue));
  }

  /** All that is handled is said: up to the first that is not with one word, the others each. */
  flush(): void {
    this.#isDue = false;
    const handled = this.#handled;
    let last: Delivery | undefined;
    let count = 0;
    for (; this.#first <= this.#last && this.#open.get(this.#first) === undefined; this.#first++) {
      const delivery = handled.take(this.#first);
      if (delivery === undefined) continue;
      last = delivery;
      count++;
    }
    const upTo = last;
    if (upTo) say(() => this.#channel.ack(upTo, count > 1));
    if (handled.size === 0) return;
    for (const [tag, delivery] of handled.inOrder()) {
      handled.take(tag);
      say(() => this.#channel.ack(delivery, false));
    }
  }
}

/** A channel that closes just then takes nothing more; what was to be said is said of the next delivery. */
function say(words: () => void): void {
  try {
    words();
  } catch {
    // It is told of as closed.
  }
}
