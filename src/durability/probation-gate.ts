/**
 * In whose turn a process has died before runs alone among its like: so the next death is counted to the one that caused it,
 * and not to all that had the bad luck to have begun beside it. One that waits for another actor, or takes very long, pauses
 * for the next one, and nothing is counted to it until that one is over.
 */
import type { Clock, Timer } from '../vocabulary/clock.ts';

/** Milliseconds after which one that is still not over pauses for the next. */
export const ALONE_MS = 10_000;
/** Milliseconds between two looks at whether the next one may begin. */
const LOOK_MS = 20;

/** One on probation. */
export interface Guest {
  /** For the reply of another actor, which may be the next one here. */
  readonly isWaiting: boolean;
  /** No death counts for it from now on. */
  pause(): void;
  goOn(): void;
}

export interface Pass {
  readonly entered: Promise<void>;
  /** The turn is over. Does nothing the second time. */
  release(): void;
}

interface Entry {
  readonly guest: Guest;
  readonly enter: () => void;
  /** On `Clock.now()`: until then it is alone. */
  until: number;
}

export class ProbationGate {
  readonly #clock: Clock;
  readonly #waiting: Entry[] = [];
  /** The last one is alone, the others pause. */
  readonly #inside: Entry[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  enter(guest: Guest): Pass {
    let entry: Entry | undefined;
    const entered = new Promise<void>((enter) => {
      entry = { guest, enter, until: 0 };
      this.#waiting.push(entry);
    });
    this.#next();
    return { entered, release: () => this.#release(entry as Entry) };
  }

  close(): void {
    this.#timer?.cancel();
  }

  #release(entry: Entry): void {
    const isAlone = entry === this.#inside.at(-1);
    for (const list of [this.#waiting, this.#inside]) {
      const at = list.indexOf(entry);
      if (at >= 0) list.splice(at, 1);
    }
    if (isAlone) this.#inside.at(-1)?.guest.goOn();
    this.#next();
  }

  #next(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const alone = this.#inside.at(-1);
    if (this.#waiting.length > 0 && (!alone || alone.guest.isWaiting || this.#clock.now() >= alone.until)) {
      alone?.guest.pause();
      this.#admit(this.#waiting.shift() as Entry);
    }
    if (this.#waiting.length > 0) this.#timer = this.#clock.setTimer(LOOK_MS, () => this.#next());
  }

  #admit(entry: Entry): void {
    entry.until = this.#clock.now() + ALONE_MS;
    this.#inside.push(entry);
    entry.enter();
  }
}
