/**
 * The inbox of a durable actor: which messages are new, which are repeats and get the reply of the one execution, and
 * what is noted of each in the commit of its turn.
 */
import type { Cell } from '../actor/cell.ts';
import { type Envelope, type DeliveryId, streamOwner } from '../vocabulary/envelope.ts';
import { errorFromData, errorToData, TroupeError } from '../vocabulary/errors.ts';
import { DedupTable } from './dedup-table.ts';
import { OutsideTable } from './outside-table.ts';
import { outsideOf } from '../vocabulary/outside-id.ts';
import type { GatedReply } from '../commit/gated-reply.ts';
import {
  type KeptReply,
  isMarkPart,
  markPart,
  numberOfPart,
  type RecordContent,
  replyPart,
  writeReply,
} from '../commit/record.ts';
import { CONDEMNED_PAUSE_MS } from './probation.ts';
import { firingOf, type ReminderClock } from './reminder-clock.ts';
import { type Mark, replyBytes, writeMark } from '../commit/mark-bytes.ts';
import { Stashed } from '../commit/stashed.ts';
import { letterHandled } from '../commit/stored-dead-letters.ts';
import type { Turn, TurnBatch } from '../commit/turn-batch.ts';

export class Inbox {
  readonly #cell: Cell;
  readonly #reminders: ReminderClock;
  /** Once all that was done before is committed. */
  readonly #afterCommit: (output: () => void) => void;
  readonly #stashed: Stashed;
  #dedup = new DedupTable(new Map(), []);
  /** Made with the first of its messages: few actors have any. */
  #outside: OutsideTable | undefined;
  #lastReply = 0;
  /** Names for turns that no delivery id names. */
  #unnamed = 0;
  readonly #names = new WeakMap<Envelope, string>();

  constructor(cell: Cell, reminders: ReminderClock, afterCommit: (output: () => void) => void) {
    this.#cell = cell;
    this.#reminders = reminders;
    this.#afterCommit = afterCommit;
    this.#stashed = new Stashed(cell.id);
  }

  reset({ marks, replies, stashed, outside }: RecordContent, mayHaveDied: boolean): void {
    this.#lastReply = replies.reduce((last, { name }) => Math.max(last, isMarkPart(name) ? 0 : numberOfPart(name)), 0);
    this.#dedup = new DedupTable(marks, replies);
    this.#outside = outside.length === 0 ? undefined : new OutsideTable(outside);
    this.#stashed.restore(this.#cell, stashed, mayHaveDied);
  }

  /** As `DurableSide.admit`; `answered`: it is new under this number, but its turn has run before. */
  admit(envelope: Envelope): 'run' | 'answered' | 'over' {
    if (envelope.verb !== 'message') return 'run';
    const { deliveryId } = envelope;
    const firing = this.#stashed.has(envelope) ? undefined : firingOf(envelope);
    if (firing) return this.#reminders.claim(firing, envelope) ? 'run' : deliveryId?.number ? 'answered' : 'over';
    if (deliveryId === undefined || this.#stashed.has(envelope)) return 'run';
    const standing = this.#dedup.check(deliveryId);
    if (standing === 'early') return 'over';
    // Of a message from outside no reply is kept.
    const kept = outsideOf(deliveryId) === undefined ? this.#dedup.replyTo(deliveryId) : undefined;
    if (kept) this.#answerAgain(envelope, kept);
    const isAnswered = kept !== undefined || this.#hasHadFromOutside(envelope);
    if (standing === 'repeat') this.#repeated(envelope, deliveryId, isAnswered);
    if (standing === 'new') return isAnswered ? 'answered' : 'run';
    return 'over';
  }

  putAside(envelope: Envelope, batch: TurnBatch): void {
    this.#stashed.add(envelope, batch);
  }

  /** The turn of a message is over. True: its reply is kept, with the mark. */
  handledBy(turn: Turn, envelope: Envelope, batch: TurnBatch): boolean {
    batch.handled(envelope);
    const { deliveryId } = envelope;
    if (!turn.isPutAside) this.#stashed.takeOut(envelope, batch);
    const firing = firingOf(envelope);
    if (firing) this.#reminders.fired(firing, batch, turn.isCondemned ? CONDEMNED_PAUSE_MS : 0);
    const letter = turn.isSkipped ? undefined : letterHandled(envelope);
    if (letter) batch.with(letter);
    const at = this.#cell.kernel.clock.wall();
    this.#noteOutside(turn, envelope, at, batch);
    if (!deliveryId || deliveryId.number === 0 || this.#dedup.check(deliveryId) === 'repeat') return false;
    const { stream, number } = deliveryId;
    const mark = { number, at };
    batch.acknowledge(stream, number, isAnswered(turn.reply));
    this.#markGrows(deliveryId, mark, batch);
    if (turn.reply !== undefined && this.#keepWithMark(deliveryId, mark, turn.reply, batch)) return true;
    batch.write(markPart(stream), writeMark(mark));
    return false;
  }

  /** Its part is written anew: a reply that stands there, and that its asker has not settled, gets a part of its own. */
  #markGrows({ stream, floor }: DeliveryId, mark: Mark, batch: TurnBatch): void {
    const dedup = this.#dedup;
    for (const { name } of dedup.settledBelow(stream, floor)) if (!isMarkPart(name)) batch.erase(name);
    const last = dedup.markOf(stream);
    if (last !== undefined) this.#moveOut(dedup.besideMark(stream, last.number), batch);
    for (const [forgotten, { number }] of dedup.mark(stream, mark)) {
      batch.erase(markPart(forgotten));
      this.#moveOut(dedup.besideMark(forgotten, number), batch);
    }
  }

  #moveOut(reply: KeptReply | undefined, batch: TurnBatch): void {
    if (reply === undefined) return;
    reply.name = replyPart(++this.#lastReply);
    batch.write(reply.name, writeReply(reply, Number.POSITIVE_INFINITY));
  }

  /** False: it is to have a part of its own, or none. */
  #keepWithMark(deliveryId: DeliveryId, mark: Mark, { value, error }: GatedReply, batch: TurnBatch): boolean {
    if (outsideOf(deliveryId) !== undefined) return false;
    const { stream, number, turn } = deliveryId;
    const name = markPart(stream);
    const reply: KeptReply = {
      name,
      stream,
      number,
      at: mark.at,
      turn,
      value,
      error: error && errorToData(error),
      bytes: 0,
    };
    let rest: Uint8Array | undefined;
    try {
      rest = replyBytes(reply, this.#cell.kernel.limits.messageBytesMax);
    } catch {
      // Where it has its own part, that is told in its place.
    }
    if (rest === undefined) return false;
    const bytes = writeMark(mark, reply, rest);
    batch.write(name, bytes);
    reply.bytes = bytes.byteLength;
    this.#keep(reply, batch);
    return true;
  }

  /** It leaves after the commit. Kept here for who asks again, where it is not kept yet. */
  deferUntilCommit(reply: GatedReply, deliveryId: DeliveryId | undefined, batch: TurnBatch): void {
    // Of a message from outside the outcome is noted with its id; its sender wants no more than that.
    if (deliveryId && outsideOf(deliveryId) === undefined) this.#keepReply(deliveryId, reply.value, reply.error, batch);
    batch.after(reply);
  }

  #keepReply(deliveryId: DeliveryId, value: unknown, error: TroupeError | undefined, batch: TurnBatch): void {
    const { clock, limits } = this.#cell.kernel;
    const { stream, number, turn } = deliveryId;
    const name = replyPart(++this.#lastReply);
    let reply: Omit<KeptReply, 'bytes'> = {
      name,
      stream,
      number,
      turn,
      at: clock.wall(),
      value,
      error: error && errorToData(error),
    };
    let bytes: Uint8Array;
    try {
      bytes = writeReply(reply, limits.messageBytesMax);
    } catch (fault) {
      const { code, message } = fault as TroupeError;
      reply = { ...reply, value: undefined, error: errorToData(new TroupeError(code, message, { fate: 'executed' })) };
      bytes = writeReply(reply, Number.POSITIVE_INFINITY);
    }
    batch.write(name, bytes);
    this.#keep({ ...reply, bytes: bytes.byteLength }, batch);
  }

  #keep(reply: KeptReply, batch: TurnBatch): void {
    const gone = this.#dedup.keep(reply);
    if (gone.length === 0) return;
    for (const { name, stream, number } of gone) {
      const mark = isMarkPart(name) ? this.#dedup.markOf(stream) : undefined;
      if (mark === undefined) batch.erase(name);
      else if (mark.number === number) batch.write(name, writeMark(mark));
    }
  }

  acknowledge(stream: string, number: number): void {
    const { kernel, id } = this.#cell;
    kernel.router.signal(streamOwner({ stream }), { type: 'acknowledged', by: id, stream, number });
  }

  /** The same for every run of the turn. */
  nameOf({ envelope }: Turn): string {
    const { id, context } = this.#cell;
    const deliveryId = envelope?.deliveryId;
    // Each try has a number of its own.
    const isFromOutside = outsideOf(deliveryId) !== undefined;
    if (deliveryId && deliveryId.number > 0 && !isFromOutside) return `${id}|${deliveryId.stream}:${deliveryId.number}`;
    if (deliveryId?.turn !== undefined) return `${id}|${deliveryId.turn}`;
    const known = envelope && this.#names.get(envelope);
    const name = known ?? `${id}|${context.fence}.${++this.#unnamed}`;
    if (envelope && !known) this.#names.set(envelope, name);
    return name;
  }

  #answerAgain({ replyTo }: Envelope, { value, error }: KeptReply): void {
    if (!replyTo) return;
    this.#afterCommit(() => (error ? replyTo.reject(errorFromData(error)) : replyTo.resolve(value)));
  }

  #hasHadFromOutside({ deliveryId, replyTo }: Envelope): boolean {
    const outside = outsideOf(deliveryId);
    const mark = outside && this.#outside?.markOf(outside);
    if (!mark) return false;
    const { failure } = mark;
    this.#afterCommit(() => {
      if (!failure) replyTo?.resolve(undefined);
      else replyTo?.reject(new TroupeError(failure.code, failure.text, { fate: 'executed', reason: failure.reason }));
    });
    return true;
  }

  /** Put aside it is in the record, and comes to its turn: whoever sends it again need not. */
  #noteOutside(turn: Turn, { deliveryId }: Envelope, at: number, batch: TurnBatch): void {
    const outside = outsideOf(deliveryId);
    if (!outside || turn.isSkipped || turn.isGivenUp) return;
    const error = turn.reply?.error;
    const failure = error && { code: error.code, text: error.message, reason: error.reason };
    const mark = { at, life: outside.life, failure };
    const { part, bytes, gone } = (this.#outside ??= new OutsideTable([])).add(outside.name, mark);
    if (gone.length > 0) for (const forgotten of gone) batch.erase(forgotten);
    batch.write(part, bytes);
  }

  #repeated(envelope: Envelope, { stream, number }: DeliveryId, isAnswered: boolean): void {
    const { replyTo } = envelope;
    if (!isAnswered && replyTo && !this.#stashed.askedAgain(envelope)) {
      const text = `the reply of ${this.#cell.id} to a repeated ask is kept no more`;
      this.#afterCommit(() => replyTo.reject(new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'executed' })));
    }
    this.#afterCommit(() => this.acknowledge(stream, number));
  }
}

/** Its asker is going to hear of it, and that the turn is committed. */
function isAnswered(reply: GatedReply | undefined): boolean {
  return reply !== undefined && reply.error === undefined && !reply.original.settled;
}
