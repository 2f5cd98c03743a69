/**
 * The durable side of one cell. Turns run one after the other on the state in memory; what they do is gathered in a batch
 * and leaves when the batch is committed. Several turns may go into one commit, and turns go on while one is written.
 *
 *   turn ─► open batch ─► committing (the committer) ─► outputs leave, senders are told
 *                              └► failed: all turns since are discarded, their messages handled again from the record
 */
import type { Cell } from '../actor/cell.ts';
import type { DurableSide, GatedEffect, Reminder } from '../actor/durable-side.ts';
import { commitFailed } from '../actor/lifecycle.ts';
import type { Envelope, Message, ReplyTo } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { encodeValue } from '../wire/codec.ts';
import type { Committing } from '../commit/committer.ts';
import { type InDoubtCommit, handOverInDoubt, resolveInDoubt, voidedBy } from '../commit/in-doubt.ts';
import { Outbox } from './outbox.ts';
import type { DurableParts } from './durable-parts.ts';
import { gatedReply } from '../commit/gated-reply.ts';
import { GatedSends } from './gated-sends.ts';
import type { ResendQueue } from '../resending/resend-queue.ts';
import { ReminderClock } from './reminder-clock.ts';
import * as records from '../commit/record.ts';
import { Inbox } from './inbox.ts';
import { isSame, restoreState, type StateForm } from '../commit/state-form.ts';
import { LastValue } from '../store/last-value.ts';
import type { StoreChange, StoredRecord } from '../store/store.ts';
import { goAlong, removedBy } from './removal.ts';
import { goneChange, keepLetter } from '../commit/stored-dead-letters.ts';
import { TidyTimer } from '../commit/tidy-timer.ts';
import { Trials } from './trials.ts';
import { letLeave, type Output, Turn, TurnBatch } from '../commit/turn-batch.ts';
import { BatchRoom } from '../commit/batch-room.ts';
import { nextOwnTime, wakeTime } from '../commit/wake-time.ts';

export class DurableActor implements DurableSide, Committing {
  readonly cell: Cell;
  readonly #parts: DurableParts;
  readonly reminders: ReminderClock;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #sends: GatedSends;
  version = 0;
  /** Of the incarnation, from its start: one drawn at a commit after it has moved could be that of its next host, too. */
  #fence = '';
  /** Of the record, for the store. */
  readonly #last = new LastValue();
  /** As it is in the record, or in the batch that is committing; undefined: not known. */
  #meta: records.Meta | undefined = records.NO_META;
  #form: StateForm = { bytes: undefined, version: 1 };
  /** As of the last turn that did not fail. */
  #state: Uint8Array | undefined;
  /** When that state goes on by itself. The machine is no measure: it may be ahead, or have ended before the commit. */
  #ownAt: number | undefined;
  #turn: Turn | undefined;
  #open: TurnBatch | undefined;
  #committing: TurnBatch | undefined;
  /** Of which nobody knows whether it is committed: the next load tells. */
  #inDoubt: InDoubtCommit | undefined;
  #settledWaiters: (() => void)[] = [];
  readonly #acknowledge = (stream: string, number: number): void => this.#inbox.acknowledge(stream, number);
  readonly #tidy: TidyTimer;
  #isWanted = false;
  isNoted = false;
  isGone = false;
  readonly trials: Trials;
  #isLoaded = false;
  readonly room: BatchRoom;
  #isClosed = false;

  constructor(parts: DurableParts, cell: Cell) {
    this.#parts = parts;
    this.cell = cell;
    const { kernel, id } = cell;
    this.#outbox = new Outbox(cell);
    this.room = new BatchRoom(parts.committer, cell);
    this.reminders = new ReminderClock(kernel, parts.timers, id, (envelope) => cell.deliverOwn(envelope));
    const afterCommit = (output: () => void): void => this.#afterCommit(output);
    this.#inbox = new Inbox(cell, this.reminders, afterCommit);
    this.#sends = new GatedSends({ cell, parts, outbox: this.#outbox, inbox: this.#inbox, afterCommit });
    this.trials = new Trials(cell, parts);
    this.#tidy = new TidyTimer(kernel.clock, () => this.#open && parts.committer.note(this));
  }

  get resendQueue(): ResendQueue {
    return this.#outbox.resendQueue;
  }

  /** A batch without a turn, of what was acknowledged say, is worth no wait for the disk. */
  get sync(): boolean {
    return this.cell.behaviour.durable?.sync !== false && this.#committing?.turns !== 0;
  }

  get isSettled(): boolean {
    return this.#committing === undefined && this.#open === undefined;
  }

  get isIdle(): boolean {
    return this.isSettled && this.resendQueue.size === 0 && this.#turn === undefined;
  }

  async load(hasMoved = false): Promise<boolean> {
    const { store, toRef } = this.#parts;
    const { id, context } = this.cell;
    this.#fence = context.fence;
    const earlier = this.#parts.earlier.of(id);
    if (earlier) await earlier;
    this.#last.forget();
    const record = await store.load(id, this.#last);
    if (this.#isClosed) return false;
    const isFirst = !this.#isLoaded && !hasMoved;
    this.#isLoaded = true;
    const isAfterCrash = isFirst && record !== undefined && this.#parts.mayHaveDied(record.fence, id);
    try {
      this.#takeUp(record, records.readRecord(record?.parts ?? records.NO_PARTS, toRef), isAfterCrash);
    } catch (error) {
      const text = `the record of ${id} could not be read: ${asError(error).message}`;
      throw new TroupeError('STORE_FAILED', text, { cause: error });
    }
    this.trials.checkStart();
    return this.#form.bytes !== undefined;
  }

  restore(): void {
    restoreState(this.cell, this.#form, (id) => this.#parts.toRef(id));
    this.#ownAt = nextOwnTime(this.cell);
    // It may have moved before it said that its mail has arrived; nobody looks for the next time of one that is wanted at once.
    if (!this.#isWanted || this.#ownAt === 0 || this.#outbox.hasMail) return;
    this.#open ??= new TurnBatch();
    this.#open.isNeeded = true;
    this.#parts.committer.note(this);
  }

  admit(envelope: Envelope): boolean {
    const verdict = this.#inbox.admit(envelope);
    if (verdict === 'answered') this.skip(envelope);
    return verdict === 'run';
  }

  skip(envelope: Envelope): void {
    const before = this.#turn;
    this.#turn = new Turn(envelope);
    this.#turn.isSkipped = true;
    this.endTurn();
    this.#turn = before;
  }

  beginTurn(envelope: Envelope | undefined, isCondemned = false): void {
    this.#turn = new Turn(envelope, isCondemned);
    this.#parts.actors.used(this);
  }

  capture(): void {
    this.#turn?.capture(this.cell);
  }

  discardTurn(isGivenUp = false): void {
    const turn = this.#turn;
    if (!turn) return;
    turn.isGivenUp = isGivenUp;
    for (const effect of turn.drop().reverse()) effect.takeBack();
  }

  abandonTurn(): void {
    this.#turn = undefined;
    this.trials.abandon();
  }

  endTurn(): void {
    const turn = this.#turn;
    if (!turn) return;
    this.#turn = undefined;
    this.#open ??= new TurnBatch();
    const batch = this.#open;
    const { envelope, state } = turn;
    const isKept = envelope?.verb === 'message' && this.#inbox.handledBy(turn, envelope, batch);
    if (state !== undefined) this.#stateIs(state, turn.ownAt, batch);
    turn.run(batch);
    if (turn.reply) this.#inbox.deferUntilCommit(turn.reply, isKept ? undefined : envelope?.deliveryId, batch);
    this.trials.ended(turn, batch);
    if (!batch.isEmpty) {
      this.room.charge(batch);
      return this.#parts.committer.note(this, this.cell);
    }
    // It changed nothing; what it says may still rest on what is not committed yet.
    this.#open = undefined;
    batch.handOutputsTo((output) => this.#afterCommit(output));
  }

  putAside(envelope: Envelope): void {
    const turn = this.#turn;
    if (!turn) return;
    turn.isPutAside = true;
    turn.act((batch) => this.#inbox.putAside(envelope, batch));
  }

  rollBack(): void {
    this.#form = { bytes: this.#state, version: this.cell.behaviour.durable?.version ?? 1 };
    // A machine that has failed is over; only its next incarnation goes on.
    if (!this.cell.behaviour.pack) this.restore();
  }

  replyTo(envelope: Envelope): ReplyTo {
    return gatedReply(this.cell, envelope.replyTo as ReplyTo, this.#turn);
  }

  deadLetter(envelope: Envelope, reason: string): void {
    if (this.#turn) keepLetter(this.#turn, this.cell.kernel, envelope, reason, () => this.#parts.letterTrim.later());
  }

  tell(envelope: Envelope): boolean {
    return this.#sends.tell(this.#turn, envelope);
  }

  request(envelope: Envelope): boolean {
    return this.#sends.request(this.#turn, envelope);
  }

  publish(topic: string, message: Message, trace?: string): boolean {
    return this.#sends.publish(this.#turn, topic, message, trace);
  }

  deferUntilCommit(effect: GatedEffect): void {
    const turn = this.#turn;
    if (!turn) return this.#afterCommit(() => effect.go());
    turn.deferUntilCommit(effect);
    turn.act((batch) => batch.after(() => effect.go()));
  }

  remind(name: string, when: Reminder, message: Message): void {
    const planned = this.#turn?.reminders ?? new Turn(undefined).reminders;
    const trace = this.cell.kernel.spans?.kept(this.cell, 'everyMs' in when);
    const reminder = this.reminders.reminderOf(name, when, message, planned, trace);
    this.#inTurn((batch) => this.reminders.set(name, reminder, batch));
  }

  forget(name: string): void {
    if (this.#turn) this.reminders.willForget(name, this.#turn.reminders);
    this.#inTurn((batch) => this.reminders.forget(name, batch));
  }

  remove(): void {
    this.#inTurn((batch) => {
      this.isGone = true;
      goAlong(this.cell, this.reminders, batch);
    });
  }

  settled(): Promise<void> | undefined {
    if (this.isSettled) return undefined;
    return new Promise((resolve) => this.#settledWaiters.push(resolve));
  }

  acknowledged(signal: Signal & { type: 'acknowledged' }): void {
    const numbers = this.#outbox.acknowledged(signal);
    // While a commit is in doubt there is no other: it would pass for that one. Its receiver says so again.
    if (numbers.length === 0 || this.#isClosed || this.#inDoubt) return;
    this.#open ??= new TurnBatch();
    for (const one of numbers) this.#open.erase(records.outgoingPart(one));
    this.#tidy.start();
  }

  get isInDoubt(): boolean {
    return this.#inDoubt !== undefined;
  }

  quiesce(): void {
    if (this.#inDoubt) this.cell.mailbox.putBack(this.#inDoubt.envelopes);
    this.#inDoubt = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.reminders.close();
    this.trials.abandon();
    if (this.#open) this.#parts.committer.note(this);
    this.#tidy.cancel();
    this.#handOverInDoubt(false);
    this.#parts.ended(this);
    this.#outbox.close(removedBy(this.cell, this.isGone) !== undefined);
  }

  prepare(changes: StoreChange[]): void {
    const batch = this.#open;
    if (!batch || this.#committing) return;
    this.#open = undefined;
    this.#committing = batch;
    this.#tidy.cancel();
    const { id, behaviour } = this.cell;
    if (this.isGone) return void changes.push({ ...goneChange(id), fence: this.#fence }, ...batch.others);
    const stateVersion = behaviour.durable?.version ?? 1;
    const { lastNumber } = this.#outbox;
    if (this.#meta?.stateVersion !== stateVersion || this.#meta.lastNumber !== lastNumber) {
      this.#meta = { stateVersion, lastNumber };
      batch.write(records.META, encodeValue(this.#meta));
    }
    changes.push({
      id,
      expectedVersion: this.version,
      fence: this.#fence,
      wakeAt: wakeTime(this.#outbox.hasMail || batch.hasMail, this.reminders.earliest, this.#ownAt),
      put: batch.put,
      remove: batch.remove,
      last: this.#last,
    });
    if (batch.others.length > 0) changes.push(...batch.others);
  }

  committed(): void {
    const batch = this.#committing as TurnBatch;
    this.#committing = undefined;
    this.room.discharge(batch);
    this.version++;
    this.cell.kernel.trace?.note({ topic: 'turn', step: 'committed', id: this.cell.id });
    this.#release(batch);
    this.reminders.committed();
    if (this.#open) this.#parts.committer.note(this);
    else this.#tellSettled();
  }

  failed(error: Error): void {
    const batch = this.#committing as TurnBatch;
    this.room.discharge(batch);
    if (this.#open) this.room.discharge(this.#open);
    const { cell } = this;
    const envelopes = voidedBy(batch, this.#open, this.#turn);
    this.#committing = this.#open = undefined;
    this.#meta = undefined;
    this.#turn = undefined;
    this.trials.commitFailed();
    this.#inDoubt = { batch, fence: this.#fence, version: this.version + 1, envelopes };
    cell.kernel.log.error({ actor: cell.id, err: error }, 'a commit failed: its turns count as not begun');
    // Its message is handled again: nobody is told that it was given up.
    cell.forgetTurn();
    if (this.#isClosed) this.#handOverInDoubt(true);
    else if (['ready', 'busy', 'quiescent'].includes(cell.status)) commitFailed(cell, error);
    this.#tellSettled();
  }

  /** The record as it stands, and what that says of a commit in doubt. */
  #takeUp(record: StoredRecord | undefined, content: records.RecordContent, isAfterCrash: boolean): void {
    this.version = record?.version ?? 0;
    this.#form = { bytes: content.state, version: content.meta.stateVersion };
    this.#state = content.state;
    // Until it is restored: too early does no harm.
    this.#ownAt = record?.wakeAt;
    this.#isWanted = record?.wakeAt === 0;
    this.#meta = content.meta;
    this.trials.reset(content.hasProbation, isAfterCrash);
    this.#inbox.reset(content, isAfterCrash);
    this.reminders.reset(content.reminders, isAfterCrash ? this.cell.kernel.clock.wall() : 0);
    const inDoubt = this.#inDoubt;
    this.#inDoubt = undefined;
    this.#outbox.reset(content, isAfterCrash);
    if (inDoubt) resolveInDoubt(this.cell, inDoubt, record, (batch) => this.#release(batch));
  }

  #handOverInDoubt(isGone: boolean): void {
    if (this.#inDoubt) handOverInDoubt(this.cell, this.#inDoubt, isGone);
    this.#inDoubt = undefined;
  }

  #release(batch: TurnBatch): void {
    // First: a reply that comes before would have its sender send again all that was sent behind its ask.
    batch.acknowledgeTo(this.#acknowledge);
    batch.release();
  }

  #stateIs(state: Uint8Array, ownAt: number | undefined, batch: TurnBatch): void {
    this.#ownAt = ownAt;
    if (this.#state !== undefined && isSame(this.#state, state)) return;
    this.#state = state;
    batch.write(records.STATE, state);
  }

  #inTurn(action: (batch: TurnBatch) => void): void {
    if (this.#turn) return void this.#turn.act(action);
    this.beginTurn(undefined);
    this.#inTurn(action);
    this.endTurn();
  }

  /** Once all that was done before is committed. */
  #afterCommit(output: Output): void {
    const batch = this.#open ?? this.#committing;
    if (batch) batch.after(output);
    else letLeave(output);
    if (batch === this.#open && batch) this.#parts.committer.note(this);
  }

  #tellSettled(): void {
    for (const waiter of this.#settledWaiters.splice(0)) waiter();
    if (this.cell.extras.quiescing) this.cell.wake();
  }
}
