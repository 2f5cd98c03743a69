/** The reminders of one actor: which is next, and what becomes of one that has fired. Pure; times are wall-clock. */
import type { ReminderRecord } from './record.ts';

/** Of one actor at a time; one more is refused. */
export const REMINDERS_MAX = 10_000;

/** Changes of a turn to the number of reminders. */
export interface ReminderChanges {
  readonly fresh: Set<string>;
  readonly forgotten: Set<string>;
}

export class Reminders {
  readonly #byName: Map<string, ReminderRecord>;
  #earliest: number | undefined;
  #isEarliestKnown = false;

  constructor(byName: ReadonlyMap<string, ReminderRecord> = new Map()) {
    this.#byName = new Map(byName);
  }

  get size(): number {
    return this.#byName.size;
  }

  entries(): Iterable<[name: string, reminder: ReminderRecord]> {
    return this.#byName.entries();
  }

  get(name: string): ReminderRecord | undefined {
    return this.#byName.get(name);
  }

  /** Whether one more of a name has room after these changes, which it joins. */
  takeRoom(name: string, { fresh, forgotten }: ReminderChanges): boolean {
    if (this.#byName.has(name)) forgotten.delete(name);
    else fresh.add(name);
    if (this.#byName.size + fresh.size - forgotten.size <= REMINDERS_MAX) return true;
    if (!fresh.delete(name)) forgotten.add(name);
    return false;
  }

  giveRoom(name: string, { fresh, forgotten }: ReminderChanges): void {
    if (this.#byName.has(name)) forgotten.add(name);
    fresh.delete(name);
  }

  set(name: string, reminder: ReminderRecord): void {
    this.#byName.set(name, reminder);
    this.#changed();
  }

  delete(name: string): boolean {
    this.#changed();
    return this.#byName.delete(name);
  }

  /** Kept: turns that change no reminder are many, and each commit asks. */
  get earliest(): number | undefined {
    if (this.#isEarliestKnown) return this.#earliest;
    let earliest: number | undefined;
    for (const { atMs } of this.#byName.values()) if (earliest === undefined || atMs < earliest) earliest = atMs;
    this.#isEarliestKnown = true;
    this.#earliest = earliest;
    return earliest;
  }

  /** Those that are due, earliest first. */
  due(now: number): [name: string, reminder: ReminderRecord][] {
    return [...this.#byName].filter(([, { atMs }]) => atMs <= now).sort(([, a], [, b]) => a.atMs - b.atMs);
  }

  /** The earliest of those that are not due. */
  nextAfter(now: number): number | undefined {
    let next: number | undefined;
    for (const { atMs } of this.#byName.values()) if (atMs > now && (next === undefined || atMs < next)) next = atMs;
    return next;
  }

  /** It has fired: what it is from now on; undefined: it is over. Missed beats are skipped. */
  fired(name: string, now: number): ReminderRecord | undefined {
    const reminder = this.#byName.get(name);
    if (reminder?.everyMs === undefined) {
      this.delete(name);
      return undefined;
    }
    const { atMs, everyMs } = reminder;
    const missed = Math.max(0, Math.floor((now - atMs) / everyMs));
    const next = { ...reminder, atMs: atMs + (missed + 1) * everyMs };
    this.set(name, next);
    return next;
  }

  #changed(): void {
    this.#isEarliestKnown = false;
  }
}
