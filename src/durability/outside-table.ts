/**
 * Which messages from outside a durable actor has handled, by their ids, and how that ended. Numbers do not help there: what a
 * broker gives back comes in any order. Pure; the bounds say for how long a repeat is recognised.
 */
import { OUTSIDE_PAGE_BYTES, type OutsideMark, OutsidePageWriter } from '../commit/outside-page.ts';
import { isOutsidePage, numberOfPart, type OutsideEntry, outsidePagePart } from '../commit/record.ts';
import { Ring } from '../structures/ring.ts';
import type { OutsideId } from '../vocabulary/outside-id.ts';

/** Ids that an actor remembers, at most; the oldest goes first. */
export const OUTSIDE_IDS_MAX = 4_096;
/** Milliseconds that an id is remembered. */
export const OUTSIDE_ID_KEPT_MS: number = 7 * 24 * 3_600_000;

/** A part of the record with marks in it. */
interface Page {
  readonly part: string;
  /** Of its marks, those that still hold. */
  count: number;
}

/** One object for all: an actor has thousands. */
class Placed implements OutsideMark {
  readonly name: string;
  readonly at: number;
  readonly life: number;
  readonly failure: OutsideMark['failure'];
  readonly page: Page;

  constructor(name: string, { at, life, failure }: OutsideMark, page: Page) {
    this.name = name;
    this.at = at;
    this.life = life;
    this.failure = failure;
    this.page = page;
  }
}

const NONE: readonly string[] = Object.freeze([]);

/** The part to be written for a mark, and the parts that go for it. */
export interface OutsideWrite {
  readonly part: string;
  readonly bytes: Uint8Array;
  readonly gone: readonly string[];
}

export class OutsideTable {
  readonly #marks = new Map<string, Placed>();
  /**
   * In the order of age, with those that a later one of their name has replaced: the oldest one of a map that others have left is found behind all
   * their empty places, which took most of the time of a full table.
   */
  #order = new Ring<Placed>();
  #lastPage = 0;
  /** To which the next mark is added. */
  #page: Page | undefined;
  readonly #writer = new OutsidePageWriter();

  /** `entries`: by part, in their order. */
  constructor(entries: readonly OutsideEntry[]) {
    const pages = new Map<string, Page>();
    for (const { name, mark, part } of [...entries].sort((one, other) => one.mark.at - other.mark.at)) {
      let page = pages.get(part);
      if (page === undefined) pages.set(part, (page = { part, count: 0 }));
      if (isOutsidePage(part)) this.#lastPage = Math.max(this.#lastPage, numberOfPart(part));
      this.#place(new Placed(name, mark, page));
    }
  }

  /** In memory, with those that a later one has replaced: at most `OUTSIDE_IDS_MAX` twice. */
  get size(): number {
    return this.#order.length;
  }

  /** How it ended; undefined: it is new, or failed in an earlier life. */
  markOf({ name, life }: OutsideId): OutsideMark | undefined {
    const mark = this.#marks.get(name);
    return mark && (mark.failure === undefined || mark.life >= life) ? mark : undefined;
  }

  add(name: string, mark: OutsideMark): OutsideWrite {
    const page = (this.#page ??= { part: outsidePagePart(++this.#lastPage), count: 0 });
    const { at, life, failure } = mark;
    const bytes = this.#writer.add(name, at, life, failure);
    const before = this.#place(new Placed(name, mark, page));
    if (bytes.length > OUTSIDE_PAGE_BYTES) this.#endPage();
    if (before === undefined && !this.#isPast(at)) return { part: page.part, bytes, gone: NONE };
    const gone: string[] = [];
    if (before !== undefined) this.#noteGone(before, gone);
    this.#forgetOld(at, gone);
    return { part: page.part, bytes, gone };
  }

  /** Whether the first of the order is not to be kept. */
  #isPast(now: number): boolean {
    const oldest = this.#order.peek();
    if (oldest === undefined) return false;
    if (this.#marks.size > OUTSIDE_IDS_MAX || oldest.at <= now - OUTSIDE_ID_KEPT_MS) return true;
    // Nearly always none was replaced, and the name need not be looked up in memory that is cold.
    return this.#order.length > this.#marks.size && !this.#holds(oldest);
  }

  #forgetOld(now: number, gone: string[]): void {
    while (this.#isPast(now)) {
      const oldest = this.#order.shift() as Placed;
      if (!this.#holds(oldest)) continue;
      this.#marks.delete(oldest.name);
      oldest.page.count--;
      this.#noteGone(oldest.page, gone);
    }
    if (this.#order.length > 2 * OUTSIDE_IDS_MAX) this.#dropReplaced();
  }

  #holds(placed: Placed): boolean {
    return this.#marks.get(placed.name) === placed;
  }

  /** An old one at the head keeps all behind it, also those of a name that comes again and again. */
  #dropReplaced(): void {
    const all = this.#order.clear();
    this.#order = new Ring();
    for (const placed of all) if (this.#holds(placed)) this.#order.push(placed);
  }

  /** Returns the page that it was on before. */
  #place(placed: Placed): Page | undefined {
    const before = this.#marks.get(placed.name)?.page;
    if (before !== undefined) before.count--;
    placed.page.count++;
    this.#marks.set(placed.name, placed);
    this.#order.push(placed);
    return before;
  }

  #endPage(): void {
    this.#page = undefined;
    this.#writer.reset();
  }

  #noteGone(page: Page, gone: string[]): void {
    if (page.count === 0 && page !== this.#page) gone.push(page.part);
  }
}
