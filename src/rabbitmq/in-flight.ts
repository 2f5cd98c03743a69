/** A message of a queue, from its delivery to its end, with the ask that is made for it. */
import type { Timer } from '../vocabulary/clock.ts';
import type { Message, ReplyAddress, ReplyTo } from '../vocabulary/envelope.ts';
import type { TroupeError } from '../vocabulary/errors.ts';
import type { OutsideId } from '../vocabulary/outside-id.ts';
import type { Delivered } from './acknowledgements.ts';
import type { Slotted } from './messages-in-flight.ts';

/** The ask that is made for a delivery. */
export interface Question {
  readonly to: string;
  readonly message: Message;
  readonly outside: OutsideId | undefined;
  /** The context that the message came with. */
  readonly trace: string | undefined;
}

const NO_OTHERS: readonly Delivered[] = Object.freeze([]);

/** Told of the end of each try. */
export interface Tries {
  handled(one: InFlight): void;
  failed(one: InFlight, error: TroupeError): void;
}

/** One message, from its delivery to its end. It hears of the end of its ask without a promise (scenario rabbitmq). */
export class InFlight implements Slotted, ReplyTo, Question {
  /** Undefined: its channel is gone, and the broker delivers it again, here or elsewhere. */
  delivered: Delivered | undefined;
  /** Of the same message, where its publisher has sent it twice. */
  others: Delivered[] | undefined = undefined;
  readonly to: string;
  readonly message: Message;
  readonly outside: OutsideId | undefined;
  readonly trace: string | undefined;
  /** Its id, for the maps of its consumer. */
  readonly key: string | undefined;
  tries = 0;
  again: Timer | undefined = undefined;
  slot = -1;
  /** Each try has an end of its own. */
  readonly settled = false;
  readonly #of: Tries;

  constructor(
    of: Tries,
    delivered: Delivered,
    to: string,
    message: Message,
    outside: OutsideId | undefined,
    trace: string | undefined,
  ) {
    this.#of = of;
    this.delivered = delivered;
    this.to = to;
    this.message = message;
    this.outside = outside;
    this.trace = trace;
    this.key = outside === undefined ? undefined : keyOf(outside);
  }

  /** Delivered once more, on a channel that may be another one. */
  joins(delivered: Delivered): void {
    if (this.delivered?.of === delivered.of) (this.others ??= []).push(delivered);
    else {
      this.delivered = delivered;
      this.others = undefined;
    }
  }

  /** Its channel is gone. */
  leaves(): void {
    this.delivered = undefined;
    this.others = undefined;
  }

  /** Returns how many the broker waits for a word on. */
  ack(): number {
    this.delivered?.ack();
    for (const other of this.others ?? NO_OTHERS) other.ack();
    return this.#count;
  }

  nack(requeue: boolean): number {
    this.delivered?.nack(requeue);
    for (const other of this.others ?? NO_OTHERS) other.nack(requeue);
    return this.#count;
  }

  get #count(): number {
    return this.delivered === undefined ? 0 : 1 + (this.others ?? NO_OTHERS).length;
  }

  resolve(): void {
    this.#of.handled(this);
  }

  reject(error: TroupeError): void {
    this.#of.failed(this, error);
  }

  begin(): void {}

  written(): void {}

  address(): ReplyAddress {
    throw new Error('a delivery has no address for other processes: its ask has');
  }
}

function keyOf({ name, life }: OutsideId): string {
  // Both begin with the name of the queue, the other one with a number before it: no two are the same.
  return life === 0 ? name : `${life}:${name}`;
}
