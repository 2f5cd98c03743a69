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

/**
 * Most actors hear one stream, and keep its last reply until the next. For that no map is changed: maps that are filled and emptied with every turn were
 * a tenth of it, and more in the collector, which takes their old memory for living (D1; see structures/number-table.ts).
 */
export class DedupTable {
  /** In the order of their last growth. */
  readonly #marks = new Map<string, Mark>();
  readonly #clientMarks = new Map<string, Mark>();
  /** The stream that grew last: the last one of its map. */
  #grown: string | undefined;
  #oldest: Kept | undefined;
  #newest: Kept | undefined;
  #count = 0;
  #bytes = 0;
  /** Without a reply in it, that of the stream of the newest one alone stays. */
  readonly #byNumber = new Map<string, NumberTable<Kept>>();
  #lastStream: string | undefined;
  #lastNumbers: NumberTable<Kept> | undefined;
  readonly #byTurn = new Map<string, Kept>();

  constructor(marks: ReadonlyMap<string, Mark>, replies: readonly KeptReply[]) {
    for (const [stream, mark] of [...marks].sort(([, a], [, b]) => a.at - b.at)) this.#among(stream).set(stream, mark);
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
    return (byTurn ?? (number === 0 ? undefined : this.#numbersOf(stream)?.get(number)))?.reply;
  }

  markOf(stream: string): Mark | undefined {
    return this.#among(stream).get(stream);
  }

  /** The reply that is kept in the part of the mark of its stream, which had this number. */
  besideMark(stream: string, number: number): KeptReply | undefined {
    const reply = this.#numbersOf(stream)?.get(number)?.reply;
    return reply !== undefined && isMarkPart(reply.name) ? reply : undefined;
  }

  /** Returns the streams that are forgotten for it, with their last marks. */
  mark(stream: string, mark: Mark): [stream: string, mark: Mark][] {
    const marks = this.#among(stream);
    const [most, keptMs] = marks === this.#marks ? [MARKS_MAX, MARK_KEPT_MS] : [CLIENT_MARKS_MAX, CLIENT_MARK_KEPT_MS];
    if (stream !== this.#grown) marks.delete(stream);
    marks.set(stream, mark);
    this.#grown = stream;
    const forgotten: [string, Mark][] = [];
    for (const one of marks) {
      if (marks.size <= most && one[1].at > mark.at - keptMs) break;
      marks.delete(one[0]);
      forgotten.push(one);
    }
    return forgotten;
  }

  #among(stream: string): Map<string, Mark> {
    return isClientStream(stream) ? this.#clientMarks : this.#marks;
  }

  /** Returns the replies that go for it. */
  keep(reply: KeptReply): KeptReply[] {
    const kept = new Kept(reply);
    kept.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = kept;
    else this.#newest.newer = kept;
    this.#newest = kept;
    this.#count++;
    this.#bytes += reply.bytes;
    if (reply.turn !== undefined) this.#byTurn.set(reply.turn, kept);
    if (reply.number > 0) this.#numbersFor(reply.stream).set(reply.number, kept);
    const gone: KeptReply[] = [];
    for (let oldest = this.#oldest; oldest !== undefined && oldest !== kept; oldest = this.#oldest) {
      if (!this.#isFull && oldest.reply.at > reply.at - REPLY_KEPT_MS) break;
      this.#drop(oldest);
      gone.push(oldest.reply);
    }
    return gone;
  }

  get #isFull(): boolean {
    return this.#count > REPLIES_MAX || this.#bytes > REPLIES_BYTES_MAX;
  }

  /** Their asker has settled all below a number: nobody will ask for those again. */
  settledBelow(stream: string, floor: number): KeptReply[] {
    const gone: KeptReply[] = [];
    const numbers = this.#numbersOf(stream);
    if (numbers === undefined || numbers.size === 0) return gone;
    for (const number of numbers.keysBelow(floor)) {
      const kept = numbers.get(number) as Kept;
      // One of a turn may be asked for by the next run of that turn, under another number.
      if (kept.reply.turn !== undefined) continue;
      this.#drop(kept);
      gone.push(kept.reply);
    }
    return gone;
  }

  #numbersOf(stream: string): NumberTable<Kept> | undefined {
    return stream === this.#lastStream ? this.#lastNumbers : this.#byNumber.get(stream);
  }

  #numbersFor(stream: string): NumberTable<Kept> {
    if (stream === this.#lastStream && this.#lastNumbers !== undefined) return this.#lastNumbers;
    if (this.#lastStream !== undefined && this.#lastNumbers?.size === 0) this.#byNumber.delete(this.#lastStream);
    let numbers = this.#byNumber.get(stream);
    if (numbers === undefined) this.#byNumber.set(stream, (numbers = new NumberTable()));
    this.#lastStream = stream;
    this.#lastNumbers = numbers;
    return numbers;
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
    const numbers = this.#numbersOf(reply.stream);
    numbers?.take(reply.number);
    if (numbers?.size === 0 && reply.stream !== this.#lastStream) this.#byNumber.delete(reply.stream);
  }
}
