/**
 * The system as its users see it: the same in the master, in every worker and, through `ctx`, in actors.
 */
import type { ActorRef, AnyMessage, UntypedRef } from '../actor/actor-ref.ts';
import type { AskOptions } from '../actor/ask-options.ts';
import type { RefTo, CommonSpawnOptions, ActorLocation } from '../actor/context.ts';
import type { ActorDefinition } from '../actor/definition.ts';
import type { TerminatedListener } from '../actor/watchers.ts';
import type { ActorInspection } from '../observe/actor-inspection.ts';
import type { ActorList, ListOptions } from '../observe/actor-list.ts';
import type { PastTurn } from '../observe/turn-history.ts';
import type { Listener } from '../observe/event-bus.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { EventName } from '../vocabulary/events.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import type { WorkerInfo } from '../wire/control.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { DeadLetterBox } from './dead-letter-box.ts';
import type { MachineTarget } from './machine-moves.ts';
import type { SystemMetrics } from './metrics.ts';
import type { Pausing } from './pause-calls.ts';

/** Options of `system.spawn`. */
export interface SpawnOptions extends CommonSpawnOptions {
  /** A place of its own. Default: where the placement of its kind puts it. NO_WORKER where it cannot be hosted there. */
  placement?: {
    /** Index of a worker, from 1. Default: any of the role. */
    worker?: number;
    /** Role of the workers to choose from. Default: that of its kind. */
    role?: string;
  };
}

/** Options of `system.ids`. */
export interface IdsOptions {
  /** The last id of the page before. Default: from the first one on. */
  after?: ActorId | undefined;
  /** Ids at once, at most, from 1 to 10 000. Default 1 000. */
  limit?: number | undefined;
}

/**
 * A running system. The interface is the same in the master, in every worker (the argument of `main`) and, through `ctx`, in actors.
 * The calls of one process count as one sender: what it sends to one actor is handled in the order sent.
 */
export interface System extends Pausing {
  /** Name of the system, from the option `name`. Default `troupe`. */
  readonly name: string;
  /** Which process this is; worker 0 is the master. */
  readonly self: ProcessIdentity;
  /**
   * Sends a message to an actor and goes on. The first message to an id brings its actor to life. True: taken. False: slow down
   * (`await system.drained()`), since the way to the actor fills. Half of its mailbox waits (by default 100 000 messages), or of the memory of all
   * queues (option `memory`, in bytes), or of the quarter of that which one queue may hold; or 8 192 messages wait for the link to another process
   * or, where there are workers, for the commits of durable actors. A message for which there is no room is a dead letter, and false, too.
   *
   * The message is plain data, what structured clone keeps, of at most `messageBytesMax` encoded bytes, by default 16 MiB; outside production it
   * is frozen. A fault that is found out later makes it a dead letter with a code as its reason, and throws nothing. Of the message: UNKNOWN_KIND,
   * UNKNOWN_MESSAGE, INVALID_MESSAGE, MESSAGE_TOO_LARGE. Of the way: MAILBOX_FULL, OVERLOADED, NO_WORKER. Of the actor: HANDLER_FAILED, PROCESS_DIED,
   * ACTOR_FAILED, ACTOR_STOPPED, STORE_FAILED. After `shutdown()` it is a dead letter (SHUTTING_DOWN), and the call returns false.
   *
   * @throws TroupeError INVALID_ACTOR_ID; INVALID_MESSAGE where the message is no object with a string `type`.
   * @example
   * ```ts
   * if (!system.tell('counter/alice', { type: 'add', by: 2 })) await system.drained();
   * ```
   */
  tell(id: ActorId, message: AnyMessage): boolean;
  /**
   * Sends a message to an actor and waits for the reply: what its handler returns, `undefined` where that is nothing. A durable
   * actor replies once its turn is committed. `timeoutMs` is in milliseconds, by default `askTimeoutMs` (5 000).
   *
   * Rejects with a TroupeError whose `fate` says whether the handler ran. Of the actor: HANDLER_FAILED, REFUSED, UNKNOWN_MESSAGE,
   * INVALID_MESSAGE, ACTOR_FAILED, ACTOR_STOPPED, PROCESS_DIED, STORE_FAILED. Of the way to it: UNKNOWN_KIND, MESSAGE_TOO_LARGE, MAILBOX_FULL, OVERLOADED,
   * ACTOR_UNAVAILABLE, NO_WORKER. Of the wait: ASK_TIMEOUT, ASK_ABORTED, ASK_CYCLE.
   *
   * @throws TroupeError At the call: INVALID_ACTOR_ID, INVALID_OPTIONS, SHUTTING_DOWN; INVALID_MESSAGE where the message is no object
   * with a string `type`.
   * @example
   * ```ts
   * const count = await system.ask<number>('counter/alice', { type: 'get' }, { timeoutMs: 500 });
   * ```
   */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for; `ref(definition, key)` infers it
  ask<R = any>(id: ActorId, message: AnyMessage, options?: AskOptions): Promise<R>;
  /**
   * A handle of an actor that takes any message; of a ref it makes one that sends from here. Nothing is sent.
   *
   * @throws TroupeError INVALID_ACTOR_ID.
   * @example
   * ```ts
   * const alice = system.ref('counter/alice');
   * alice.tell({ type: 'add', by: 2 });
   * ```
   */
  ref(id: ActorId | { readonly id: ActorId }): UntypedRef;
  /**
   * A handle of an actor by its definition and key: messages and replies are typed. Nothing is sent.
   *
   * @throws TroupeError UNKNOWN_KIND where this system has not loaded the definition; INVALID_ACTOR_ID for the key.
   * @example
   * ```ts
   * const count: number = await system.ref(counter, 'alice').ask({ type: 'get' });
   * ```
   */
  ref<D extends ActorDefinition>(definition: D, key: string): RefTo<D>;
  /**
   * Starts an actor now, with arguments, a generated key or a place of its own. Resolves once it has started, within 60 000 ms. A spawned
   * actor is started again after a crash of its worker, with the same arguments, without waiting for a message. Where it runs already
   * with equal arguments, the call resolves with that one.
   *
   * Rejects UNKNOWN_KIND, INVALID_OPTIONS, INVALID_ACTOR_ID, INVALID_MESSAGE (the arguments are no plain data), ALREADY_EXISTS (it runs with
   * other arguments), NO_WORKER, HANDLER_FAILED (it threw as it started), ASK_TIMEOUT, SHUTTING_DOWN.
   *
   * @example
   * ```ts
   * const game = await system.spawn('game', { args: { players: 4 }, placement: { role: 'games' } });
   * console.log(game.id); // 'game/V1StGXR8_Z5jdHi6B-myT'
   * ```
   */
  spawn(kind: string, options?: SpawnOptions): Promise<UntypedRef>;
  /**
   * Ends an actor once it has handled the mail that it has by then; later mail brings a new incarnation to life. Of a durable actor the
   * record stays. Resolves once it has ended, at once where it does not run. `reason` is a text of at most 1 024 characters that watchers and
   * `onStop` are given, by default `stopped`.
   *
   * Rejects ASK_TIMEOUT after 10 000 ms, and ASK_CYCLE where actors wait for each other; the stop itself stands.
   *
   * @throws TroupeError At the call: INVALID_ACTOR_ID, INVALID_OPTIONS, SHUTTING_DOWN.
   * @example
   * ```ts
   * await system.stop('session/42', 'logged out');
   * ```
   */
  stop(id: ActorId, reason?: string): Promise<void>;
  /**
   * Ends an actor at once: `ctx.signal` of a running handler is aborted, waiting mail becomes dead letters (ACTOR_STOPPED). Resolves once it
   * has ended, at once where it does not run. Rejects INVALID_ACTOR_ID, SHUTTING_DOWN, ACTOR_UNAVAILABLE, and ASK_TIMEOUT after
   * `askTimeoutMs`.
   *
   * @example
   * ```ts
   * await system.kill('session/42');
   * ```
   */
  kill(id: ActorId): Promise<void>;
  /**
   * Ends an actor at once, as `kill` does, and all that is kept of it: its record, its reminders, the mail that waits for it, its stored
   * dead letters. Resolves once that is on disk, within 30 000 ms; what comes later begins anew. Repeated, it does no harm. Rejects
   * UNKNOWN_KIND, STORE_FAILED, INVALID_ACTOR_ID, ASK_TIMEOUT, SHUTTING_DOWN.
   *
   * @example
   * ```ts
   * await system.remove('user/ada');
   * ```
   */
  remove(id: ActorId): Promise<void>;
  /**
   * The ids of a durable kind that have a record, in the order of their keys, those after an id only; none is woken. `limit`: from 1 to 10 000, by
   * default 1 000. Not a snapshot: what begins or is removed meanwhile may be in it or not. Rejects UNKNOWN_KIND, STORE_FAILED, SHUTTING_DOWN, and
   * INVALID_OPTIONS where the kind is not durable.
   *
   * @example
   * ```ts
   * for (let ids = await system.ids('user'); ids.length > 0; ids = await system.ids('user', { after: ids.at(-1) }))
   *   for (const id of ids) system.tell(id, { type: 'greet' });
   * ```
   */
  ids(kind: string, options?: IdsOptions): Promise<ActorId[]>;
  /**
   * Calls the listener once when the actor has ended, with its id and the reason; at once, with `not-found`, where nothing lives under the id.
   * A move, a passivation or a restart is no end. Returns the function that ends the watch.
   *
   * @throws TroupeError INVALID_ACTOR_ID, INVALID_OPTIONS, SHUTTING_DOWN.
   * @example
   * ```ts
   * const unwatch = system.watch('game/7', ({ id, reason }) => console.log(`${id} has ended: ${reason}`));
   * ```
   */
  watch(id: ActorId, listener: TerminatedListener): () => void;
  /**
   * Sends a message to all subscribers of a topic, in all processes; subscribed actors get it as ordinary mail. False: slow down
   * (`await system.drained()`), as with `tell`, for the fullest of the subscribers. A topic is a text of 1 to 512 characters. A message that
   * cannot be published is a dead letter.
   *
   * @throws TroupeError INVALID_MESSAGE where the message is no object with a string `type`; INVALID_OPTIONS for the topic.
   * @example
   * ```ts
   * system.publish('deposits', { type: 'deposit', account: 'ada', amount: 10 });
   * ```
   */
  publish(topic: string, message: AnyMessage): boolean;
  /**
   * Subscribes an actor, by its id, or a listener of this process to a topic of 1 to 512 characters. Resolves, once the subscription is in force
   * everywhere, with the function that ends it. One publisher's messages come in their order. A process has at most 1 000 000
   * subscriptions. Rejects INVALID_OPTIONS, INVALID_ACTOR_ID, OVERLOADED, UNKNOWN_KIND, SHUTTING_DOWN.
   *
   * @example
   * ```ts
   * const unsubscribe = await system.subscribe('deposits', (message) => console.log(message));
   * await unsubscribe();
   * ```
   */
  subscribe(topic: string, subscriber: ActorId | ((message: unknown) => void)): Promise<() => Promise<void>>;
  /**
   * Where an actor is, or would be; asking brings none to life. Rejects INVALID_ACTOR_ID, UNKNOWN_KIND, NO_WORKER, SHUTTING_DOWN, and
   * ASK_TIMEOUT after `askTimeoutMs`.
   *
   * @example
   * ```ts
   * const { worker, active } = await system.where('counter/alice');
   * ```
   */
  where(id: ActorId): Promise<ActorLocation>;
  /**
   * The workers as of the last news of the master, at once. Empty with `workers: 0`.
   *
   * @example
   * ```ts
   * const ready = system.workers().filter(({ state }) => state === 'ready').length;
   * ```
   */
  workers(): WorkerInfo[];
  /**
   * The machines of the cluster as of the last news of the directory, at once, this one too (`self.machine`). Empty without the option `cluster`.
   *
   * @example
   * ```ts
   * const live = system.machines().filter(({ state }) => state === 'live').length;
   * ```
   */
  machines(): MachineInfo[];
  /**
   * Starts one more worker. Resolves to its index once it is ready; some of the actors then move to it, under traffic. `role`: by default
   * that of the first group of `workers`. Rejects NO_WORKER (it did not become ready, or `workers: 0`), INVALID_OPTIONS, SHUTTING_DOWN.
   *
   * @example
   * ```ts
   * const index = await system.addWorker({ role: 'mail' });
   * ```
   */
  addWorker(options?: { role?: string }): Promise<number>;
  /**
   * Drains a worker and ends it: its actors move to others with state and mail, nothing is lost, order is kept. Resolves once it has ended. A drain
   * takes at most `shutdownMs`, by default 10 000. Rejects NO_WORKER for an index that is none, and for the last worker that can host an actor;
   * INVALID_OPTIONS, SHUTTING_DOWN, or the error of an actor whose state cannot move.
   *
   * @example
   * ```ts
   * await system.removeWorker(3);
   * ```
   */
  removeWorker(index: number): Promise<void>;
  /**
   * Drains a worker, as `removeWorker`, and replaces it by a new process with the same index. Resolves once that is ready. Rejects
   * NO_WORKER, INVALID_OPTIONS, SHUTTING_DOWN, or the error of an actor whose state cannot move.
   *
   * @example
   * ```ts
   * await system.restartWorker(1);
   * ```
   */
  restartWorker(index: number): Promise<void>;
  /**
   * Moves one actor to a worker, with state, mail, timers, watchers, subscriptions and children. Once resolved, `where` agrees; where it is there
   * already nothing happens. Rejects NO_WORKER (no ready worker of its role has this index), UNKNOWN_KIND, INVALID_ACTOR_ID, ACTOR_UNAVAILABLE (a worker
   * died meanwhile, or a turn did not end in time), INVALID_MESSAGE (the state cannot be encoded; the actor stays), INVALID_OPTIONS (a child,
   * which moves with its parent), SHUTTING_DOWN.
   *
   * To another machine its whole partition moves, about a thousandth of all ids, live: and stays there as long as that machine does, or until it is
   * moved again. Rejects NO_WORKER for a machine that is not there or leaves, and ACTOR_UNAVAILABLE (`fate` unknown) after
   * 15 000 ms; where a worker is named, which it goes to once it is there, after as long again.
   *
   * @example
   * ```ts
   * await system.move('chat-room/lobby', 2);
   * const [, other] = system.machines();
   * await system.move('chat-room/lobby', { machine: other.id, worker: 1 });
   * ```
   */
  move(id: ActorId, target: number | MachineTarget): Promise<void>;
  /**
   * Replaces every worker, one after another, under traffic, with the code that lies on disk now. Resolves once all are new. New code is
   * loaded before anything is drained: where it does not load, or a kind changes between durable and not, the call rejects and every worker
   * goes on as it was. Rejects INVALID_OPTIONS, NO_WORKER, SHUTTING_DOWN, or the error of an actor whose state cannot move.
   *
   * @example
   * ```ts
   * await system.reload();
   * ```
   */
  reload(): Promise<void>;
  /**
   * Listens to an event of the whole system, in this process. Returns the function that ends that. Beyond 1 000 events of a type per second
   * from one process, exact counts come instead (`events-suppressed`). A listener that throws is logged and harms nothing.
   *
   * @throws TroupeError INVALID_OPTIONS for a name that is no event, or a listener that is no function.
   * @example
   * ```ts
   * const off = system.on('dead-letter', ({ to, reason }) => console.warn(`${to}: ${reason}`));
   * ```
   */
  on<E extends EventName>(event: E, listener: Listener<E>): () => void;
  /**
   * An inspection of an actor: what it does, since when, what it waits for, and what waits behind it. Its turn, asks in flight, mailbox, timers, reminders, watchers,
   * children, a copy of its state. Of one that is not in memory its record is read; none is woken, moved or placed. Lists and texts are
   * bounded, the state at 16 KiB. It is seen between two turns of its process, so never inside code that does not await.
   *
   * Rejects INVALID_ACTOR_ID, UNKNOWN_KIND, STORE_FAILED; NO_WORKER where none hosts it; ACTOR_UNAVAILABLE where its worker does not answer within
   * 1 000 ms, since a turn there blocks the event loop, or its machine not within 2 000 ms.
   *
   * @example
   * ```ts
   * const { status, turn, waitsFor, mailbox } = await system.inspect('order/4711');
   * ```
   */
  inspect(id: ActorId): Promise<ActorInspection>;
  /**
   * A page of the actors in memory, of the whole system: those with the most waiting mail first, or with the longest turn, the most restarts,
   * the last failure, the greatest age (`sort`, by default by id). Each process goes through its actors in slices of 4 ms; it is no
   * snapshot. Of several machines all are asked, and those that do not answer are named (`silentMachines`). `limit`: from 1 to 1 000, by default 50;
   * `after`: the `next` of the page before.
   *
   * Rejects INVALID_OPTIONS, UNKNOWN_KIND; OVERLOADED where a process makes 8 lists already.
   *
   * @example
   * ```ts
   * const { actors } = await system.list({ sort: 'mailbox', limit: 10 });
   * for (const { id, mailbox, turn } of actors) console.log(id, mailbox, turn);
   * ```
   */
  list(options?: ListOptions): Promise<ActorList>;
  /**
   * The last turns of an actor, the oldest first, where the option `history` keeps them: type, sender, when, milliseconds, outcome; by default the
   * last 100. They are kept by the process in which they ran, until that ends; all are asked. Empty where none are kept.
   *
   * Rejects INVALID_ACTOR_ID, UNKNOWN_KIND, INVALID_OPTIONS.
   *
   * @example
   * ```ts
   * for (const { type, ms, outcome } of await system.history('order/4711', { last: 10 })) console.log(type, ms, outcome);
   * ```
   */
  history(id: ActorId, options?: { last?: number | undefined }): Promise<PastTurn[]>;
  /**
   * Counts of the whole system (of several machines: of this one), of each process and of each kind, as of now. Every process is asked: poll it in seconds, not in
   * milliseconds. One that does not answer within 1 000 ms is left out. How late event loops are is measured from the first call on, and until
   * a minute after the last one.
   *
   * @example
   * ```ts
   * const { messages, workers } = await system.metrics();
   * ```
   */
  metrics(): Promise<SystemMetrics>;
  /**
   * Messages that could not be handled. Called: the newest 1 000 of this process, at most 16 MiB of them, oldest first. Those of durable
   * actors are on disk: listed, sent again, discarded.
   *
   * @example
   * ```ts
   * for (const { to, reason } of system.deadLetters()) console.warn(`${to}: ${reason}`);
   * ```
   */
  readonly deadLetters: DeadLetterBox;
  /**
   * Writes a consistent copy of all durable actors into an empty or new folder, while the system runs: a `dataDir` to start from, with the
   * SHA-256 of the copy beside it, which `troupe restore` compares. Rejects STORE_FAILED (no kind is durable, the disk is full, the folder is not empty), INVALID_OPTIONS for the path.
   *
   * @example
   * ```ts
   * await system.backup('/backups/2026-01-31');
   * ```
   */
  backup(path: string): Promise<void>;
  /**
   * Resolves once what this process has sent to those whose `tell` or `publish` said false is handled. A sender that waits whenever it is told
   * false does not overrun a mailbox by itself. Resolves at once where nothing is congested; never rejects.
   *
   * @example
   * ```ts
   * for (const message of many) if (!system.tell('sink/a', message)) await system.drained();
   * ```
   */
  drained(): Promise<void>;
  /**
   * Ends the system: new calls are refused (SHUTTING_DOWN), the mail there is is handled, running asks are answered, every actor's `onStop`
   * runs, durable turns are committed, and all workers end. `timeoutMs`: milliseconds for the drain, by default `shutdownMs` (10 000); what runs
   * beyond is aborted. A second call waits for the first. Called in a worker, it ends the whole system.
   *
   * @throws TroupeError At the call: INVALID_OPTIONS.
   * @example
   * ```ts
   * await system.shutdown({ timeoutMs: 5_000 });
   * ```
   */
  shutdown(options?: { timeoutMs?: number }): Promise<void>;
}

export type { ActorRef };
