/**
 * Which messages from outside a durable actor has handled, by their ids, and how that ended. Numbers do not help there: what a
 * broker gives back comes in any order. Pure; the bounds say for how long a repeat is recognised.
 */
import type { OutsideMark } from '../commit/record.ts';
import type { OutsideId } from '../vocabulary/outside-id.ts';

/** Ids that an actor remembers, at most; the oldest goes first. */
export const OUTSIDE_IDS_MAX = 4_096;
/** Milliseconds that an id is remembered. */
export const OUTSIDE_ID_KEPT_MS: number = 7 * 24 * 3_600_000;

export class OutsideTable {
  /** In the order of age. */
  readonly #marks = new Map<string, OutsideMark>();

  constructor(marks: ReadonlyMap<string, OutsideMark>) {
    for (const [name, mark] of [...marks].sort(([, a], [, b]) => a.at - b.at)) this.#marks.set(name, mark);
  }

  /** How it ended; undefined: it is new, or failed in an earlier life. */
  markOf({ name, life }: OutsideId): OutsideMark | undefined {
    const mark = this.#marks.get(name);
    return mark && (mark.failure === undefined || mark.life >= life) ? mark : undefined;
  }

  /** Returns the names that are forgotten for it. */
  add(name: string, mark: OutsideMark): string[] {
    this.#marks.delete(name);
    this.#marks.set(name, mark);
    const forgotten: string[] = [];
    for (const [oldest, { at }] of this.#marks) {
      if (this.#marks.size <= OUTSIDE_IDS_MAX && at > mark.at - OUTSIDE_ID_KEPT_MS) break;
      this.#marks.delete(oldest);
      forgotten.push(oldest);
    }
    return forgotten;
  }
}
