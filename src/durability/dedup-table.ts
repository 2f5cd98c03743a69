/**
 * The dedup table of a durable actor: the last number handled of each sender stream, and the replies to asks that may be
 * resent. Pure; the bounds say for how long a repeat is recognised.
 */
import { type DeliveryId, isClientStream } from '../vocabulary/envelope.ts';
import type { Mark } from '../commit/mark-bytes.ts';
import { isMarkPart, type KeptReply } from '../commit/record.ts';
import { NumberTable } from '../structures/number-table.ts';

/** Streams that an actor remembers, at most; the one that was silent for longest goes first. */
export const MARKS_MAX = 10_000;
/** Milliseconds that a silent stream is remembered. */
export const MARK_KEPT_MS: number = 7 * 24 * 3_600_000;
/** Streams of clients among them, of which each has one for each session: fewer, and for a shorter time. */
export const CLIENT_MARKS_MAX = 1_000;
export const CLIENT_MARK_KEPT_MS: number = 3_600_000;
/** Replies that an actor keeps for those who ask again, at most; the oldest goes first. */
export const REPLIES_MAX = 1_024;
/** Bytes of them, likewise; the newest is kept whatever its size. */
export const REPLIES_BYTES_MAX: number = 32 * 1024 * 1024;
/** Milliseconds that a reply is kept, beyond which no ask waits for it. */
export const REPLY_KEPT_MS = 600_000;

/** A reply in the row of all, by age. */
class Kept {
  readonly reply: KeptReply;
  older: Kept | undefined = undefined;
  newer: Kept | undefined = undefined;

  constructor(reply: KeptReply) {
    this.reply = reply;
  }
}

/** The replies to the messages of one stream, by number. Most have one: the last. */
class StreamReplies {
  #last: Kept | undefined;
  #others: NumberTable<Kept> | undefined;

  get isEmpty(): boolean {
    return this.#last === undefined && (this.#others === undefined || this.#others.size === 0);
  }

  get(number: number): Kept | undefined {
    return this.#last?.reply.number === number ? this.#last : this.#others?.get(number);
  }

  add(kept: Kept): void {
    const before = this.#last;
    if (before !== undefined && before.reply.number !== kept.reply.number)
      (this.#others ??= new NumberTable()).set(before.reply.number, before);
    this.#last = kept;
  }

  take(number: number): void {
    if (this.#last?.reply.number === number) this.#last = undefined;
    else this.#others?.take(number);
  }

  /** The lowest first. */
  below(limit: number): readonly Kept[] {
    const last = this.#last;
    const isLastBelow = last !== undefined && last.reply.number < limit;
    if (this.#others === undefined || this.#others.size === 0) return isLastBelow ? [last] : NONE_KEPT;
    const below = this.#others.keysBelow(limit).map((number) => this.#others?.get(number) as Kept);
    if (isLastBelow) below.push(last);
    return below.sort((one, other) => one.reply.number - other.reply.number);
  }
}

const NONE_KEPT: readonly Kept[] = Object.freeze([]);
const NO_REPLIES: readonly KeptReply[] = Object.freeze([]);
const NO_MARKS: readonly [stream: string, mark: Mark][] = Object.freeze([]);

/** How far each stream is handled, in the order of their last growth. */
class Marks {
  readonly #marks = new Map<string, Mark>();
  readonly #max: number;
  readonly #keptMs: number;
  /** The stream that grew last, which is the last one of the map, and its mark. */
  #grown: string | undefined;
  #last: Mark | undefined;
  /** None of them is older, as far as the clock did not go back. */
  #oldestAt = Number.NEGATIVE_INFINITY;

  constructor(max: number, keptMs: number) {
    this.#max = max;
    this.#keptMs = keptMs;
  }

  get(stream: string): Mark | undefined {
    return stream === this.#grown ? this.#last : this.#marks.get(stream);
  }

  /** Of a record, by age. */
  restore(stream: string, mark: Mark): void {
    this.#marks.set(stream, mark);
    this.#grown = stream;
    this.#last = mark;
  }

  /** Returns those that are forgotten for it. */
  grow(stream: string, mark: Mark): readonly [stream: string, mark: Mark][] {
    const marks = this.#marks;
    if (stream !== this.#grown) marks.delete(stream);
    marks.set(stream, mark);
    this.#grown = stream;
    this.#last = mark;
    // Without a look at the oldest, which would make an iterator and an entry for each turn (D1).
    return marks.size <= this.#max && this.#oldestAt > mark.at - this.#keptMs ? NO_MARKS : this.#forget(mark.at);
  }

  #forget(now: number): readonly [stream: string, mark: Mark][] {
    const forgotten: [string, Mark][] = [];
    for (const one of this.#marks) {
      this.#oldestAt = one[1].at;
      if (this.#marks.size <= this.#max && one[1].at > now - this.#keptMs) break;
      this.#marks.delete(one[0]);
      forgotten.push(one);
    }
    return forgotten;
  }
}

/**
 * Most actors hear one stream, and keep its last reply until the next. For that no map is changed: maps that are filled and emptied with every turn were
 * a tenth of it, and more in the collector, which takes their old memory for living (D1; see structures/number-table.ts).
 */
export class DedupTable {
  readonly #marks = new Marks(MARKS_MAX, MARK_KEPT_MS);
  readonly #clientMarks = new Marks(CLIENT_MARKS_MAX, CLIENT_MARK_KEPT_MS);
  /** The stream that was asked for last, and the marks where it belongs: to look into its name costs more than the rest. */
  #askedFor: string | undefined;
  #asked: Marks = this.#marks;
  #oldest: Kept | undefined;
  #newest: Kept | undefined;
  #count = 0;
  #bytes = 0;
  /** Without a reply in it, that of the stream of the newest one alone stays. */
  readonly #byStream = new Map<string, StreamReplies>();
  #lastStream: string | undefined;
  #lastReplies: StreamReplies | undefined;
  readonly #byTurn = new Map<string, Kept>();

  constructor(marks: ReadonlyMap<string, Mark>, replies: readonly KeptReply[]) {
    for (const [stream, mark] of [...marks].sort(([, a], [, b]) => a.at - b.at))
      this.#among(stream).restore(stream, mark);
    for (const reply of replies) this.keep(reply);
  }

  /** early: one before it is still to come. */
  check({ stream, number, previous }: DeliveryId): 'new' | 'repeat' | 'early' {
    if (number === 0) return 'new';
    const last = this.#among(stream).get(stream)?.number ?? 0;
    if (number <= last) return 'repeat';
    return previous > last ? 'early' : 'new';
  }

  replyTo({ stream, number, turn }: DeliveryId): KeptReply | undefined {
    const byTurn = turn === undefined ? undefined : this.#byTurn.get(turn);
    return (byTurn ?? (number === 0 ? undefined : this.#repliesOf(stream)?.get(number)))?.reply;
  }

  markOf(stream: string): Mark | undefined {
    return this.#among(stream).get(stream);
  }

  /** The reply that is kept in the part of the mark of its stream, which had this number. */
  besideMark(stream: string, number: number): KeptReply | undefined {
    const reply = this.#repliesOf(stream)?.get(number)?.reply;
    return reply !== undefined && isMarkPart(reply.name) ? reply : undefined;
  }

  /** Returns the streams that are forgotten for it, with their last marks. */
  mark(stream: string, mark: Mark): readonly [stream: string, mark: Mark][] {
    return this.#among(stream).grow(stream, mark);
  }

  #among(stream: string): Marks {
    if (stream === this.#askedFor) return this.#asked;
    this.#askedFor = stream;
    return (this.#asked = isClientStream(stream) ? this.#clientMarks : this.#marks);
  }

  /** Returns the replies that go for it. */
  keep(reply: KeptReply): readonly KeptReply[] {
    const kept = new Kept(reply);
    kept.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = kept;
    else this.#newest.newer = kept;
    this.#newest = kept;
    this.#count++;
    this.#bytes += reply.bytes;
    if (reply.turn !== undefined) this.#byTurn.set(reply.turn, kept);
    if (reply.number > 0) this.#repliesFor(reply.stream).add(kept);
    let gone: KeptReply[] | undefined;
    for (let oldest = this.#oldest; oldest !== undefined && oldest !== kept; oldest = this.#oldest) {
      if (!this.#isFull && oldest.reply.at > reply.at - REPLY_KEPT_MS) break;
      this.#drop(oldest);
      (gone ??= []).push(oldest.reply);
    }
    return gone ?? NO_REPLIES;
  }

  get #isFull(): boolean {
    return this.#count > REPLIES_MAX || this.#bytes > REPLIES_BYTES_MAX;
  }

  /** Their asker has settled all below a number: nobody will ask for those again. */
  settledBelow(stream: string, floor: number): readonly KeptReply[] {
    const below = this.#repliesOf(stream)?.below(floor) ?? NONE_KEPT;
    if (below.length === 0) return NO_REPLIES;
    const gone: KeptReply[] = [];
    for (const kept of below) {
      // One of a turn may be asked for by the next run of that turn, under another number.
      if (kept.reply.turn !== undefined) continue;
      this.#drop(kept);
      gone.push(kept.reply);
    }
    return gone;
  }

  #repliesOf(stream: string): StreamReplies | undefined {
    return stream === this.#lastStream ? this.#lastReplies : this.#byStream.get(stream);
  }

  #repliesFor(stream: string): StreamReplies {
    if (stream === this.#lastStream && this.#lastReplies !== undefined) return this.#lastReplies;
    if (this.#lastStream !== undefined && this.#lastReplies?.isEmpty) this.#byStream.delete(this.#lastStream);
    let replies = this.#byStream.get(stream);
    if (replies === undefined) this.#byStream.set(stream, (replies = new StreamReplies()));
    this.#lastStream = stream;
    this.#lastReplies = replies;
    return replies;
  }

  #drop(kept: Kept): void {
    const { reply, older, newer } = kept;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    kept.older = undefined;
    kept.newer = undefined;
    this.#count--;
    this.#bytes -= reply.bytes;
    if (reply.turn !== undefined) this.#byTurn.delete(reply.turn);
    if (reply.number === 0) return;
    const replies = this.#repliesOf(reply.stream);
    replies?.take(reply.number);
    if (replies?.isEmpty && reply.stream !== this.#lastStream) this.#byStream.delete(reply.stream);
  }
}
