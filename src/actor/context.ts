/**
 * What a handler gets: its own identity, the message's circumstances, and the system seen from here.
 * One context belongs to one incarnation; once that has ended, its context does nothing any more.
 */
import type { RestartType } from '../supervision/supervision-options.ts';
import type { Log } from '../observe/log.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { ActorRef, AnyMessage, UntypedRef } from './actor-ref.ts';
import type { AskOptions } from './ask-options.ts';
import type { ActorDefinition } from './definition.ts';

/** Where an actor is; `active`: it is in memory. */
export interface ActorLocation {
  worker: number;
  pid: number;
  shard: number;
  epoch: number;
  active: boolean;
}

export interface CommonSpawnOptions {
  /** Default: generated. */
  key?: string;
  /** Plain data, given to `state`. */
  args?: unknown;
}

export interface SpawnChildOptions extends CommonSpawnOptions {
  /** OTP's meaning. Default `transient`. */
  restart?: RestartType;
  /** Milliseconds for its end before it is killed. Default 5 000. */
  shutdownMs?: number;
}

export interface Context<S = unknown> {
  readonly id: ActorId;
  readonly key: string;
  readonly kind: string;
  /** A ref to this actor. */
  readonly self: UntypedRef;
  state: S;
  /** Id of the sending actor, if one sent the message. */
  readonly sender: ActorId | undefined;
  /**
   * Aborted when the actor is killed, the ask's deadline has passed (a `TimeoutError`), or the asker has given up (an `AbortError`).
   * Pass it on: a handler that then rejects with what it brought has not failed.
   */
  readonly signal: AbortSignal;
  /** When the ask's reply is due, in milliseconds since the Unix epoch; undefined for a tell. */
  readonly deadline: number | undefined;
  /** Grows, compared as a string, with every start, restart and move. */
  readonly fence: string;
  readonly log: Log;

  tell(id: ActorId, message: AnyMessage): boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for; `ref(definition, key)` infers it
  ask<R = any>(id: ActorId, message: AnyMessage, options?: AskOptions): Promise<R>;
  ref(id: ActorId | { readonly id: ActorId }): UntypedRef;
  ref<D extends ActorDefinition>(definition: D, key: string): RefTo<D>;
  /** To all subscribers. False: taken, but slow down (`await drained()`), as with `tell`. */
  publish(topic: string, message: AnyMessage): boolean;
  /** Subscribes this actor, or another one; resolves to `unsubscribe` once in force everywhere. */
  subscribe(topic: string, id?: ActorId): Promise<() => Promise<void>>;
  unsubscribe(topic: string, id?: ActorId): Promise<void>;
  /** `onTerminated` is called once when it has ended; at once where nothing lives under the id. */
  watch(id: ActorId): void;
  unwatch(id: ActorId): void;
  where(id: ActorId): Promise<ActorLocation>;
  drained(): Promise<void>;

  /** A child: lives on this worker, ends with this actor. Resolves once it has started; a durable actor's starts after the commit. */
  spawn(kind: string, options?: SpawnChildOptions): Promise<UntypedRef>;
  /** Ends this actor after this message. */
  stop(reason?: ExitReason): void;
  /** Milliseconds since the Unix epoch; in a test, on the clock of the test. */
  now(): number;
  /**
   * A message to itself, `ms` from now. The function that it returns takes it back, also when it waits in the mailbox
   * already. Throws INVALID_OPTIONS where `ms` is no number from 0 on, OVERLOADED beyond 100 000 timers of an actor.
   */
  after(ms: number, message: AnyMessage): () => void;
  /** A message to itself, every `ms`; one at most waits in the mailbox, beats that come meanwhile are missed. */
  every(ms: number, message: AnyMessage): () => void;
  /** Durable actors: a message to itself at a time, or again and again; it survives everything. The same name replaces. */
  remind(name: string, when: { atMs: number } | { everyMs: number }, message: AnyMessage): void;
  /** Takes a reminder back. */
  forget(name: string): void;
  /**
   * Durable actors: ends it with this turn's commit, and with it all that is kept of it: its record, its reminders, what it has put aside, its stored
   * dead letters. What the turn tells and replies is sent. Mail that comes later, or waits already, begins anew. A turn that fails removes
   * nothing. Throws INVALID_OPTIONS where the actor is not durable.
   */
  remove(): void;
  /** Puts the message being handled aside; an ask stays unanswered until it is handled again. */
  stash(): void;
  /** Brings all stashed messages back, in order, before newer mail. */
  unstashAll(): void;
}

/** The ref of a definition's actors. */
export type RefTo<D> = D extends ActorDefinition<infer _S, infer H, infer _A> ? ActorRef<H> : UntypedRef;
