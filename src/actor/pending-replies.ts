/**
 * Asks in flight of this process. Each settles exactly once: by the reply, an error, its deadline or its abort.
 */
import { DeadlineEntry, DeadlineWheel } from '../structures/deadline-wheel.ts';
import { NumberTable } from '../structures/number-table.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { Ring } from '../structures/ring.ts';
import type { TimedOutAsk } from '../observe/checkup.ts';
import type { AskSpan } from '../observe/spans.ts';
import type { TraceFields } from '../observe/trace-context.ts';
import type { Trace } from '../observe/trace.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { ReplyAddress, ReplyTo, Run } from '../vocabulary/envelope.ts';
import { type Fate, TroupeError } from '../vocabulary/errors.ts';
import type { AskOptions } from './ask-options.ts';
import { afterEvent, type AskEvent, type AskPlace, fateOf, IN_TRANSIT, isAt, isVia, LOCAL } from './ask-states.ts';
import type { Wait } from './ask-cycle.ts';

/** Asks in flight at most, per process; one more fails with OVERLOADED. */
export const PENDING_ASKS_MAX = 1_000_000;
/** Kinds whose asks that timed out are counted. */
export const TIMED_OUT_KINDS_MAX = 1_000;

/** Asks that timed out, kept for those who look. */
export const TIMEOUTS_KEPT = 100;

/** The asker. */
export interface Asker {
  waitsNoMore(wait: Wait): void;
  /** Told before whoever awaits it. */
  askFailed(error: TroupeError, trace?: TraceFields): void;
}

/** Handed over by the executor of the promise made last: one for all asks, where one for each would be a closure more. */
let resolveLast!: (value: unknown) => void;
let rejectLast!: (error: TroupeError) => void;
const handOver = (resolve: (value: unknown) => void, reject: (error: TroupeError) => void): void => {
  resolveLast = resolve;
  rejectLast = reject;
};

export class PendingReply extends DeadlineEntry implements ReplyTo {
  readonly target: ActorId;
  /** Of the message; undefined: it asks for no message to be handled. For those who look. */
  type: string | undefined = undefined;
  /** Undefined where nobody traces. */
  span: AskSpan | undefined = undefined;
  settled = false;
  /** On `Clock.now()`; 0: none. */
  readonly deadline: number;
  /** Milliseconds from the call to its deadline, for the text of its error; whole, so that it costs no number on the heap. */
  withinMs = 0;
  /** Where it is, as far as this process knows. */
  place: AskPlace = LOCAL;
  /** Its number for the reply from another process; 0 until it crosses. */
  correlation = 0;
  onSettled: ((reply: ReplyTo, isAnswered: boolean) => void) | undefined;
  /** Its receiver is durable: what a process that dies had of it is sent again. */
  survivesHostLoss = false;
  readonly #pending: PendingReplies;
  readonly #asker: Asker | undefined;
  #begun = false;
  #run: Run | undefined;
  /** The asker outside this process: told at once, and nobody awaits it here. */
  readonly #onward: ReplyTo | undefined;
  readonly #promise: Promise<unknown> | undefined;
  readonly #resolve: ((value: unknown) => void) | undefined;
  readonly #reject: ((error: TroupeError) => void) | undefined;
  #unlisten: (() => void) | undefined;

  constructor(
    pending: PendingReplies,
    target: ActorId,
    deadline: number,
    asker: Asker | undefined,
    onward: ReplyTo | undefined,
  ) {
    super();
    this.#pending = pending;
    this.target = target;
    this.deadline = deadline;
    this.#asker = asker;
    this.#onward = onward;
    const isAwaited = onward === undefined;
    this.#promise = isAwaited ? new Promise(handOver) : undefined;
    this.#resolve = isAwaited ? resolveLast : undefined;
    this.#reject = isAwaited ? rejectLast : undefined;
  }

  get isPassedOn(): boolean {
    return this.#onward !== undefined;
  }

  get promise(): Promise<unknown> {
    if (this.#promise === undefined) throw new Error('a reply that goes onward is not awaited here');
    return this.#promise;
  }

  resolve(value: unknown): void {
    if (this.settled) return;
    this.#settle(true);
    this.span?.ends(undefined);
    if (this.#onward === undefined) this.#resolve?.(value);
    else this.#onward.resolve(value);
  }

  reject(error: TroupeError): void {
    if (this.settled) return;
    if (this.#isForetold(error)) {
      // Not late yet, and it will not be executed any more: so it is said at its deadline.
      this.place = LOCAL;
      return;
    }
    this.#settle(false);
    this.span?.ends(error);
    this.#pending.noteFailed(this, error);
    this.#asker?.askFailed(error, this.span?.fields);
    if (this.#onward === undefined) this.#reject?.(error);
    else this.#onward.reject(error);
  }

  /** By its host, which has it in the mailbox of an actor that is paused. Of an asker elsewhere it is that one's to know. */
  #isForetold({ code, fate }: TroupeError): boolean {
    if (this.#onward !== undefined) return false;
    const isElsewhere = code === 'ASK_TIMEOUT' && fate === 'not-executed' && this.place !== LOCAL;
    return isElsewhere && this.deadline > 0 && this.#pending.isBefore(this.deadline);
  }

  begin(run: Run): void {
    this.#begun = true;
    this.#run = run;
  }

  address(): ReplyAddress {
    return { process: this.#pending.address, correlation: this.#pending.register(this) };
  }

  written(peer: ActorId | undefined): void {
    if (peer !== undefined) this.place = this.#pending.placeAt(peer);
    // Of one that is sent again a copy comes back, while an earlier one may have been handled, and its reply lost.
    else if (!this.survivesHostLoss || this.place === IN_TRANSIT) this.place = LOCAL;
  }

  transferred(): void {
    this.place = IN_TRANSIT;
  }

  /** `text`: of the error where that loses it. */
  happened(event: AskEvent, text: string): void {
    const next = afterEvent(this.place, event);
    if (next === 'lost') this.lose(text);
    else this.place = next;
  }

  /** The host of its actor is lost; an ask that survives that is resent, and goes to the next host. */
  lose(text: string): void {
    if (!this.survivesHostLoss) this.reject(new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'unknown' }));
  }

  expire(): void {
    this.#giveUp('ASK_TIMEOUT', `no reply from ${this.target} within ${this.withinMs} ms`);
  }

  abortWith(signal: AbortSignal): void {
    const abort = (): void => this.#giveUp('ASK_ABORTED', `the asker aborted the ask of ${this.target}`, signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#unlisten = () => signal.removeEventListener('abort', abort);
  }

  /** Its asker, in another process, does not wait for it any more. */
  abandon(): void {
    this.#giveUp('ASK_ABORTED', `the asker gave up the ask of ${this.target}`);
  }

  /** Its asker, in another process, asks past this one from now on. The host is told nothing: it may get the same ask from there. */
  forget(): void {
    this.reject(new TroupeError('ASK_ABORTED', `the asker asks ${this.target} elsewhere`, { fate: this.fate }));
  }

  get fate(): Fate {
    return fateOf(this.place, this.#begun);
  }

  #giveUp(code: 'ASK_TIMEOUT' | 'ASK_ABORTED', text: string, cause?: unknown): void {
    if (this.settled) return;
    const run = this.#run;
    this.reject(new TroupeError(code, text, { fate: this.fate, cause }));
    run?.givenUp(this);
    if (this.place !== LOCAL) this.#pending.onGivenUp?.(this);
  }

  #settle(isAnswered: boolean): void {
    this.settled = true;
    this.#run = undefined;
    this.#unlisten?.();
    this.#pending.remove(this);
    this.#asker?.waitsNoMore(this);
    this.onSettled?.(this, isAnswered);
  }
}

export class PendingReplies {
  readonly #wheel: DeadlineWheel<PendingReply>;
  /** Requests that end with their actor, not with a time. */
  readonly #endless = new Set<PendingReply>();
  readonly #clock: Clock;
  readonly #crossed = new NumberTable<PendingReply>();
  #lastCorrelation = 0;
  #lastWritten: AskPlace & { state: 'written' } = { state: 'written', to: '' };
  /** Asks in flight. */
  size = 0;
  /** Asks that timed out, by the kind that was asked. */
  readonly timedOutBy: Map<string, number> = new Map();
  /** Asks that timed out. */
  timeouts = 0;
  /** The last of them. */
  readonly lastTimeouts: Ring<TimedOutAsk> = new Ring();
  /** Told of an ask that was given up after it had left this process. */
  onGivenUp: ((reply: PendingReply) => void) | undefined;

  /** Address of this process. */
  readonly address: ActorId;

  readonly #askMax: number;
  readonly #trace: Trace | undefined;

  constructor(clock: Clock, address: ActorId, askMax: number = PENDING_ASKS_MAX, trace?: Trace) {
    this.#askMax = askMax;
    this.#trace = trace;
    this.#clock = clock;
    this.address = address;
    this.#wheel = new DeadlineWheel(clock);
  }

  /**
   * A new ask; `deadline` on `Clock.now()`, 0 for none. `now`: where it was just read, which costs 50 ns (S2, asks). `onward`: settled
   * at once, in place of a promise (clients).
   */
  open(
    target: ActorId,
    deadline: number,
    asker: Asker | undefined,
    options: AskOptions | undefined,
    now?: number,
    onward?: ReplyTo,
  ): PendingReply {
    const reply = new PendingReply(this, target, deadline, asker, onward);
    this.size++;
    if (now !== undefined) reply.withinMs = Math.max(0, Math.round(deadline - now));
    if (deadline > 0) this.#wheel.add(reply, deadline);
    else this.#endless.add(reply);
    if (options?.signal) this.#watchAbort(reply, options.signal);
    if (deadline > 0 && deadline <= (now ?? this.#clock.now())) reply.expire();
    if (this.size > this.#askMax) {
      const text = `the process has ${this.#askMax} asks in flight, which is the limit; the ask of ${target} is rejected`;
      reply.reject(new TroupeError('OVERLOADED', text, { fate: 'not-executed' }));
    }
    return reply;
  }

  /** The ask leaves this process: its number for the reply. */
  register(reply: PendingReply): number {
    if (reply.correlation === 0) reply.correlation = ++this.#lastCorrelation;
    this.#crossed.set(reply.correlation, reply);
    return reply.correlation;
  }

  isBefore(deadline: number): boolean {
    return this.#clock.now() < deadline;
  }

  /** A number of the same row, for something without a reply. */
  nextNumber(): number {
    return ++this.#lastCorrelation;
  }

  byCorrelation(correlation: number): PendingReply | undefined {
    return this.#crossed.get(correlation);
  }

  /** Those that have left this process, and are at another one now. */
  *at(peer: ActorId): Iterable<PendingReply> {
    for (const [, reply] of this.#crossed.inOrder()) if (isAt(reply.place, peer)) yield reply;
  }

  /** Those whose mail has moved on from a process, unless that had answered them before. */
  *via(process: ActorId): Iterable<PendingReply> {
    for (const [, reply] of this.#crossed.inOrder()) if (isVia(reply.place, process)) yield reply;
  }

  /** Nearly all asks in a row are written to one process: they share what says so. */
  placeAt(peer: ActorId): AskPlace {
    if (this.#lastWritten.to !== peer) this.#lastWritten = { state: 'written', to: peer };
    return this.#lastWritten;
  }

  /**
   * Actors have moved with the mail that waited for them: what was written to their old host waits at the new one.
   * `text`: the link to the new host has broken meanwhile, and perhaps its reply was on it.
   */
  moved(from: ActorId, to: ActorId, hasMoved: (target: ActorId) => boolean, text?: string): void {
    const moved = [...this.at(from)].filter((reply) => hasMoved(reply.target));
    for (const reply of moved) {
      reply.happened({ type: 'moved', from, to }, '');
      if (text !== undefined) reply.lose(text);
    }
  }

  /** Every ask that is still in flight fails. */
  rejectAll(code: 'SHUTTING_DOWN', text: string): void {
    for (const reply of [...this.#wheel, ...this.#endless])
      reply.reject(new TroupeError(code, text, { fate: reply.fate }));
  }

  /** No timer is left behind. */
  close(): void {
    this.#wheel.close();
  }

  noteFailed(reply: PendingReply, { code, fate }: TroupeError): void {
    if (code === 'ASK_TIMEOUT') this.#noteTimeout(reply);
    this.#trace?.note({ topic: 'ask', step: 'failed', id: reply.target, code, fate });
  }

  /** At its deadline, whoever was the first to see that: this process, or the actor that came to the message too late. */
  #noteTimeout({ target, type }: PendingReply): void {
    this.timeouts++;
    const kind = kindOf(target);
    const count = this.timedOutBy.get(kind);
    if (count !== undefined || this.timedOutBy.size < TIMED_OUT_KINDS_MAX) this.timedOutBy.set(kind, (count ?? 0) + 1);
    this.lastTimeouts.push({ to: target, type, at: this.#clock.wall() });
    if (this.lastTimeouts.length > TIMEOUTS_KEPT) this.lastTimeouts.shift();
  }

  remove(reply: PendingReply): void {
    this.size--;
    if (reply.deadline > 0) this.#wheel.remove(reply);
    else this.#endless.delete(reply);
    if (reply.correlation !== 0) this.#crossed.take(reply.correlation);
  }

  #watchAbort(reply: PendingReply, signal: AbortSignal): void {
    reply.abortWith(signal);
    if (signal.aborted) {
      const text = `the asker had aborted the ask of ${reply.target} before it was sent`;
      reply.reject(new TroupeError('ASK_ABORTED', text, { fate: 'not-executed', cause: signal.reason }));
    }
  }
}
