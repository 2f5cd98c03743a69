/**
 * Messages whose waiting is measured, from the mailbox to the turn. Whether a message is one of them is asked in each turn, so the last few are compared with
 * it one by one; only those that wait for long stand in a map by their message, which takes several times as long to ask.
 */

/** The last ones, which are compared. */
export const LAST_ARRIVALS = 8;

export interface Arrival {
  readonly envelope: object;
  readonly at: number;
  /** Of how many messages it is the sample. */
  readonly weight: number;
}

export class SampledMessages {
  readonly #last: Arrival[] = [];
  /** Messages that nobody handles any more are not kept by it. */
  #earlier = new WeakMap<object, Arrival>();
  /** At most so many are among the earlier ones. */
  #earlierCount = 0;
  /** Of both. */
  #count = 0;

  /** Asked for each turn: mostly none is waited for. */
  has(envelope: object): boolean {
    return this.#count > 0 && this.#holds(envelope);
  }

  #holds(envelope: object): boolean {
    const last = this.#last;
    for (let at = 0; at < last.length; at++) if ((last[at] as Arrival).envelope === envelope) return true;
    return this.#earlierCount > 0 && this.#earlier.has(envelope);
  }

  add(arrival: Arrival): void {
    this.#count++;
    const last = this.#last;
    if (last.length >= LAST_ARRIVALS) {
      const oldest = last.shift() as Arrival;
      this.#earlier.set(oldest.envelope, oldest);
      this.#earlierCount++;
    }
    last.push(arrival);
  }

  /** Undefined: it is none. */
  take(envelope: object): Arrival | undefined {
    const last = this.#last;
    for (let at = 0; at < last.length; at++)
      if ((last[at] as Arrival).envelope === envelope) {
        this.#count--;
        return last.splice(at, 1)[0];
      }
    return this.#earlierCount === 0 ? undefined : this.#takeEarlier(envelope);
  }

  #takeEarlier(envelope: object): Arrival | undefined {
    const arrival = this.#earlier.get(envelope);
    if (arrival === undefined) return undefined;
    this.#earlier.delete(envelope);
    this.#earlierCount--;
    this.#count--;
    return arrival;
  }
}
