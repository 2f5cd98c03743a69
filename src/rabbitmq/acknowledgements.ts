/**
 * The acknowledgements of one channel. Those of messages that were delivered one after another go as one, once the commit or the slice that
 * brings them is through: a word for each is most of what a broker's client costs, and the broker pays for it too (scenario rabbitmq). A message that is handled before an
 * earlier one waits a while for that: actors take turns, so the next commit nearly always brings it, and one word says both.
 *
 *   open ─► handled ─► said
 *      │        └► waiting (since the last beat) ─► said alone, at the next one
 *      └► said: rejected, or given back
 */
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { BrokerChannel, Tagged } from './broker.ts';

/** Of the messages that may be unacknowledged, one in so many may be handled and wait for an earlier one. */
export const WAITING_SHARE = 4;
/** Milliseconds of a beat: a message that is handled waits for an earlier one for one of them at least, and two at most. */
export const WAITING_MS = 100;

/** A delivery that the broker waits for a word on: no more of it than its tag, for what amqplib makes of each message is a kilobyte that the collector would copy. */
export class Delivered {
  readonly of: Acknowledgements;
  readonly tag: number;
  state: 'open' | 'handled' | 'waiting' | 'said' = 'open';
  /** In the order in which the channel brought them, of those on which nothing is said. */
  before: Delivered | undefined;
  after: Delivered | undefined = undefined;

  constructor(of: Acknowledgements, tag: number, before: Delivered | undefined) {
    this.of = of;
    this.tag = tag;
    this.before = before;
  }

  ack(): void {
    this.of.handled(this);
  }

  nack(requeue: boolean): void {
    this.of.refused(this, requeue);
  }
}

export class Acknowledgements {
  readonly #channel: BrokerChannel;
  readonly #clock: Clock;
  readonly #waitingMax: number;
  #first: Delivered | undefined;
  #last: Delivered | undefined;
  /** Handled since the last word, or before it and waiting. */
  readonly #handled: Delivered[] = [];
  #isDue = false;
  #beat: Timer | undefined;

  /** `prefetch`: deliveries that may be unacknowledged. */
  constructor(channel: BrokerChannel, clock: Clock, prefetch: number) {
    this.#channel = channel;
    this.#clock = clock;
    this.#waitingMax = Math.floor(prefetch / WAITING_SHARE);
  }

  /** `tag`: of the delivery, on its channel. */
  delivered(tag: number): Delivered {
    const before = this.#last;
    const one = new Delivered(this, tag, before);
    if (before === undefined) this.#first = one;
    else before.after = one;
    this.#last = one;
    return one;
  }

  handled(one: Delivered): void {
    if (one.state !== 'open') return;
    one.state = 'handled';
    this.#handled.push(one);
    this.#sayLater();
  }

  refused(one: Delivered, requeue: boolean): void {
    if (one.state === 'said') return;
    this.#takeOut(one);
    say(() => this.#channel.nack(tagged(one), false, requeue));
    if (this.#handled.length > 0) this.#sayLater();
  }

  /** All that is handled is said, whatever it waits for. */
  flush(): void {
    this.#beat?.cancel();
    this.#beat = undefined;
    this.#sayFirst();
    for (const one of this.#handled) this.#sayAlone(one);
    this.#handled.length = 0;
  }

  #sayLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.soon(() => this.#say());
  }

  /** Up to the first that is not handled with one word; the others wait, as far as they may, and the first of them no longer. */
  #say(): void {
    this.#isDue = false;
    this.#sayFirst();
    this.#forgetSaid();
    for (const one of this.#handled.splice(0, this.#handled.length - this.#waitingMax)) this.#sayAlone(one);
    this.#awaitBeat();
  }

  #awaitBeat(): void {
    if (this.#handled.length > 0) this.#beat ??= this.#clock.setTimer(WAITING_MS, () => this.#nextBeat());
  }

  #nextBeat(): void {
    this.#beat = undefined;
    for (const one of this.#handled) {
      if (one.state === 'waiting') this.#sayAlone(one);
      else if (one.state === 'handled') one.state = 'waiting';
    }
    this.#forgetSaid();
    this.#awaitBeat();
  }

  #forgetSaid(): void {
    const handled = this.#handled;
    let count = 0;
    for (const one of handled) if (one.state !== 'said') handled[count++] = one;
    handled.length = count;
  }

  #sayFirst(): void {
    let last: Delivered | undefined;
    let count = 0;
    let one = this.#first;
    while (one !== undefined && one.state !== 'open') {
      const { after } = one;
      one.state = 'said';
      // One that has grown old would keep all behind it, though nobody keeps it any more.
      one.before = undefined;
      one.after = undefined;
      last = one;
      one = after;
      count++;
    }
    if (last === undefined) return;
    this.#first = one;
    if (one === undefined) this.#last = undefined;
    else one.before = undefined;
    const upTo = tagged(last);
    say(() => this.#channel.ack(upTo, count > 1));
  }

  #sayAlone(one: Delivered): void {
    if (one.state === 'said') return;
    this.#takeOut(one);
    say(() => this.#channel.ack(tagged(one), false));
  }

  #takeOut(one: Delivered): void {
    const { before, after } = one;
    one.state = 'said';
    one.before = undefined;
    one.after = undefined;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
  }
}

function tagged({ tag }: Delivered): Tagged {
  return { fields: { deliveryTag: tag } };
}

/** A channel that closes just then takes nothing more; what was to be said is said of the next delivery. */
function say(words: () => void): void {
  try {
    words();
  } catch {
    // It is told of as closed.
  }
}
