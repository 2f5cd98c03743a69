/**
 * Which messages from outside a durable actor has handled, by their ids, and how that ended. Numbers do not help there: what a
 * broker gives back comes in any order. Pure; the bounds say for how long a repeat is recognised.
 */
import {
  markAt,
  nameAt,
  OUTSIDE_PAGE_BYTES,
  type OutsideMark,
  OutsidePageWriter,
  timeAt,
} from '../commit/outside-page.ts';
import { isOutsidePage, numberOfPart, type OutsideEntry, outsidePagePart } from '../commit/record.ts';
import { HashedRing, hashOf, NO_SLOT } from '../structures/hashed-ring.ts';
import type { OutsideId } from '../vocabulary/outside-id.ts';

/** Ids that an actor remembers, at most; the oldest goes first. */
export const OUTSIDE_IDS_MAX = 4_096;
/** Milliseconds that an id is remembered. */
export const OUTSIDE_ID_KEPT_MS: number = 7 * 24 * 3_600_000;

/** A part of the record with marks in it. */
interface Page {
  readonly part: string;
  /** The marks, as they stand in the record: what is known of each is read there. */
  bytes: Uint8Array;
  /** Of its marks, those that still hold. */
  count: number;
}

/** Slots to begin with. */
const SLOTS_INITIAL = 16;
const NO_BYTES = new Uint8Array(0);
const NONE: readonly string[] = Object.freeze([]);

/** The part to be written for a mark, and the parts that go for it. */
export interface OutsideWrite {
  readonly part: string;
  readonly bytes: Uint8Array;
  readonly gone: readonly string[];
}

export class OutsideTable {
  /** In the order of age, with those that a later one of their name has replaced. */
  #order = new HashedRing(SLOTS_INITIAL);
  /** By slot: the page of each, and where its mark begins there. */
  #pages: Page[] = [];
  #offsets = new Uint16Array(SLOTS_INITIAL);
  /** Of those that hold. */
  #count = 0;
  /** When the first of the order was handled, once somebody has looked: its page is in memory that has grown cold. */
  #firstAt: number | undefined;
  #lastPage = 0;
  /** To which the next mark is added. */
  #page: Page | undefined;
  readonly #writer = new OutsidePageWriter();

  /** `entries`: by part, in their order. */
  constructor(entries: readonly OutsideEntry[]) {
    const pages = new Map<string, { page: Page; writer: OutsidePageWriter }>();
    for (const { name, mark, part } of [...entries].sort((one, other) => one.mark.at - other.mark.at)) {
      let open = pages.get(part);
      if (open === undefined) {
        open = { page: { part, bytes: NO_BYTES, count: 0 }, writer: new OutsidePageWriter() };
        pages.set(part, open);
      }
      if (isOutsidePage(part)) this.#lastPage = Math.max(this.#lastPage, numberOfPart(part));
      this.#place(name, mark, open.page, open.writer);
    }
  }

  /** In memory, with those that a later one has replaced: at most `OUTSIDE_IDS_MAX` twice. */
  get size(): number {
    return this.#order.length;
  }

  /** How it ended; undefined: it is new, or failed in an earlier life. */
  markOf({ name, life }: OutsideId): OutsideMark | undefined {
    const slot = this.#slotOf(name, hashOf(name));
    if (slot === NO_SLOT) return undefined;
    const mark = markAt(this.#bytesOf(slot), this.#offsets[slot] as number);
    return mark.failure === undefined || mark.life >= life ? mark : undefined;
  }

  add(name: string, mark: OutsideMark): OutsideWrite {
    const page = (this.#page ??= { part: outsidePagePart(++this.#lastPage), bytes: NO_BYTES, count: 0 });
    const before = this.#place(name, mark, page, this.#writer);
    const { part, bytes } = page;
    if (bytes.length > OUTSIDE_PAGE_BYTES) this.#endPage();
    if (before === undefined && !this.#isPast(mark.at)) return { part, bytes, gone: NONE };
    const gone: string[] = [];
    if (before !== undefined) this.#noteGone(before, gone);
    this.#forgetOld(mark.at, gone);
    return { part, bytes, gone };
  }

  /** Whether the first of the order is not to be kept. */
  #isPast(now: number): boolean {
    const oldest = this.#order.first;
    if (oldest === NO_SLOT) return false;
    if (this.#count > OUTSIDE_IDS_MAX || !this.#order.isIn(oldest)) return true;
    this.#firstAt ??= timeAt(this.#bytesOf(oldest), this.#offsets[oldest] as number);
    return this.#firstAt <= now - OUTSIDE_ID_KEPT_MS;
  }

  #forgetOld(now: number, gone: string[]): void {
    while (this.#isPast(now)) {
      const oldest = this.#order.first;
      if (this.#order.isIn(oldest)) {
        const page = this.#pages[oldest] as Page;
        this.#takeOut(oldest);
        this.#noteGone(page, gone);
      }
      this.#order.shift();
      this.#firstAt = undefined;
    }
    // An old one at the head keeps all behind it, also those of a name that comes again and again.
    if (this.size > 2 * OUTSIDE_IDS_MAX) this.#move(this.#order.capacity);
  }

  /** Returns the page that it was on before. */
  #place(name: string, { at, life, failure }: OutsideMark, page: Page, writer: OutsidePageWriter): Page | undefined {
    const hash = hashOf(name);
    const known = this.#slotOf(name, hash);
    const before = known === NO_SLOT ? undefined : this.#pages[known];
    if (known !== NO_SLOT) this.#takeOut(known);
    if (this.#order.isFull) this.#move(this.#count * 2 > this.size ? this.size * 2 : this.size);
    const slot = this.#order.push(hash);
    this.#pages[slot] = page;
    this.#offsets[slot] = writer.size;
    page.bytes = writer.add(name, at, life, failure);
    page.count++;
    this.#count++;
    return before;
  }

  #takeOut(slot: number): void {
    (this.#pages[slot] as Page).count--;
    this.#count--;
    this.#order.takeOut(slot);
  }

  #slotOf(name: string, hash: number): number {
    let slot = this.#order.find(hash);
    while (slot !== NO_SLOT && nameAt(this.#bytesOf(slot), this.#offsets[slot] as number) !== name)
      slot = this.#order.find(hash, slot);
    return slot;
  }

  #bytesOf(slot: number): Uint8Array {
    return (this.#pages[slot] as Page).bytes;
  }

  /** All that hold, to so many slots. */
  #move(capacity: number): void {
    const [order, pages, offsets] = [this.#order, this.#pages, this.#offsets];
    this.#order = new HashedRing(capacity);
    this.#firstAt = undefined;
    this.#pages = [];
    this.#offsets = new Uint16Array(capacity);
    for (let age = 0; age < order.length; age++) {
      const from = order.slotAt(age);
      if (!order.isIn(from)) continue;
      const to = this.#order.push(order.hashAt(from));
      this.#pages[to] = pages[from] as Page;
      this.#offsets[to] = offsets[from] as number;
    }
  }

  #endPage(): void {
    this.#page = undefined;
    this.#writer.reset();
  }

  #noteGone(page: Page, gone: string[]): void {
    if (page.count === 0 && page !== this.#page) gone.push(page.part);
  }
}
