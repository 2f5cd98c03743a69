/**
 * The system as its users see it: the same in the master, in every worker and, through `ctx`, in actors.
 */
import type { ActorRef, AnyMessage, UntypedRef } from '../actor/actor-ref.ts';
import type { AskOptions } from '../actor/ask-options.ts';
import type { RefTo, CommonSpawnOptions, ActorLocation } from '../actor/context.ts';
import type { ActorDefinition } from '../actor/definition.ts';
import type { TerminatedListener } from '../actor/watchers.ts';
import type { Listener } from '../observe/event-bus.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { EventName } from '../vocabulary/events.ts';
import type { WorkerInfo } from '../wire/control.ts';
import type { DeadLetterBox } from './dead-letter-box.ts';
import type { SystemMetrics } from './metrics.ts';

export interface SpawnOptions extends CommonSpawnOptions {
  placement?: {
    /** Index of a worker. */
    worker?: number;
    role?: string;
  };
}

export interface ProcessIdentity {
  /** 0 is the master, workers count from 1. */
  worker: number;
  role: string;
  pid: number;
}

export interface IdsOptions {
  /** The last id of the page before. */
  after?: ActorId | undefined;
  /** Ids at once, at most. */
  limit?: number | undefined;
}

export interface System {
  readonly name: string;
  readonly self: ProcessIdentity;
  /** Sends and goes on. False: taken, but slow down (`await drained()`). */
  tell(id: ActorId, message: AnyMessage): boolean;
  /** Sends and waits for the reply, by default `askTimeoutMs` long. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for; `ref(definition, key)` infers it
  ask<R = any>(id: ActorId, message: AnyMessage, options?: AskOptions): Promise<R>;
  ref(id: ActorId | { readonly id: ActorId }): UntypedRef;
  ref<D extends ActorDefinition>(definition: D, key: string): RefTo<D>;
  /** Starts an actor now. Resolves once it has started; it is started again after a crash. */
  spawn(kind: string, options?: SpawnOptions): Promise<UntypedRef>;
  /** Ends an actor after the mail that it has by then. */
  stop(id: ActorId, reason?: string): Promise<void>;
  /** Ends an actor at once; its mail goes to dead letters. */
  kill(id: ActorId): Promise<void>;
  /**
   * Ends an actor at once, as `kill` does, and all that is kept of it: its record, its reminders, the mail that waits for it, its stored
   * dead letters. Resolves once that is on disk; what comes later begins anew. Repeated, it does no harm. Rejects UNKNOWN_KIND, STORE_FAILED.
   *
   *     await system.remove('user/ada');
   */
  remove(id: ActorId): Promise<void>;
  /**
   * The ids of a durable kind that have a record, in the order of their keys, those after an id only; none is woken. `limit`: from 1 to 10 000, by
   * default 1 000. Not a snapshot: what begins or is removed meanwhile may be in it or not. Rejects UNKNOWN_KIND, and INVALID_OPTIONS where the kind is not durable.
   *
   *     let ids = await system.ids('user');
   *     while (ids.length > 0) ids = await system.ids('user', { after: ids.at(-1) });
   */
  ids(kind: string, options?: IdsOptions): Promise<ActorId[]>;
  /** Calls the listener once when the actor has ended; at once where nothing lives under the id. */
  watch(id: ActorId, listener: TerminatedListener): () => void;
  /** To all subscribers. False: taken, but slow down (`await drained()`), as with `tell`. */
  publish(topic: string, message: AnyMessage): boolean;
  /** Subscribes an actor, or a listener of this process; resolves once in force everywhere. */
  subscribe(topic: string, subscriber: ActorId | ((message: unknown) => void)): Promise<() => Promise<void>>;
  where(id: ActorId): Promise<ActorLocation>;
  workers(): WorkerInfo[];
  /** Resolves to its index once it is ready. */
  addWorker(options?: { role?: string }): Promise<number>;
  removeWorker(index: number): Promise<void>;
  restartWorker(index: number): Promise<void>;
  move(id: ActorId, worker: number): Promise<void>;
  reload(): Promise<void>;
  on<E extends EventName>(event: E, listener: Listener<E>): () => void;
  metrics(): Promise<SystemMetrics>;
  /** Called: the newest of this process, oldest first. Of durable actors: listed, sent again, discarded. */
  readonly deadLetters: DeadLetterBox;
  /** A consistent copy of all durable actors, while the system runs: a dataDir to start from. Into an empty or new folder. */
  backup(path: string): Promise<void>;
  drained(): Promise<void>;
  shutdown(options?: { timeoutMs?: number }): Promise<void>;
}

export type { ActorRef };
