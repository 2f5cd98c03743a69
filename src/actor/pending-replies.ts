/**
 * Asks under way of this process. Each settles exactly once: by the reply, an error, its deadline or its abort.
 */
import { DeadlineEntry, DeadlineWheel } from '../structures/deadline-wheel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Trace } from '../observe/trace.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { ReplyAddress, ReplyTo, Run } from '../vocabulary/envelope.ts';
import { type Fate, TroupeError } from '../vocabulary/errors.ts';
import type { AskOptions } from './ask-options.ts';
import type { Wait } from './ask-cycle.ts';

/** Asks under way at most, per process; one more fails with OVERLOADED. */
export const PENDING_ASKS_MAX = 1_000_000;

/** Of an ask whose mail the old host of an actor and the new one have, until their move is committed. */
export const IN_TRANSIT: ActorId = '~';

/** The asker. */
export interface Asker {
  waitsNoMore(wait: Wait): void;
  /** Told before whoever awaits it. */
  askFailed(error: TroupeError): void;
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
  readonly promise: Promise<unknown>;
  settled = false;
  /** On `Clock.now()`; 0: none. */
  readonly deadline: number;
  /** Milliseconds from the call to its deadline, for the text of its error; whole, so that it costs no number on the heap. */
  withinMs = 0;
  /** The process that the ask was written to, or `IN_TRANSIT`, once it left this one; nobody here knows then how far it came. */
  peer: ActorId | undefined;
  /** Its number for the reply from another process; 0 until it crosses. */
  correlation = 0;
  onSettled: (() => void) | undefined;
  /** Processes that it was written to before its mail moved on. */
  #before: ActorId[] | undefined;
  readonly #pending: PendingReplies;
  readonly #asker: Asker | undefined;
  #begun = false;
  #run: Run | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: TroupeError) => void;
  #unlisten: (() => void) | undefined;

  constructor(pending: PendingReplies, target: ActorId, deadline: number, asker: Asker | undefined) {
    super();
    this.#pending = pending;
    this.target = target;
    this.deadline = deadline;
    this.#asker = asker;
    this.promise = new Promise(handOver);
    this.#resolve = resolveLast;
    this.#reject = rejectLast;
  }

  resolve(value: unknown): void {
    if (this.settled) return;
    this.#settle();
    this.#resolve(value);
  }

  reject(error: TroupeError): void {
    if (this.settled) return;
    this.#settle();
    this.#pending.noteFailed(this.target, error);
    this.#asker?.askFailed(error);
    this.#reject(error);
  }

  begin(run: Run): void {
    this.#begun = true;
    this.#run = run;
  }

  address(): ReplyAddress {
    return { process: this.#pending.address, correlation: this.#pending.register(this) };
  }

  written(peer: ActorId | undefined): void {
    this.peer = peer;
  }

  /** Its mail waits in another process, unless the one that it was written to had answered before. */
  moved(from: ActorId, to: ActorId): void {
    (this.#before ??= []).push(from);
    this.peer = to;
  }

  hasMovedFrom(process: ActorId): boolean {
    return this.#before?.includes(process) === true;
  }

  expire(): void {
    this.#giveUp('ASK_TIMEOUT', `no reply from ${this.target} within ${this.withinMs} ms`);
  }

  abortWith(signal: AbortSignal): void {
    const abort = (): void => this.#giveUp('ASK_ABORTED', `the asker aborted the ask of ${this.target}`, signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#unlisten = () => signal.removeEventListener('abort', abort);
  }

  get fate(): Fate {
    if (this.peer !== undefined) return 'unknown';
    return this.#begun ? 'executed' : 'not-executed';
  }

  #giveUp(code: 'ASK_TIMEOUT' | 'ASK_ABORTED', text: string, cause?: unknown): void {
    if (this.settled) return;
    const run = this.#run;
    this.reject(new TroupeError(code, text, { fate: this.fate, cause }));
    run?.givenUp(this);
    if (this.peer !== undefined) this.#pending.onGivenUp?.(this);
  }

  #settle(): void {
    this.settled = true;
    this.#run = undefined;
    this.#unlisten?.();
    this.#pending.remove(this);
    this.#asker?.waitsNoMore(this);
    this.onSettled?.();
  }
}

export class PendingReplies {
  readonly #wheel: DeadlineWheel<PendingReply>;
  /** Requests that end with their actor, not with a time. */
  readonly #endless = new Set<PendingReply>();
  readonly #clock: Clock;
  readonly #crossed = new Map<number, PendingReply>();
  #lastCorrelation = 0;
  /** Asks under way. */
  size = 0;
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

  /** A new ask; `deadline` on `Clock.now()`, 0 for none. `now`: where it was just read, which costs 50 ns (S2, asks). */
  open(
    target: ActorId,
    deadline: number,
    asker: Asker | undefined,
    options: AskOptions | undefined,
    now?: number,
  ): PendingReply {
    const reply = new PendingReply(this, target, deadline, asker);
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

  byCorrelation(correlation: number): PendingReply | undefined {
    return this.#crossed.get(correlation);
  }

  /** Those that were written to a process. */
  *writtenTo(peer: ActorId): Iterable<PendingReply> {
    for (const reply of this.#crossed.values()) if (reply.peer === peer) yield reply;
  }

  /** The link to a process has ended: what was written to it fails. One to a durable actor is kept, and goes to its next host. */
  linkEnded(peer: ActorId, text: string): void {
    this.fail([...this.writtenTo(peer)], text);
  }

  /** Those whose mail has moved on from a process, unless that had answered them before. */
  *movedOnFrom(process: ActorId): Iterable<PendingReply> {
    for (const reply of this.#crossed.values()) if (reply.hasMovedFrom(process)) yield reply;
  }

  /** Nobody answers them any more. */
  fail(replies: Iterable<PendingReply>, text: string): void {
    for (const reply of replies) {
      if (!reply.onSettled) reply.reject(new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'unknown' }));
    }
  }

  /**
   * Actors have moved with the mail that waited for them: what was written to their old host waits at the new one.
   * `text`: the link to the new host has broken meanwhile, and perhaps its reply was on it.
   */
  moved(from: ActorId, to: ActorId, hasMoved: (target: ActorId) => boolean, text?: string): void {
    const moved = [...this.writtenTo(from)].filter((reply) => hasMoved(reply.target));
    for (const reply of moved) reply.moved(from, to);
    if (text !== undefined) this.fail(moved, text);
  }

  /** Every ask that is still under way fails. */
  rejectAll(code: 'SHUTTING_DOWN', text: string): void {
    for (const reply of [...this.#wheel, ...this.#endless])
      reply.reject(new TroupeError(code, text, { fate: reply.fate }));
  }

  /** No timer is left behind. */
  close(): void {
    this.#wheel.close();
  }

  noteFailed(id: ActorId, { code, fate }: TroupeError): void {
    this.#trace?.note({ topic: 'ask', step: 'failed', id, code, fate });
  }

  remove(reply: PendingReply): void {
    this.size--;
    if (reply.deadline > 0) this.#wheel.remove(reply);
    else this.#endless.delete(reply);
    if (reply.correlation !== 0) this.#crossed.delete(reply.correlation);
  }

  #watchAbort(reply: PendingReply, signal: AbortSignal): void {
    reply.abortWith(signal);
    if (signal.aborted) {
      const text = `the asker had aborted the ask of ${reply.target} before it was sent`;
      reply.reject(new TroupeError('ASK_ABORTED', text, { fate: 'not-executed', cause: signal.reason }));
    }
  }
}
