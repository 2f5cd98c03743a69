/**
 * Which messages are measured: each one while there are few, one of so many where there are more, so that what is measured in a second is bounded and
 * the cost of one that is not is a subtraction. The next one is drawn by lot, since a fixed distance would fall into step with what comes in turns: each
 * message has the same chance, one in `weight`, and a sample stands for that many.
 */

/** Messages of all kinds of a process that are measured in a second, about; a kind has an equal part of them. One costs a microsecond, about. */
export const SAMPLES_PER_SECOND = 2_048;
/** Of one kind, where there are very many kinds. */
export const KIND_SAMPLES_PER_SECOND_MIN = 64;
/** One of so many messages is measured at the least. */
export const ONE_OF_MAX = 4_096;
/** Milliseconds after which it is seen again whether there were too many or too few. */
export const SAMPLING_PERIOD_MS = 20;

/** Samples that each kind may take in a second. */
export function samplesOfKind(kinds: number): number {
  return Math.max(KIND_SAMPLES_PER_SECOND_MIN, SAMPLES_PER_SECOND / Math.max(1, kinds));
}

export class Sampler {
  readonly #random: () => number;
  readonly #perMs: number;
  /** In one period, before it is known to be over: a burst does not wait for its end. */
  readonly #most: number;
  /** One of so many. */
  #every = 1;
  /** Messages up to the next sample. */
  #left = 1;
  /** In the present period. */
  #taken = 0;
  #from = Number.NEGATIVE_INFINITY;
  #tick = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number, random: () => number) {
    this.#random = random;
    this.#perMs = perSecond / 1_000;
    this.#most = Math.max(2, Math.ceil(2 * this.#perMs * SAMPLING_PERIOD_MS));
  }

  /** Of how many messages this one is the sample; 0: it is none. `tick`: the time in milliseconds as somebody last read it, however old. */
  weigh(tick: number): number {
    if (tick !== this.#tick) this.#look(tick);
    return --this.#left > 0 ? 0 : this.#take(tick);
  }

  #take(tick: number): number {
    const every = this.#every;
    if (++this.#taken >= this.#most) this.#begin(tick, every * 2);
    this.#left = this.#distance();
    return every;
  }

  #look(tick: number): void {
    this.#tick = tick;
    const ms = tick - this.#from;
    if (ms < SAMPLING_PERIOD_MS) return;
    const every = this.#every;
    this.#begin(tick, Math.round((every * this.#taken) / (this.#perMs * ms)));
    // By lot the next one has no memory: it may be drawn again.
    if (this.#every !== every) this.#left = this.#distance();
  }

  #begin(tick: number, every: number): void {
    this.#from = tick;
    this.#taken = 0;
    this.#every = Math.min(ONE_OF_MAX, Math.max(1, every));
  }

  #distance(): number {
    const every = this.#every;
    return every === 1 ? 1 : 1 + Math.floor(Math.log(1 - this.#random()) / Math.log(1 - 1 / every));
  }
}
