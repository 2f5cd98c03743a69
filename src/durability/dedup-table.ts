/**
 * The dedup table of a durable actor: the last number handled of each sender stream, and the replies to asks that may be
 * resent. Pure; the bounds say for how long a repeat is recognised.
 */
import { type DeliveryId, isClientStream } from '../vocabulary/envelope.ts';
import type { KeptReply, Mark } from '../commit/record.ts';

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

export class DedupTable {
  /** In the order of their last growth. */
  readonly #marks = new Map<string, Mark>();
  readonly #clientMarks = new Map<string, Mark>();
  /** In order of age, by the name of their part. */
  readonly #replies = new Map<string, KeptReply>();
  #bytes = 0;
  readonly #byNumber = new Map<string, Map<number, KeptReply>>();
  readonly #byTurn = new Map<string, KeptReply>();

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
    return byTurn ?? (number === 0 ? undefined : this.#byNumber.get(stream)?.get(number));
  }

  /** Returns the streams that are forgotten for it. */
  mark(stream: string, mark: Mark): string[] {
    const marks = this.#among(stream);
    const [most, keptMs] = marks === this.#marks ? [MARKS_MAX, MARK_KEPT_MS] : [CLIENT_MARKS_MAX, CLIENT_MARK_KEPT_MS];
    marks.delete(stream);
    marks.set(stream, mark);
    const forgotten: string[] = [];
    for (const [oldest, { at }] of marks) {
      if (marks.size <= most && at > mark.at - keptMs) break;
      marks.delete(oldest);
      forgotten.push(oldest);
    }
    return forgotten;
  }

  #among(stream: string): Map<string, Mark> {
    return isClientStream(stream) ? this.#clientMarks : this.#marks;
  }

  /** Returns the replies that go for it. */
  keep(reply: KeptReply): KeptReply[] {
    this.#replies.set(reply.name, reply);
    this.#bytes += reply.bytes;
    if (reply.turn !== undefined) this.#byTurn.set(reply.turn, reply);
    if (reply.number > 0) {
      let numbers = this.#byNumber.get(reply.stream);
      if (!numbers) this.#byNumber.set(reply.stream, (numbers = new Map()));
      numbers.set(reply.number, reply);
    }
    const gone: KeptReply[] = [];
    for (const oldest of this.#replies.values()) {
      if (!this.#isFull && oldest.at > reply.at - REPLY_KEPT_MS) break;
      if (oldest === reply) break;
      this.#drop(oldest);
      gone.push(oldest);
    }
    return gone;
  }

  get #isFull(): boolean {
    return this.#replies.size > REPLIES_MAX || this.#bytes > REPLIES_BYTES_MAX;
  }

  /** Their asker has settled all below a number: nobody will ask for those again. */
  settledBelow(stream: string, floor: number): KeptReply[] {
    const gone: KeptReply[] = [];
    for (const [number, reply] of this.#byNumber.get(stream) ?? []) {
      // One of a turn may be asked for by the next run of that turn, under another number.
      if (number >= floor || reply.turn !== undefined) continue;
      gone.push(reply);
    }
    for (const reply of gone) this.#drop(reply);
    return gone;
  }

  #drop(reply: KeptReply): void {
    if (this.#replies.delete(reply.name)) this.#bytes -= reply.bytes;
    if (reply.turn !== undefined) this.#byTurn.delete(reply.turn);
    const numbers = this.#byNumber.get(reply.stream);
    numbers?.delete(reply.number);
    if (numbers?.size === 0) this.#byNumber.delete(reply.stream);
  }
}
