/**
 * The context of one incarnation. Once that has ended, a handler that still runs gets ACTOR_STOPPED from every call:
 * what is left of a killed or restarted incarnation cannot act on the system any more.
 */
import type { Log } from '../observe/log.ts';
import { type ActorId, actorId } from '../vocabulary/address.ts';
import { Envelope, type Message } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { checkTopic } from '../pubsub/local-topics.ts';
import { checkExitReason, type ExitReason } from '../vocabulary/exit-reason.ts';
import { inspect } from '../plain-data/inspect.ts';
import type { Cell } from './cell.ts';
import { CHILD_SHUTDOWN_MS } from './children.ts';
import type { Context, RefTo, SpawnChildOptions, ActorLocation } from './context.ts';
import { type ActorDefinition, isDefinition } from './definition.ts';
import type { UntypedRef } from './actor-ref.ts';
import type { AskOptions } from './ask-options.ts';
import type { DurableSide, Reminder } from './durable-side.ts';
import type { Kernel } from './kernel.ts';
import { GivenUp } from './ask-cancellation.ts';
import { STASH_CAPACITY } from './mailbox.ts';
import { BEAT_MS_MIN, MessageTimer, TIMERS_MAX } from './message-timer.ts';
import { checkId, checkMessage } from './sender.ts';
import { SenderRef } from './sender-ref.ts';
import { checkChildOptions } from './spawn-options.ts';
import { spawnChild } from './spawning.ts';
import { noteFailure, noting } from './unawaited.ts';

/** The cell behind a context; undefined for a context of another copy of the package. */
export let cellOfContext: (context: object) => Cell | undefined;

export class ActorContext implements Context<unknown> {
  static {
    cellOfContext = (context) => (#cell in context ? context.#cell : undefined);
  }

  state: unknown;
  readonly #cell: Cell;
  #fence: string | undefined;

  /** `before`: the context that this one takes the place of, in the same incarnation. */
  constructor(cell: Cell, before?: Context<unknown>) {
    this.#cell = cell;
    if (before instanceof ActorContext) {
      this.state = before.state;
      this.#fence = before.#fence;
    }
  }

  get id(): ActorId {
    return this.#cell.id;
  }

  get key(): string {
    return this.#cell.key;
  }

  get kind(): string {
    return this.#cell.behaviour.kind;
  }

  get self(): UntypedRef {
    return this.ref(this.#cell.id);
  }

  get sender(): ActorId | undefined {
    return this.#isLive ? this.#cell.current?.sender : undefined;
  }

  get deadline(): number | undefined {
    const { kernel, deadlineAt } = this.#cell;
    return deadlineAt === 0 || !this.#isLive ? undefined : kernel.clock.wall() + (deadlineAt - kernel.clock.now());
  }

  get signal(): AbortSignal {
    if (!this.#isLive) return AbortSignal.abort(new Error('the incarnation has ended'));
    // Between turns there is nothing to abort; kept, it would stand in for the next turn's own.
    if (this.#cell.status === 'ready') return new AbortController().signal;
    const { own } = this.#cell;
    if (!own.abort) {
      const controller = new AbortController();
      own.abort = controller;
      const { kernel, deadlineAt } = this.#cell;
      if (deadlineAt !== 0) {
        const timer = kernel.clock.setTimer(deadlineAt - kernel.clock.now(), () =>
          controller.abort(new GivenUp('TimeoutError')),
        );
        own.abortTimer = () => timer.cancel();
      }
    }
    return own.abort.signal;
  }

  get fence(): string {
    this.#fence ??= this.#cell.kernel.newFence(this.#cell.id);
    return this.#fence;
  }

  get log(): Log {
    const { id, kernel } = this.#cell;
    const { spans } = kernel;
    return kernel.log.child({ actor: id, incarnation: this.fence, ...spans?.current(this.#cell) });
  }

  tell(id: ActorId, message: Message): boolean {
    return this.#live().tell(id, message);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for
  ask<R = any>(id: ActorId, message: Message, options?: AskOptions): Promise<R> {
    return this.#live().ask(id, message, options) as Promise<R>;
  }

  ref(id: ActorId | { readonly id: ActorId }): UntypedRef;
  ref<D extends ActorDefinition>(definition: D, key: string): RefTo<D>;
  ref(target: ActorId | { readonly id: ActorId } | ActorDefinition, key?: string): unknown {
    return new SenderRef(this.#cell.kernel, this.#cell, refTarget(this.#cell.kernel, target, key));
  }

  publish(topic: string, message: Message): boolean {
    return this.#live().publish(topic, message);
  }

  subscribe(topic: string, id: ActorId = this.#cell.id): Promise<() => Promise<void>> {
    return this.#noting(async (cell) => {
      checkTopic(topic);
      await cell.request('subscribe', checkId(id), topic).promise;
      return () => this.unsubscribe(topic, id);
    });
  }

  unsubscribe(topic: string, id: ActorId = this.#cell.id): Promise<void> {
    return this.#noting(async (cell) => {
      checkTopic(topic);
      await cell.request('unsubscribe', checkId(id), topic).promise;
    });
  }

  watch(id: ActorId): void {
    const cell = this.#live();
    checkId(id);
    const own = cell.own;
    own.watching ??= new Map();
    const watch = own.watching.get(id) ?? cell.host.watching.newWatch(cell.id);
    own.watching.set(id, watch);
    cell.host.watching.addActor(id, watch);
    cell.kernel.router.deliver(new Envelope('watch', id, watch, cell.id, undefined, 0));
  }

  unwatch(id: ActorId): void {
    const cell = this.#live();
    // It may have ended already, and its signal wait for a turn.
    cell.extras.terminated?.removeFirst((ended) => ended.id === id);
    const watch = cell.extras.watching?.get(id);
    if (watch === undefined) return;
    cell.extras.watching?.delete(id);
    cell.host.watching.removeActor(id, watch);
    cell.kernel.router.deliver(new Envelope('unwatch', id, watch, cell.id, undefined, 0));
  }

  where(id: ActorId): Promise<ActorLocation> {
    return this.#live().request('where', checkId(id), undefined).promise as Promise<ActorLocation>;
  }

  drained(): Promise<void> {
    return this.#live().drained();
  }

  spawn(kind: string, options: SpawnChildOptions = {}): Promise<UntypedRef> {
    return this.#noting(async (cell) => {
      checkChildOptions(options);
      const { restart = 'transient', shutdownMs = CHILD_SHUTDOWN_MS } = options;
      return this.ref(await spawnChild(cell, kind, options, restart, shutdownMs));
    });
  }

  stop(reason: ExitReason = 'stopped'): void {
    const cell = this.#live();
    checkExitReason(reason);
    cell.endWithTurn(reason);
    // Outside a turn (from a timer of its own, say) there is no end of a turn to wait for.
    if (cell.status === 'ready') cell.runInTurn(() => {});
  }

  now(): number {
    return this.#cell.kernel.clock.wall();
  }

  after(ms: number, message: Message): () => void {
    return this.#setTimer(ms, false, message);
  }

  every(ms: number, message: Message): () => void {
    return this.#setTimer(ms, true, message);
  }

  remind(name: string, when: Reminder, message: Message): void {
    checkMessage(message);
    checkReminder(name, when);
    this.#durable('remind').remind(name, when, message);
  }

  forget(name: string): void {
    this.#durable('forget').forget(name);
  }

  remove(): void {
    const durable = this.#durable('remove');
    const cell = this.#cell;
    // Outside a turn (from a timer of its own, say) there is no commit to go with.
    if (cell.status === 'ready') cell.runInTurn(() => durable.remove());
    else durable.remove();
  }

  stash(): void {
    const cell = this.#live();
    const { current } = cell;
    if (current?.verb !== 'message')
      throw new TroupeError('INVALID_OPTIONS', 'stash() is called while a message is handled; got a call outside');
    if (!cell.mailbox.hasRoomAsideFor(current, STASH_CAPACITY)) {
      const isLong = cell.mailbox.asideLength >= STASH_CAPACITY;
      const most = isLong ? `${STASH_CAPACITY} messages` : `${cell.kernel.memory.queueBytesMax} bytes`;
      throw new TroupeError('OVERLOADED', `the stash of ${cell.id} is full; its limit is ${most}`);
    }
    cell.stashing = true;
  }

  unstashAll(): void {
    this.#live().unstashAll();
  }

  #durable(what: string): DurableSide {
    const { durable, id } = this.#live();
    if (durable) return durable;
    throw new TroupeError('INVALID_OPTIONS', `${what}() is for durable actors; got a call of ${id}`);
  }

  #setTimer(ms: number, isRepeated: boolean, message: Message): () => void {
    checkTimer(ms, message);
    const cell = this.#live();
    if ((cell.extras.timers?.size ?? 0) >= TIMERS_MAX) {
      const text = `${cell.id} has ${TIMERS_MAX} timers, which is the limit; one more rejected`;
      throw new TroupeError('OVERLOADED', text);
    }
    const everyMs = isRepeated ? Math.max(ms, BEAT_MS_MIN) : undefined;
    const timer = MessageTimer.set(cell, cell.kernel.clock.now() + ms, everyMs, message);
    return () => timer.cancel();
  }

  get #isLive(): boolean {
    return this.#cell.context === this && this.#cell.status !== 'ended';
  }

  /** A failed promise that nobody awaits is told with the name of its actor. */
  #noting<T>(work: (cell: Cell) => Promise<T>): Promise<T> {
    const { kernel, id } = this.#cell;
    return noting((async () => work(this.#live()))(), kernel.log, id);
  }

  #live(): Cell {
    const cell = this.#cell;
    if (this.#isLive) return cell;
    const text = `an incarnation of ${cell.id} has ended; its call is rejected`;
    const error = new TroupeError('ACTOR_STOPPED', text);
    noteFailure(error, cell.kernel.log, cell.id);
    throw error;
  }
}

/** The id that a ref is wanted for. */
export function refTarget(kernel: Kernel, target: unknown, key: string | undefined): ActorId {
  if (typeof target === 'string') return checkId(target);
  if (isDefinition(target)) {
    for (const [kind, behaviour] of kernel.behaviours)
      if (behaviour.definition === target) return actorId(kind, key as string);
    throw new TroupeError('UNKNOWN_KIND', 'ref() takes a definition that this system has loaded; got another one');
  }
  if (typeof target === 'object' && target !== null && typeof (target as { id?: unknown }).id === 'string') {
    return checkId((target as { id: string }).id);
  }
  throw new TroupeError(
    'INVALID_ACTOR_ID',
    `ref() takes an id, a ref, or a definition and a key; got ${inspect(target)}`,
  );
}

/** Characters of a reminder's name. */
export const REMINDER_NAME_MAX = 256;

function checkReminder(name: string, when: Reminder): void {
  if (typeof name !== 'string' || name.length < 1 || name.length > REMINDER_NAME_MAX) {
    const text = `a reminder has a name of 1 to ${REMINDER_NAME_MAX} characters; got ${inspect(name)}`;
    throw new TroupeError('INVALID_OPTIONS', text);
  }
  const { atMs, everyMs } = (when ?? {}) as { atMs?: number; everyMs?: number };
  const isAt = everyMs === undefined && typeof atMs === 'number' && Number.isFinite(atMs) && atMs >= 0;
  const isEvery = atMs === undefined && typeof everyMs === 'number' && Number.isFinite(everyMs) && everyMs >= 1;
  if (!isAt && !isEvery) {
    const text = `a reminder is for { atMs }, milliseconds since the Unix epoch, or { everyMs }, from 1 on; got ${inspect(when)}`;
    throw new TroupeError('INVALID_OPTIONS', text);
  }
}

function checkTimer(ms: number, message: unknown): void {
  checkMessage(message);
  if (typeof ms !== 'number' || !(ms >= 0 && ms < Number.POSITIVE_INFINITY))
    throw new TroupeError('INVALID_OPTIONS', `a timer takes a number of milliseconds from 0 on; got ${inspect(ms)}`);
}
