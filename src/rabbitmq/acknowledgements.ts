/**
 * The acknowledgements of one channel. Those of messages that were delivered one after another go as one, once a round of the event
 * loop: a word for each is most of what a broker's client costs, and the broker pays for it too (scenario rabbitmq). A message that is handled before an
 * earlier one waits a while for that: actors take turns, so the next commit nearly always brings it, and one word says both.
 *
 *   open ─► handled ─► said
 *      │        └► waiting (since the last beat) ─► said alone, at the next one
 *      └► said: rejected, or given back
 */
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { BrokerChannel, Delivery } from './broker.ts';

/** Of the messages that may be unacknowledged, one in so many may be handled and wait for an earlier one. */
export const WAITING_SHARE = 4;
/** Milliseconds of a beat: a message that is handled waits for an earlier one for one of them at least, and two at most. */
export const WAITING_MS = 100;

/** A delivery that the broker waits for a word on. */
export class Delivered {
  readonly of: Acknowledgements;
  readonly delivery: Delivery;
  state: 'open' | 'handled' | 'waiting' | 'said' = 'open';
  /** In the order in which the channel brought them, of those on which nothing is said. */
  before: Delivered | undefined;
  after: Delivered | undefined = undefined;

  constructor(of: Acknowledgements, delivery: Delivery, before: Delivered | undefined) {
    this.of = of;
    this.delivery = delivery;
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

  delivered(delivery: Delivery): Delivered {
    const before = this.#last;
    const one = new Delivered(this, delivery, before);
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
    say(() => this.#channel.nack(one.delivery, false, requeue));
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
    this.#clock.defer(() => this.#say());
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
    for (let one = this.#first; one !== undefined && one.state !== 'open'; one = one.after) {
      one.state = 'said';
      last = one;
      count++;
    }
    if (last === undefined) return;
    this.#first = last.after;
    if (last.after === undefined) this.#last = undefined;
    else last.after.before = undefined;
    const upTo = last.delivery;
    say(() => this.#channel.ack(upTo, count > 1));
  }

  #sayAlone(one: Delivered): void {
    if (one.state === 'said') return;
    this.#takeOut(one);
    say(() => this.#channel.ack(one.delivery, false));
  }

  #takeOut(one: Delivered): void {
    const { before, after } = one;
    one.state = 'said';
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
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
