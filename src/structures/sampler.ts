/**
 * Which messages are measured: each one while there are few, one of so many where there are more, so that what is measured in a second is bounded and
 * the cost of one that is not is a subtraction. The next one is drawn by lot, since a fixed distance would fall into step with what comes in turns: each
 * message has the same chance, one in `weight`, and a sample stands for that many. How many have come is known from what is left of the distances, so
 * nobody looks at the time for a message, and a while in which the lot fell on none is not taken for a quiet one.
 */

/** Messages of all kinds of a process that are measured in a second, about; a kind has an equal part of them. One costs a microsecond, about. */
export const SAMPLES_PER_SECOND = 2_048;
/** Of one kind, where there are very many kinds. */
export const KIND_SAMPLES_PER_SECOND_MIN = 64;
/** One of so many messages is measured at the least. */
export const ONE_OF_MAX = 1_048_576;
/** Milliseconds after which it is seen again how many come. */
export const SAMPLING_PERIOD_MS = 50;

/** How many times as many samples a period may have at most as the one before, of as many messages: between bursts it is not forgotten at once that there are some. */
const FALL_MAX = 8;

/** Samples that each kind may take in a second. */
export function samplesOfKind(kinds: number): number {
  return Math.max(KIND_SAMPLES_PER_SECOND_MIN, SAMPLES_PER_SECOND / Math.max(1, kinds));
}

export class Sampler {
  readonly #random: () => number;
  readonly #perMs: number;
  /** In one period, before it is known to be over: a burst does not wait for its end. Once it is known to be one, a fifth of them is enough for the next step. */
  readonly #most: number;
  /** One of so many. */
  #every = 1;
  /** Messages up to the next sample. */
  #left = 1;
  /** Messages of the present period, once none is left. */
  #count = 1;
  /** Samples since it was seen how many come. */
  #taken = 0;

  constructor(perSecond: number, random: () => number) {
    this.#random = random;
    this.#perMs = perSecond / 1_000;
    this.#most = Math.max(2, Math.ceil(2 * this.#perMs * SAMPLING_PERIOD_MS));
  }

  /** Asked once for each message. True: it is a sample, and is taken before the next message is asked for. */
  isDue(): boolean {
    return --this.#left <= 0;
  }

  /** Of how many messages the one that was asked for last is the sample; 0: it is none. */
  take(): number {
    if (this.#left > 0) return 0;
    const every = this.#every;
    if (++this.#taken >= this.#most) {
      this.#taken = Math.floor(this.#most * 0.8);
      this.#set(every * 2);
    }
    this.#draw();
    return every;
  }

  /** At the end of a period that took so long. False: nothing came, and the next message is a sample, so that the next periods need no look. */
  adapt(ms: number): boolean {
    const every = this.#every;
    const count = this.#count - this.#left;
    if (count === 0 && every === 1) return false;
    this.#taken = 0;
    this.#count = this.#left;
    this.#set(Math.round(Math.max(every / FALL_MAX, count / (this.#perMs * ms))));
    // By lot the next one has no memory: it may be drawn again.
    if (this.#every !== every) this.#draw();
    return true;
  }

  #set(every: number): void {
    this.#every = Math.min(ONE_OF_MAX, Math.max(1, every));
  }

  #draw(): void {
    const every = this.#every;
    const distance = every === 1 ? 1 : 1 + Math.floor(Math.log(1 - this.#random()) / Math.log(1 - 1 / every));
    this.#count += distance - this.#left;
    this.#left = distance;
  }
}
