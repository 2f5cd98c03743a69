/** Moves, and workers that come and go: how many were asked for, what came of them, and which have not ended. */
export class Changes {
  readonly #counts = new Map<string, number>();
  #inFlight = 0;
  /** Grows with each change that begins or ends, and with each actor that is given a place. */
  number = 0;

  get inFlight(): number {
    return this.#inFlight;
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort());
  }

  begin(what: string): { end(outcome: string): void } {
    this.#inFlight++;
    this.number++;
    return {
      end: (outcome) => {
        this.#inFlight--;
        this.number++;
        const name = `${what}: ${outcome}`;
        this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
      },
    };
  }
}
