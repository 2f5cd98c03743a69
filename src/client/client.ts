/** A client, as its program sees it: the calls of a system that make sense from another process or another machine. */
import type { AnyMessage, UntypedRef } from '../actor/actor-ref.ts';
import type { AskOptions } from '../actor/ask-options.ts';
import type { ActorLocation } from '../actor/context.ts';
import type { TerminatedListener } from '../actor/watchers.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { TroupeError } from '../vocabulary/errors.ts';
import type { DeadLetter } from '../vocabulary/events.ts';

/** A handle of an actor, of which a client has no `stop`. */
export type ClientRef = Omit<UntypedRef, 'stop'>;

/** Events of a client, for its program. */
export interface ClientEvents {
  /** A connection stands; `isAgain`: not for the first time. */
  connected: { system: string; isAgain: boolean };
  /** The connection has ended, and the client connects again by itself; `error`: why it ended, where that is known. */
  disconnected: { error: Error | undefined };
  /**
   * After a connection that was lost: what was published to these topics meanwhile has not been heard, and of these actors only a
   * later end is told. `repeated`: messages that the process that served before, which is gone, may have accepted, and that were sent
   * again to the new one. `reason`: why the system had cut the connection.
   */
  gap: { topics: string[]; watches: ActorId[]; repeated: number; reason: string | undefined };
  /** The system has refused something that has no reply: a tell, a publish, a watch, a subscription that was set up again, or, at each try, to take this client back. */
  refused: { error: TroupeError };
  /** A message that did not leave this process. */
  'dead-letter': DeadLetter;
}

/** The names of `ClientEvents`. */
export type ClientEventName = keyof ClientEvents;

/** A sender outside of the system: one session, and one connection after another. */
export interface Client {
  /** Whether a connection stands now. */
  readonly isConnected: boolean;
  /**
   * Sends and goes on. The message is kept until the system has accepted it, and sent again in order after a lost connection; it is frozen,
   * in production too. False: taken, but slow down (`await drained()`). Beyond 50 000 messages or 64 MiB it is a dead letter (OVERLOADED).
   * Throws INVALID_ACTOR_ID, INVALID_MESSAGE.
   *
   * @example
   * ```ts
   * if (!client.tell('counter/alice', { type: 'add', by: 1 })) await client.drained();
   * ```
   */
  tell(id: ActorId, message: AnyMessage): boolean;
  /**
   * Sends and waits for the reply, by default the `askTimeoutMs` of the system in milliseconds. One that was written to a connection that is
   * lost fails with ACTOR_UNAVAILABLE, fate `unknown`; one that was not waits for the next connection. Rejects FORBIDDEN, and as `System.ask`.
   *
   * @example
   * ```ts
   * const count = await client.ask<number>('counter/alice', { type: 'get' }, { timeoutMs: 1_000 });
   * ```
   */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for
  ask<R = any>(id: ActorId, message: AnyMessage, options?: AskOptions): Promise<R>;
  /**
   * A handle of one actor. Throws INVALID_ACTOR_ID.
   *
   * @example
   * ```ts
   * const alice = client.ref('counter/alice');
   * alice.tell({ type: 'add', by: 1 });
   * ```
   */
  ref(id: ActorId | { readonly id: ActorId }): ClientRef;
  /**
   * To all subscribers, in order with the tells of this client, and kept as they are. False: taken, but slow down.
   *
   * @example
   * ```ts
   * client.publish('news', { type: 'headline', text: 'it rains' });
   * ```
   */
  publish(topic: string, message: AnyMessage): boolean;
  /**
   * Subscribes an actor, or a listener of this client, which is set up again after a lost connection. Resolves once in force. Rejects FORBIDDEN.
   *
   * @example
   * ```ts
   * const off = await client.subscribe('news', (message) => console.log(message));
   * await off();
   * ```
   */
  subscribe(topic: string, subscriber: ActorId | ((message: unknown) => void)): Promise<() => Promise<void>>;
  /**
   * Calls the listener once when the actor has ended; at once where nothing lives under the id. Set up again after a lost connection.
   *
   * @example
   * ```ts
   * client.watch('counter/alice', ({ id, reason }) => console.log(`${id} has ended: ${reason}`));
   * ```
   */
  watch(id: ActorId, listener: TerminatedListener): () => void;
  /**
   * Where an actor is. Needs the right `observe`; rejects FORBIDDEN.
   *
   * @example
   * ```ts
   * const { worker, active } = await client.where('counter/alice');
   * ```
   */
  where(id: ActorId): Promise<ActorLocation>;
  /**
   * Listens to an event of this client, until the function that it returns is called. Throws INVALID_OPTIONS.
   *
   * @example
   * ```ts
   * client.on('gap', ({ topics }) => console.log('perhaps missed:', topics));
   * ```
   */
  on<E extends ClientEventName>(event: E, listener: (event: ClientEvents[E]) => void): () => void;
  /**
   * Resolves when what this client has in flight is low again.
   *
   * @example
   * ```ts
   * for (const message of many) if (!client.tell('counter/alice', message)) await client.drained();
   * ```
   */
  drained(): Promise<void>;
  /**
   * Waits until what was told is accepted and asks have settled, at most `timeoutMs` milliseconds (default 5 000), then ends the connection.
   * Calls that come later are refused (SHUTTING_DOWN).
   *
   * @example
   * ```ts
   * await client.close();
   * ```
   */
  close(options?: { timeoutMs?: number }): Promise<void>;
}
