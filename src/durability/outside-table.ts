/**
 * Which messages from outside a durable actor has handled, by their ids, and how that ended. Numbers do not help there: what a
 * broker gives back comes in any order. Pure; the bounds say for how long a repeat is recognised.
 */
import { OUTSIDE_PAGE_BYTES, type OutsideMark, OutsidePageWriter } from '../commit/outside-page.ts';
import { isOutsidePage, numberOfPart, type OutsideEntry, outsidePagePart } from '../commit/record.ts';
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

/** One object for both: an actor has thousands. */
class Placed implements OutsideMark {
  readonly at: number;
  readonly life: number;
  readonly failure: OutsideMark['failure'];
  readonly page: Page;

  constructor({ at, life, failure }: OutsideMark, page: Page) {
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
  /** In the order of age. */
  readonly #marks = new Map<string, Placed>();
  #lastPage = 0;
  /** To which the next mark is added. */
  #page: Page | undefined;
  readonly #writer = new OutsidePageWriter();
  /** No mark is older. */
  #oldestAt = Number.POSITIVE_INFINITY;

  /** `entries`: by part, in their order. */
  constructor(entries: readonly OutsideEntry[]) {
    const pages = new Map<string, Page>();
    for (const { name, mark, part } of [...entries].sort((one, other) => one.mark.at - other.mark.at)) {
      let page = pages.get(part);
      if (page === undefined) pages.set(part, (page = { part, count: 0 }));
      if (isOutsidePage(part)) this.#lastPage = Math.max(this.#lastPage, numberOfPart(part));
      this.#place(name, new Placed(mark, page));
    }
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
    const before = this.#place(name, new Placed(mark, page));
    if (bytes.length > OUTSIDE_PAGE_BYTES) this.#endPage();
    const isOldKept = this.#marks.size <= OUTSIDE_IDS_MAX && this.#oldestAt > at - OUTSIDE_ID_KEPT_MS;
    if (before === undefined && isOldKept) return { part: page.part, bytes, gone: NONE };
    const gone: string[] = [];
    if (before !== undefined) this.#noteGone(before, gone);
    this.#forgetOld(at, gone);
    return { part: page.part, bytes, gone };
  }

  #forgetOld(now: number, gone: string[]): void {
    for (const [oldest, { at, page }] of this.#marks) {
      this.#oldestAt = at;
      if (this.#marks.size <= OUTSIDE_IDS_MAX && at > now - OUTSIDE_ID_KEPT_MS) return;
      this.#marks.delete(oldest);
      page.count--;
      this.#noteGone(page, gone);
    }
  }

  /** Returns the page that it was on before. */
  #place(name: string, placed: Placed): Page | undefined {
    const before = this.#marks.get(name)?.page;
    if (before !== undefined) {
      before.count--;
      this.#marks.delete(name);
    }
    placed.page.count++;
    this.#oldestAt = Math.min(this.#oldestAt, placed.at);
    this.#marks.set(name, placed);
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
