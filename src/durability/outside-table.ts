/**
 * Which messages from outside a durable actor has handled, by their ids, and how that ended. Numbers do not help there: what a
 * broker gives back comes in any order. Pure; the bounds say for how long a repeat is recognised.
 */
import { OUTSIDE_PAGE_BYTES, type OutsideMark, writeOutsideMark } from '../commit/outside-page.ts';
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
interface Placed extends OutsideMark {
  readonly page: Page;
}

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
  #bytes: Uint8Array = new Uint8Array(0);

  /** `entries`: by part, in their order. */
  constructor(entries: readonly OutsideEntry[]) {
    const pages = new Map<string, Page>();
    for (const { name, mark, part } of [...entries].sort((one, other) => one.mark.at - other.mark.at)) {
      let page = pages.get(part);
      if (page === undefined) pages.set(part, (page = { part, count: 0 }));
      if (isOutsidePage(part)) this.#lastPage = Math.max(this.#lastPage, numberOfPart(part));
      this.#place(name, { ...mark, page });
    }
  }

  /** How it ended; undefined: it is new, or failed in an earlier life. */
  markOf({ name, life }: OutsideId): OutsideMark | undefined {
    const mark = this.#marks.get(name);
    return mark && (mark.failure === undefined || mark.life >= life) ? mark : undefined;
  }

  add(name: string, mark: OutsideMark): OutsideWrite {
    const gone: string[] = [];
    const page = (this.#page ??= { part: outsidePagePart(++this.#lastPage), count: 0 });
    const bytes = joined(this.#bytes, writeOutsideMark(name, mark));
    const { at, life, failure } = mark;
    const before = this.#place(name, { at, life, failure, page });
    this.#bytes = bytes;
    if (bytes.length > OUTSIDE_PAGE_BYTES) this.#endPage();
    if (before !== undefined) this.#noteGone(before, gone);
    for (const [oldest, { at: oldAt, page: its }] of this.#marks) {
      if (this.#marks.size <= OUTSIDE_IDS_MAX && oldAt > at - OUTSIDE_ID_KEPT_MS) break;
      this.#marks.delete(oldest);
      its.count--;
      this.#noteGone(its, gone);
    }
    return { part: page.part, bytes, gone };
  }

  /** Returns the page that it was on before. */
  #place(name: string, placed: Placed): Page | undefined {
    const before = this.#marks.get(name)?.page;
    if (before !== undefined) {
      before.count--;
      this.#marks.delete(name);
    }
    placed.page.count++;
    this.#marks.set(name, placed);
    return before;
  }

  #endPage(): void {
    this.#page = undefined;
    this.#bytes = new Uint8Array(0);
  }

  #noteGone(page: Page, gone: string[]): void {
    if (page.count === 0 && page !== this.#page) gone.push(page.part);
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
