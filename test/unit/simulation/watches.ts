/**
 * Promise 7: a watcher is told exactly once that an actor has ended, and never of one that lives. A watch ends with its
 * watcher's incarnation.
 */
import type { Breaches } from './breaches.ts';
import type { Census, End, Life } from './census.ts';

interface Watch {
  readonly watcher: string;
  readonly target: string;
  readonly since: number;
  /** The target's incarnation that lived then, with no end since. */
  readonly life: Life | undefined;
}

export class Watches {
  readonly #armed = new Map<string, Watch>();
  readonly #breaches: Breaches;
  readonly #census: Census;
  told = 0;

  constructor(breaches: Breaches, census: Census) {
    this.#breaches = breaches;
    this.#census = census;
  }

  get armed(): readonly Watch[] {
    return [...this.#armed.values()];
  }

  watch(watcher: string, target: string): void {
    const name = `${watcher}>${target}`;
    const life = this.#census.lives.get(target);
    // Watching twice is watching once.
    if (this.#armed.has(name)) return;
    const since = this.#breaches.now;
    this.#armed.set(name, { watcher, target, since, life: life?.endedAt === undefined ? life : undefined });
  }

  unwatch(watcher: string, target: string): void {
    this.#armed.delete(`${watcher}>${target}`);
  }

  toldOf(watcher: string, target: string, reason: string): void {
    const name = `${watcher}>${target}`;
    const watch = this.#armed.get(name);
    this.#armed.delete(name);
    this.told++;
    if (!watch)
      return this.#breaches.add(
        7,
        `${watcher} was told twice, or without a watch, of the end of ${target} (${reason})`,
      );
    const { life } = watch;
    const now = this.#census.lives.get(target);
    const hasLivedOn =
      life !== undefined && now === life && life.endedAt === undefined && life.doubtfulAt === undefined;
    if (hasLivedOn && !this.#hasEnded(watch))
      this.#breaches.add(7, `${watcher} was told of the end of ${target} (${reason}), which lives on in ${life.host}`);
  }

  /** Its watches are gone with it; a passivation and a restart keep them, and so does a move. */
  ended({ id }: End): void {
    for (const [name, watch] of this.#armed) if (watch.watcher === id) this.#armed.delete(name);
  }

  #hasEnded({ target, since }: Watch): boolean {
    return this.#census.ends.some((end) => end.id === target && end.at >= since);
  }
}
