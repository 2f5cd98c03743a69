/**
 * The acknowledgements of one channel. Those of messages that were delivered one after another go as one, once a round of the event
 * loop: a write for each is most of what a broker's client costs (scenario rabbitmq).
 */
import type { Clock } from '../vocabulary/clock.ts';
import type { BrokerChannel, Delivery } from './broker.ts';

export class Acknowledgements {
  readonly #channel: BrokerChannel;
  readonly #clock: Clock;
  /** Deliveries that the broker waits for, in their order, and whether they are handled. */
  readonly #open = new Map<Delivery, boolean>();
  /** Handled since the last flush. */
  #handled: Delivery[] = [];

  constructor(channel: BrokerChannel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
  }

  delivered(delivery: Delivery): void {
    this.#open.set(delivery, false);
  }

  ack(delivery: Delivery): void {
    this.#open.set(delivery, true);
    if (this.#handled.push(delivery) === 1) this.#clock.defer(() => this.flush());
  }

  nack(delivery: Delivery, requeue: boolean): void {
    this.#open.delete(delivery);
    say(() => this.#channel.nack(delivery, false, requeue));
  }

  /** All that is handled is said: up to the first that is not with one word, the others each. */
  flush(): void {
    const handled = this.#handled;
    this.#handled = [];
    let last: Delivery | undefined;
    let count = 0;
    for (const [delivery, isHandled] of this.#open) {
      if (!isHandled) break;
      this.#open.delete(delivery);
      last = delivery;
      count++;
    }
    const upTo = last;
    if (upTo) say(() => this.#channel.ack(upTo, count > 1));
    for (const delivery of handled) if (this.#open.delete(delivery)) say(() => this.#channel.ack(delivery, false));
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
