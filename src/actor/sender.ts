/**
 * One sender: an actor's incarnation, or a process (the master, a worker's `main`). Its messages keep their order.
 */
import { checkTopic } from '../pubsub/local-topics.ts';
import { type ActorId, checkActorId } from '../vocabulary/address.ts';
import { DeliveryId, Envelope, type Message, type ReplyTo, type Verb } from '../vocabulary/envelope.ts';
import { type OutsideId, outsideTurn } from '../vocabulary/outside-id.ts';
import { asError, type ErrorCode, TroupeError, wordsOf } from '../vocabulary/errors.ts';
import { checkExitReason } from '../vocabulary/exit-reason.ts';
import { deepFreeze, inspectPlain } from '../plain-data/plain-data.ts';
import { sortOf } from '../plain-data/inspect.ts';
import { type AskOptions, checkAskOptions } from './ask-options.ts';
import type { Wait } from './ask-cycle.ts';
import { barrierTo } from './barrier.ts';
import type { DurableSide } from './durable-side.ts';
import type { Kernel, Speaker } from './kernel.ts';
import type { Asker, PendingReply } from './pending-replies.ts';
import type { TraceFields } from '../observe/trace-context.ts';
import { noteFailure } from './unawaited.ts';

/** Congested recipients, and as many topics, that a sender remembers for `drained()`; beyond, it waits for the oldest of them only. */
export const CONGESTED_KEPT = 1024;

/** Milliseconds that an end is waited for, where the turn that asks for it has no less left; the stop itself stands. */
export const STOP_TIMEOUT_MS = 10_000;

export class Sender implements Asker, Speaker {
  readonly kernel: Kernel;
  /** The actor that sends; undefined for a process. */
  readonly id: ActorId | undefined;
  /** Of a durable actor: what it does leaves by this, once it is committed. */
  durable: DurableSide | undefined;
  #congested: Congested | undefined;
  /** Most actors send to one other again and again (S1, S2, S7). */
  #lastTo: ActorId | undefined;

  constructor(kernel: Kernel, id: ActorId | undefined) {
    this.kernel = kernel;
    this.id = id;
    this.durable = undefined;
  }

  /** The rest of the deadline of the message being handled, on `Clock.now()`; 0: none. */
  get deadlineAt(): number {
    return 0;
  }

  tell(to: ActorId, message: Message): boolean {
    checkMessage(message);
    const { kernel } = this;
    if (to !== this.#lastTo || to === undefined) this.#lastTo = checkId(to);
    if (this.isClosed) return this.#tellTooLate(to, message);
    const envelope = new Envelope('message', to, message, this.id, undefined, 0);
    if (kernel.limits.checkMessages && !this.isPlain(envelope)) return true;
    if (kernel.spans !== undefined) envelope.trace = kernel.spans.told(this, to, message.type);
    const { durable } = this;
    if (durable === undefined ? kernel.router.deliver(envelope) : durable.tell(envelope)) return true;
    this.#remember(to);
    return false;
  }

  ask(to: ActorId, message: Message, options?: AskOptions): Promise<unknown> {
    checkMessage(message);
    checkAskOptions(options);
    this.checkOpen();
    if (to !== this.#lastTo || to === undefined) this.#lastTo = checkId(to);
    return this.request('message', to, message, options).promise;
  }

  /**
   * An ask on behalf of somebody outside, who is told of its end in place of a promise. `outside`: it may come again, and a durable actor that has handled it
   * settles it without another turn.
   */
  askFor(onward: ReplyTo, to: ActorId, message: Message, outside?: OutsideId, options?: AskOptions): void {
    checkMessage(message);
    checkId(to);
    this.checkOpen();
    const isNamed = outside !== undefined && this.kernel.durability?.isDurable(to) === true;
    this.request('message', to, message, options, isNamed ? outside : undefined, onward);
  }

  /**
   * An ask of any verb; the envelope goes the way of this sender's tells. `outside`: the name by which a durable actor knows a repeat.
   * `onward`: who is told of its end, in place of a promise.
   */
  request(
    verb: Verb,
    to: ActorId,
    message: unknown,
    options?: AskOptions,
    outside?: OutsideId,
    onward?: ReplyTo,
  ): PendingReply {
    const now = this.kernel.clock.now();
    // A getter may throw: before anybody waits for a reply.
    const type = verb === 'message' ? (message as Message).type : undefined;
    const reply = this.kernel.pending.open(to, this.#deadlineOf(options, now), this, options, now, onward);
    if (reply.settled) return reply;
    if (type !== undefined) reply.type = type;
    if (verb === 'message' || verb === 'stop') this.waits(reply);
    // The deadline of a stop is for the wait alone: reached late, it is carried out all the same.
    const envelope = new Envelope(verb, to, message, this.id, reply, verb === 'stop' ? 0 : reply.deadline);
    if (outside !== undefined) envelope.deliveryId = new DeliveryId('', 0, 0, 0, outsideTurn(outside), false, outside);
    if (verb === 'message' && this.kernel.limits.checkMessages && !this.isPlain(envelope)) return reply;
    const { durable, kernel } = this;
    if (kernel.spans !== undefined && verb === 'message')
      reply.span = kernel.spans.asked(this, envelope, reply.type ?? '');
    const isClear = durable === undefined ? kernel.router.deliver(envelope) : durable.request(envelope);
    if (!isClear) this.#remember(to);
    return reply;
  }

  publish(topic: string, message: Message): boolean {
    checkMessage(message);
    checkTopic(topic);
    const { kernel } = this;
    if (this.isClosed) return this.#tellTooLate(topic, message);
    const fault = kernel.limits.checkMessages ? faultOf(kernel, message) : undefined;
    if (fault) {
      kernel.deadLetters.add(topic, message, this.id, fault.code);
      return true;
    }
    const { durable } = this;
    const trace = kernel.spans?.published(this, topic, message.type);
    const isClear = durable
      ? durable.publish(topic, message, trace)
      : kernel.topics.publish(topic, message, this.id, trace);
    if (!isClear) remember((this.#congested ??= new Congested()).topics, topic);
    return isClear;
  }

  stop(id: ActorId, reason = 'stopped'): Promise<void> {
    checkId(id);
    checkExitReason(reason);
    this.checkOpen();
    const now = this.kernel.clock.now();
    const reply = this.request('stop', id, reason, { timeoutMs: STOP_TIMEOUT_MS });
    return reply.promise.catch((error: TroupeError) => {
      const isLate = error.code === 'ASK_TIMEOUT' && reply.deadline > now;
      const failure = isLate ? notEnded(id, reply.deadline - now) : error;
      this.askFailed(failure);
      throw failure;
    }) as Promise<void>;
  }

  /**
   * Resolves when what this sender has in flight towards congested recipients was handled. An actor waits no longer
   * than for a reply: two that wait for each other would wait for ever, and so would one that waits for itself.
   */
  async drained(): Promise<void> {
    const { ids, topics } = this.#congested ?? NOTHING_CONGESTED;
    this.#congested = undefined;
    const handled = Array.from(ids, (id) => this.#barrier(id));
    for (const topic of topics) handled.push(this.#handled(topic));
    await Promise.allSettled(handled);
  }

  #barrier(id: ActorId): Promise<unknown> {
    // Its own mail waits for its turn to end.
    if (id === this.id) return Promise.resolve();
    return this.id === undefined ? barrierTo(this.kernel, id) : this.request('barrier', id, undefined).promise;
  }

  /** Messages published to a topic have been handled, or the sender has waited for that as long as for a reply. */
  #handled(topic: string): Promise<unknown> {
    const { topics, clock } = this.kernel;
    const all = topics.handled(topic, (id) => this.#barrier(id));
    if (this.id === undefined) return all;
    const now = clock.now();
    return new Promise((resolve) => {
      const timer = clock.setTimer(this.#deadlineOf(undefined, now) - now, () => resolve(undefined));
      all.then(resolve, resolve).finally(() => timer.cancel());
    });
  }

  waits(_wait: Wait): void {}

  waitsNoMore(_wait: Wait): void {}

  /** In a worker no failed ask ends the process, whoever asked: a ref sends as the process once its handler has awaited. */
  askFailed(error: TroupeError, trace?: TraceFields): void {
    if (this.id !== undefined || this.kernel.worker > 0) noteFailure(error, this.kernel.log, this.id, trace);
  }

  /** A tell, for which nobody waits, does not throw: the socket that is just closing could do nothing about it. */
  #tellTooLate(to: ActorId, message: Message): false {
    this.kernel.deadLetters.add(to, message, undefined, 'SHUTTING_DOWN');
    return false;
  }

  /** Calls are refused: the system is shutting down. */
  protected get isClosed(): boolean {
    return this.kernel.closing;
  }

  protected checkOpen(): void {
    if (this.isClosed) {
      throw new TroupeError('SHUTTING_DOWN', 'the system is shutting down; call rejected', {
        fate: 'not-executed',
      });
    }
  }

  #deadlineOf(options: AskOptions | undefined, now: number): number {
    const own = this.deadlineAt;
    const timeoutMs = options?.timeoutMs;
    if (own === 0) return now + (timeoutMs ?? this.kernel.limits.askTimeoutMs);
    return timeoutMs === undefined ? own : Math.min(own, now + timeoutMs);
  }

  #remember(to: ActorId): void {
    remember((this.#congested ??= new Congested()).ids, to);
  }

  /** Checks and freezes; what is no plain data goes to dead letters, or rejects the ask. */
  isPlain(envelope: Envelope): boolean {
    const fault = faultOf(this.kernel, envelope.message, envelope);
    if (!fault) return true;
    this.kernel.deadLetters.refuseUnlessResent(envelope, fault.code, fault.text);
    return false;
  }
}

/** In one object, since few senders have any. */
class Congested {
  readonly ids = new Set<ActorId>();
  readonly topics = new Set<string>();
}

const NOTHING_CONGESTED: Congested = new Congested();

function remember(congested: Set<string>, name: string): void {
  if (congested.size < CONGESTED_KEPT) congested.add(name);
}

function notEnded(id: ActorId, waitedMs: number): TroupeError {
  const text = `${id} did not end within ${Math.ceil(waitedMs)} ms; the stop stands`;
  return new TroupeError('ASK_TIMEOUT', text, { fate: 'unknown' });
}

interface Fault {
  code: ErrorCode;
  text: string;
}

/** Checks a message as a link would, and freezes it where it is fine; who has seen every part of it knows what it weighs. */
function faultOf(kernel: Kernel, message: unknown, envelope?: Envelope): Fault | undefined {
  try {
    return lookForFault(kernel, message, envelope);
  } catch (error) {
    // It looked plain, and could not be measured or frozen.
    return { code: 'INVALID_MESSAGE', text: `a message is plain data; got ${wordsOf(asError(error))}` };
  }
}

function lookForFault(kernel: Kernel, message: unknown, envelope: Envelope | undefined): Fault | undefined {
  const { fault, bytesMax, weight } = inspectPlain(message);
  if (fault) return { code: 'INVALID_MESSAGE', text: `a message is plain data; got ${fault.got} at ${fault.path}` };
  const { messageBytesMax } = kernel.limits;
  if (bytesMax > messageBytesMax) {
    const bytes = kernel.encodedBytes(message);
    const text = `a message has at most ${messageBytesMax} encoded bytes; got ${bytes}`;
    if (bytes > messageBytesMax) return { code: 'MESSAGE_TOO_LARGE', text };
  }
  deepFreeze(message);
  if (envelope) kernel.memory.weigh(envelope, message, weight);
  return undefined;
}

/**
 * Some of the ids seen: where they are few, a look-up is quicker than a look at each character (S6, S7). Where they are many it
 * is not, in memory that has grown cold, so only so many are kept, and after so many others it learns anew.
 */
export const CHECKED_IDS_KEPT = 8_192;
export const UNKNOWN_IDS_MAX = 65_536;
const checkedIds = new Set<ActorId>();
let unknownIds = 0;

export function checkId(id: ActorId): ActorId {
  if (!checkedIds.has(id)) learnId(id);
  return id;
}

function learnId(id: ActorId): void {
  checkActorId(id);
  if (checkedIds.size < CHECKED_IDS_KEPT) checkedIds.add(id);
  else if (++unknownIds >= UNKNOWN_IDS_MAX) {
    unknownIds = 0;
    checkedIds.clear();
  }
}

export function checkMessage(message: unknown): asserts message is Message {
  if (typeof message !== 'object' || message === null || typeof (message as Message).type !== 'string') {
    throw new TroupeError('INVALID_MESSAGE', `a message is an object with a string 'type'; got ${sortOf(message)}`);
  }
}
