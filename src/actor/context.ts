/**
 * The context of a handler: its own identity, the message's circumstances, and the system seen from here.
 * One context belongs to one incarnation; once that has ended, its context does nothing any more.
 */
import type { RestartType } from '../supervision/supervision-options.ts';
import type { Log } from '../observe/log.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { ActorRef, AnyMessage, UntypedRef } from './actor-ref.ts';
import type { AskOptions } from './ask-options.ts';
import type { ActorDefinition } from './definition.ts';

/** Where an actor is, or would be. */
export interface ActorLocation {
  /** Index of its worker, from 1; 0 with `workers: 0`. */
  worker: number;
  /** Process id of that worker. */
  pid: number;
  /** The shard that its id hashes to, from 0 to 1 023. */
  shard: number;
  /** Of the placement table that this was read from; it grows with every change of a place. */
  epoch: number;
  /** Whether it is in memory. */
  active: boolean;
  /** Id of its machine, as in `machines()`; absent where the system is one machine. */
  machine?: string;
}

/** Options that `system.spawn` and `ctx.spawn` have in common. */
export interface CommonSpawnOptions {
  /** Key of the new actor, 1 to 512 bytes of UTF-8. Default: generated (nanoid, 21 characters). */
  key?: string;
  /** Plain data, given to `state` of each incarnation; a machine gets it in its `input`. Default: undefined. */
  args?: unknown;
}

/** Options of `ctx.spawn`. */
export interface SpawnChildOptions extends CommonSpawnOptions {
  /** When it is started again by its parent, with OTP's meaning. Default `transient`: after an abnormal end. */
  restart?: RestartType;
  /** Milliseconds that it has to end, with its parent or at a restart, before it is killed; from 0 to 2 147 483 647. Default 5 000. */
  shutdownMs?: number;
}

/**
 * The surroundings of a handler: its own identity, the circumstances of the message, and the system seen from this actor. It belongs to one
 * incarnation; once that has ended, every call fails with ACTOR_STOPPED.
 */
export interface Context<S = unknown> {
  /** Id of this actor, `<kind>/<key>`. */
  readonly id: ActorId;
  /** The part of the id behind its first slash. */
  readonly key: string;
  /** The part of the id before its first slash. */
  readonly kind: string;
  /** A ref to this actor, which may be sent in messages. */
  readonly self: UntypedRef;
  /** The state of the incarnation: plain data, to be changed or replaced. Of a durable actor it is committed as the turn ends. */
  state: S;
  /** Id of the actor that sent the message; undefined where a process did. */
  readonly sender: ActorId | undefined;
  /**
   * Aborted when the actor is killed, the ask's deadline has passed (a `TimeoutError`), or the asker has given up (an `AbortError`).
   * Pass it on: a handler that then rejects with what it brought has not failed.
   */
  readonly signal: AbortSignal;
  /** When the ask's reply is due, in milliseconds since the Unix epoch; undefined for a tell. */
  readonly deadline: number | undefined;
  /**
   * Grows, compared as a string, with every start, restart and move of this id, also over a restart of the system. For outside systems: one
   * that remembers the greatest fence it has seen can refuse what an older incarnation still sends.
   */
  readonly fence: string;
  /** The system's logger, with the id of this actor on each line. */
  readonly log: Log;

  /**
   * Sends a message to an actor and goes on; of a durable actor it leaves with the turn's commit. True: taken. False: slow down
   * (`await ctx.drained()`): half of the actor's mailbox waits (by default 100 000 messages), or there is another reason of `system.tell`. Bounds, and
   * what becomes a dead letter, as there.
   *
   * @throws TroupeError INVALID_ACTOR_ID, ACTOR_STOPPED; INVALID_MESSAGE where the message is no object with a string `type`.
   * @example
   * ```ts
   * ctx.tell('mailer/main', { type: 'send', to: ctx.key });
   * ```
   */
  tell(id: ActorId, message: AnyMessage): boolean;
  /**
   * Sends a message to an actor and waits for its reply; meanwhile this actor takes no other mail. `timeoutMs`: milliseconds, by default
   * what is left of this ask's own deadline, else `askTimeoutMs` (5 000). Of a durable actor it leaves at once, not with the commit.
   *
   * Rejects as `system.ask` does; ASK_CYCLE at once where actors wait for each other in a ring. A handler that lets the error through fails.
   *
   * @throws TroupeError At the call: INVALID_ACTOR_ID, INVALID_OPTIONS, INVALID_MESSAGE, ACTOR_STOPPED.
   * @example
   * ```ts
   * const balance = await ctx.ask<number>('account/ada', { type: 'balance' }, { signal: ctx.signal });
   * ```
   */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for; `ref(definition, key)` infers it
  ask<R = any>(id: ActorId, message: AnyMessage, options?: AskOptions): Promise<R>;
  /**
   * A handle of an actor that takes any message. Of a ref that came in a message it makes one that always sends as this actor.
   *
   * @throws TroupeError INVALID_ACTOR_ID.
   * @example
   * ```ts
   * const mailer = ctx.ref('mailer/main');
   * mailer.tell({ type: 'send', to: ctx.key });
   * ```
   */
  ref(id: ActorId | { readonly id: ActorId }): UntypedRef;
  /**
   * A handle of an actor by its definition and key: messages and replies are typed.
   *
   * @throws TroupeError UNKNOWN_KIND where the system has not loaded the definition; INVALID_ACTOR_ID for the key.
   * @example
   * ```ts
   * const balance: number = await ctx.ref(account, 'ada').ask({ type: 'balance' });
   * ```
   */
  ref<D extends ActorDefinition>(definition: D, key: string): RefTo<D>;
  /**
   * Sends a message to all subscribers of a topic, of 1 to 512 characters; of a durable actor after the commit. False: slow down (`await
   * ctx.drained()`), as with `tell`.
   *
   * @throws TroupeError INVALID_MESSAGE, INVALID_OPTIONS for the topic, ACTOR_STOPPED.
   * @example
   * ```ts
   * ctx.publish('deposits', { type: 'deposit', account: ctx.key, amount: 10 });
   * ```
   */
  publish(topic: string, message: AnyMessage): boolean;
  /**
   * Subscribes this actor, or another one, to a topic of 1 to 512 characters; its messages come as ordinary mail. Resolves, once in force
   * everywhere, with the function that ends it. A subscription moves with its actor and ends with the incarnation: `onStart` is the place
   * for it. Rejects INVALID_OPTIONS, INVALID_ACTOR_ID, OVERLOADED beyond 1 000 000 subscriptions of a process, ACTOR_STOPPED.
   *
   * @example
   * ```ts
   * onStart: (ctx) => ctx.subscribe('deposits'),
   * ```
   */
  subscribe(topic: string, id?: ActorId): Promise<() => Promise<void>>;
  /**
   * Ends a subscription of this actor, or of another one; resolves once it is. Where there is none nothing happens. Rejects INVALID_OPTIONS,
   * INVALID_ACTOR_ID, ACTOR_STOPPED.
   *
   * @example
   * ```ts
   * await ctx.unsubscribe('deposits');
   * ```
   */
  unsubscribe(topic: string, id?: ActorId): Promise<void>;
  /**
   * Has `onTerminated` called once when an actor has ended; at once, with the reason `not-found`, where nothing lives under the id. A move, a
   * passivation or a restart is no end. Watched twice, it is told once.
   *
   * @throws TroupeError INVALID_ACTOR_ID, ACTOR_STOPPED.
   * @example
   * ```ts
   * ctx.watch('game/7');
   * ```
   */
  watch(id: ActorId): void;
  /**
   * Ends a watch: `onTerminated` is not called for it any more, also where the end waits for its turn already.
   *
   * @throws TroupeError ACTOR_STOPPED.
   * @example
   * ```ts
   * ctx.unwatch('game/7');
   * ```
   */
  unwatch(id: ActorId): void;
  /**
   * Where an actor is, or would be; asking brings none to life. Rejects INVALID_ACTOR_ID, UNKNOWN_KIND, NO_WORKER, ASK_TIMEOUT, ACTOR_STOPPED.
   *
   * @example
   * ```ts
   * const { worker } = await ctx.where(ctx.id);
   * ```
   */
  where(id: ActorId): Promise<ActorLocation>;
  /**
   * Resolves once what this actor has sent to those whose `tell` or `publish` said false is handled; at once where nothing is congested, and no later than a
   * reply would be waited for. Never rejects; throws ACTOR_STOPPED.
   *
   * @example
   * ```ts
   * for (const row of rows) if (!ctx.tell('sink/a', { type: 'row', row })) await ctx.drained();
   * ```
   */
  drained(): Promise<void>;

  /**
   * Starts a child: it lives on this worker, moves and ends with this actor, and is addressed by its id from anywhere. Resolves once it has
   * started; where this actor is durable it starts after the commit, and the call resolves before. An actor has at most 100 000 children.
   *
   * Rejects UNKNOWN_KIND, INVALID_OPTIONS, INVALID_ACTOR_ID, INVALID_MESSAGE (the arguments are no plain data), ALREADY_EXISTS, OVERLOADED,
   * ACTOR_STOPPED, HANDLER_FAILED (it threw as it started).
   *
   * @example
   * ```ts
   * const player = await ctx.spawn('player', { args: { name: 'Ada' }, restart: 'permanent' });
   * ```
   */
  spawn(kind: string, options?: SpawnChildOptions): Promise<UntypedRef>;
  /**
   * Ends this actor after this message; mail that waits brings the next incarnation to life. `reason`: at most 1 024 characters, for
   * watchers and `onStop`, by default `stopped`.
   *
   * @throws TroupeError INVALID_OPTIONS for the reason, ACTOR_STOPPED.
   * @example
   * ```ts
   * ctx.stop('game over');
   * ```
   */
  stop(reason?: ExitReason): void;
  /**
   * Milliseconds since the Unix epoch; in a test, on the clock of the test.
   *
   * @example
   * ```ts
   * ctx.state.lastSeenAt = ctx.now();
   * ```
   */
  now(): number;
  /**
   * A message to itself, `ms` milliseconds from now. It keeps the actor in memory, moves with it, and is gone with the incarnation; of a
   * durable actor it is set with the commit. The function that it returns takes it back, also when it waits in the mailbox already.
   *
   * @throws TroupeError INVALID_OPTIONS where `ms` is no number from 0 on; OVERLOADED beyond 100 000 timers of an actor;
   * INVALID_MESSAGE, ACTOR_STOPPED.
   * @example
   * ```ts
   * const cancel = ctx.after(30_000, { type: 'close' });
   * ```
   */
  after(ms: number, message: AnyMessage): () => void;
  /**
   * A message to itself every `ms` milliseconds, 1 at least, the first one after `ms`; one at most waits in the mailbox, beats that come meanwhile are
   * missed. Otherwise as `after`.
   *
   * @throws TroupeError INVALID_OPTIONS where `ms` is no number from 0 on; OVERLOADED beyond 100 000 timers of an actor;
   * INVALID_MESSAGE, ACTOR_STOPPED.
   * @example
   * ```ts
   * const cancel = ctx.every(1_000, { type: 'tick' });
   * ```
   */
  every(ms: number, message: AnyMessage): () => void;
  /**
   * Durable actors: a message to itself at a time (`atMs`, milliseconds since the Unix epoch; one that has passed fires after the commit) or again and
   * again (`everyMs`, milliseconds from 1 on, the first one after one interval; beats that were missed are skipped). It is set with the turn's
   * commit, survives crashes, restarts and moves, and wakes an actor that has left memory. Each time fires once, not before it; at most 2 000 ms late
   * where the wall clock is set forward. The same name, of 1 to 256 characters, replaces; `ctx.forget(name)` takes it back. By default an actor has
   * none; it has at most 10 000.
   *
   * @throws TroupeError INVALID_OPTIONS where the actor is not durable, or for the name or the time; OVERLOADED beyond 10 000;
   * INVALID_MESSAGE, MESSAGE_TOO_LARGE, ACTOR_STOPPED.
   * @example
   * ```ts
   * ctx.remind('invoice', { atMs: ctx.now() + 14 * 86_400_000 }, { type: 'invoice' });
   * ```
   */
  remind(name: string, when: { atMs: number } | { everyMs: number }, message: AnyMessage): void;
  /**
   * Takes a reminder back, with the turn's commit; also one whose message waits in the mailbox already. Where there is none of this name
   * nothing happens.
   *
   * @throws TroupeError INVALID_OPTIONS where the actor is not durable; ACTOR_STOPPED.
   * @example
   * ```ts
   * ctx.forget('invoice');
   * ```
   */
  forget(name: string): void;
  /**
   * Durable actors: ends it with this turn's commit, and with it all that is kept of it: its record, its reminders, what it has put aside, its stored
   * dead letters. Messages and replies of the turn are sent. Mail that comes later, or waits already, begins anew. A turn that fails removes
   * nothing.
   *
   * @throws TroupeError INVALID_OPTIONS where the actor is not durable; ACTOR_STOPPED.
   * @example
   * ```ts
   * ctx.remove();
   * ```
   */
  remove(): void;
  /**
   * Puts the message being handled aside once its handler ends; an ask stays unanswered until it is handled again. An actor has at most 10 000 of them, and
   * a quarter of the memory of all queues.
   *
   * @throws TroupeError OVERLOADED beyond that; INVALID_OPTIONS where no message is being handled; ACTOR_STOPPED.
   * @example
   * ```ts
   * if (!ctx.state.ready) return ctx.stash();
   * ```
   */
  stash(): void;
  /**
   * Brings all stashed messages back, in order, before newer mail. Where there are none nothing happens.
   *
   * @throws TroupeError ACTOR_STOPPED.
   * @example
   * ```ts
   * ctx.state.ready = true;
   * ctx.unstashAll();
   * ```
   */
  unstashAll(): void;
}

/**
 * The ref of a definition's actors: what `ref(definition, key)` gives.
 *
 * @example
 * ```ts
 * const alice: RefTo<typeof counter> = system.ref(counter, 'alice');
 * ```
 */
export type RefTo<D> = D extends ActorDefinition<infer _S, infer H, infer _A> ? ActorRef<H> : UntypedRef;
