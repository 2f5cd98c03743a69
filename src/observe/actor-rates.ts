/** How many turns single actors have in a second, and how long they take: from the samples of turns, for the busiest of them, while somebody looks. */

/** Actors whose turns are counted; beyond, those with the fewest turns are forgotten. */
export const ACTORS_COUNTED_MAX = 10_000;
/** Milliseconds that the figures go back, at least where it was counted for so long; twice as many at most. */
export const RATES_WINDOW_MS = 10_000;

interface Counted {
  turns: number;
  ms: number;
}

export class ActorRates {
  #recent = new Map<object, Counted>();
  #before = new Map<object, Counted>();
  readonly #max: number;
  #recentFrom: number;
  #from: number;
  #now: number;

  /** `now`: on any clock that grows, in milliseconds. */
  constructor(now: number, max: number = ACTORS_COUNTED_MAX) {
    this.#max = max;
    this.#recentFrom = this.#from = this.#now = now;
  }

  /** A turn of an actor that stands for so many. */
  add(actor: object, ms: number, turns: number): void {
    const counted = this.#recent.get(actor);
    if (counted !== undefined) {
      counted.turns += turns;
      counted.ms += ms * turns;
      return;
    }
    if (this.#recent.size >= this.#max) this.#forgetHalf();
    this.#recent.set(actor, { turns, ms: ms * turns });
  }

  /** Figures are as of now. */
  look(now: number): void {
    this.#now = now;
    if (now - this.#recentFrom < RATES_WINDOW_MS) return;
    this.#before = this.#recent;
    this.#recent = new Map();
    this.#from = this.#recentFrom;
    this.#recentFrom = now;
  }

  /** Each once that had a turn that was counted: asked for one by one they take several times as long. */
  each(visit: (actor: object, perSecond: number, ms: number) => void): void {
    const seconds = Math.max(1, this.#now - this.#from) / 1_000;
    const [recent, before] = [this.#recent, this.#before];
    recent.forEach(({ turns, ms }, actor) => {
      const earlier = before.get(actor);
      const all = turns + (earlier?.turns ?? 0);
      visit(actor, all / seconds, (ms + (earlier?.ms ?? 0)) / all);
    });
    before.forEach(({ turns, ms }, actor) => {
      if (!recent.has(actor)) visit(actor, turns / seconds, ms / turns);
    });
  }

  /** Undefined: it had no turn that was counted. */
  of(actor: object): { perSecond: number; ms: number } | undefined {
    const [recent, before] = [this.#recent.get(actor), this.#before.get(actor)];
    const turns = (recent?.turns ?? 0) + (before?.turns ?? 0);
    if (turns === 0) return undefined;
    const seconds = Math.max(1, this.#now - this.#from) / 1_000;
    return { perSecond: turns / seconds, ms: ((recent?.ms ?? 0) + (before?.ms ?? 0)) / turns };
  }

  #forgetHalf(): void {
    const all = [...this.#recent].sort(([, one], [, other]) => other.turns - one.turns);
    this.#recent = new Map(all.slice(0, this.#max / 2));
  }
}
