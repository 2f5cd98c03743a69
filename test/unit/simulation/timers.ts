/** Timers: each fires once, not early, in the incarnation that set it and in no other; a move keeps them. */
import type { Breaches } from './breaches.ts';
import type { Census, Life } from './census.ts';
import type { Faults } from './faults.ts';

interface Timer {
  readonly owner: Life;
  readonly setAt: number;
  readonly ms: number;
  readonly isEvery: boolean;
  fired: number;
  lastAt: number;
}

/** Milliseconds that a timer's message may be late, beside the times in which its process stood still: moves and mailboxes. */
const LATE_MS = 400;

export class Timers {
  readonly #timers: Timer[] = [];
  readonly #breaches: Breaches;
  readonly #census: Census;
  readonly #faults: Faults;

  constructor(breaches: Breaches, census: Census, faults: Faults) {
    this.#breaches = breaches;
    this.#census = census;
    this.#faults = faults;
  }

  get size(): number {
    return this.#timers.length;
  }

  /** The latest moment at which one that fires once may do so. */
  get lastDueAt(): number {
    return Math.max(0, ...this.#timers.filter(({ isEvery }) => !isEvery).map(({ setAt, ms }) => setAt + ms));
  }

  /** Its number, which its message carries. */
  set(owner: Life, ms: number, isEvery: boolean): number {
    const now = this.#breaches.now;
    return this.#timers.push({ owner, setAt: now, ms, isEvery, fired: 0, lastAt: now }) - 1;
  }

  fires(number: number, life: Life): void {
    const timer = this.#timers[number] as Timer;
    const now = this.#breaches.now;
    timer.fired++;
    timer.lastAt = now;
    const name = nameOf(number, timer);
    // What its timer had told it before it was restarted is mail, and stays.
    const wasDue = timer.owner.endedAt !== undefined && timer.owner.endedAt >= timer.setAt + timer.ms;
    if (life !== timer.owner && !wasDue)
      this.#breaches.add(
        'state',
        `${name} fired in another incarnation (${life.number}) than set it (${timer.owner.number})`,
      );
    if (!timer.isEvery && timer.fired > 1) this.#breaches.add('state', `${name} fired ${timer.fired} times`);
    const most = timer.isEvery ? Math.floor((now - timer.setAt) / timer.ms + 0.001) : 1;
    if (now < timer.setAt + timer.ms - 0.001) this.#breaches.add('state', `${name} fired early`);
    else if (timer.fired > most)
      this.#breaches.add('state', `${name} fired ${timer.fired} times, at most ${most} were due`);
  }

  /** At the end, when all is quiet: nothing that lives has missed a beat. */
  check(): void {
    const now = this.#breaches.now;
    for (const [number, timer] of this.#timers.entries()) {
      const { owner, setAt, ms, isEvery, fired, lastAt } = timer;
      if (this.#census.lives.get(owner.id) !== owner || owner.endedAt !== undefined || owner.doubtfulAt !== undefined)
        continue;
      const dueAt = isEvery ? lastAt + ms : setAt + ms;
      const standstillMs = Math.max(...[...owner.hosts].map((host) => this.#faults.standstillMs(host, setAt, now)));
      const isLate = now > dueAt + LATE_MS + standstillMs;
      if ((isEvery || fired === 0) && isLate) this.#breaches.add('state', `${nameOf(number, timer)} did not fire`);
    }
  }
}

function nameOf(number: number, { owner, setAt, ms, isEvery }: Timer): string {
  return `timer ${number} of ${owner.id} (${isEvery ? 'every' : 'after'} ${ms} ms, set at ${setAt.toFixed(3)})`;
}
