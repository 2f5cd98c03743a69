/**
 * A typed handle of an actor: its id and who sends. Refs are cheap, compare by id and may travel inside messages.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Message } from '../vocabulary/envelope.ts';
import type { AskOptions } from './ask-options.ts';

/** Any message: plain data with a string `type`. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` would refuse what is declared by an interface
export type AnyMessage = Message & Record<string, any>;

/** The parts of its message that a handler wants beside `type`. */
export type PayloadOf<F> = F extends (ctx: never) => unknown
  ? unknown
  : F extends (ctx: never, message: infer M) => unknown
    ? unknown extends M
      ? Record<string, unknown>
      : M
    : unknown;

/** The message of type `T` for the handlers `H`. */
export type MessageOf<H, T extends keyof H> = { type: T } & PayloadOf<H[T]>;

/** The reply to an ask with type `T`, for the handlers `H`. */
export type ReplyOf<H, T extends keyof H> = H[T] extends (...parameters: never[]) => infer R ? Awaited<R> : never;

/**
 * A typed handle of an actor, made by `ref(definition, key)`. It may be sent in messages; in another process it comes out as a ref of the
 * system there.
 */
export interface ActorRef<H = unknown> {
  /** Id of the actor, `<kind>/<key>`. */
  readonly id: ActorId;
  /**
   * Sends a message and goes on. False: slow down (`await drained()`). Bounds and errors as of `tell` of the system or context
   * that made the ref.
   *
   * @example
   * ```ts
   * system.ref(counter, 'alice').tell({ type: 'add', by: 2 });
   * ```
   */
  tell<T extends keyof H & string>(message: MessageOf<H, T>): boolean;
  /**
   * Sends a message and waits for the reply, by default for `askTimeoutMs` milliseconds. Rejects as `ask` of the system or context that made the ref.
   *
   * @example
   * ```ts
   * const count = await system.ref(counter, 'alice').ask({ type: 'get' });
   * ```
   */
  ask<T extends keyof H & string>(message: MessageOf<H, T>, options?: AskOptions): Promise<ReplyOf<H, T>>;
  /**
   * Ends the actor after the mail that it has by then; `reason` is a text of at most 1 024 characters, by default `stopped`. Resolves once it has
   * ended. Rejects ASK_TIMEOUT after 10 000 ms, ASK_CYCLE.
   *
   * @example
   * ```ts
   * await system.ref(counter, 'alice').stop();
   * ```
   */
  stop(reason?: string): Promise<void>;
}

/** A handle of an actor whose definition is not known to the compiler: any message, any reply. */
export interface UntypedRef {
  /** Id of the actor, `<kind>/<key>`. */
  readonly id: ActorId;
  /**
   * Sends a message and goes on. False: slow down (`await drained()`). Bounds and errors as of `tell` of the system or context
   * that made the ref.
   *
   * @example
   * ```ts
   * system.ref('counter/alice').tell({ type: 'add', by: 2 });
   * ```
   */
  tell(message: AnyMessage): boolean;
  /**
   * Sends a message and waits for the reply, by default for `askTimeoutMs` milliseconds. Rejects as `ask` of the system or context that made the ref.
   *
   * @example
   * ```ts
   * const count = await system.ref('counter/alice').ask<number>({ type: 'get' });
   * ```
   */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for
  ask<R = any>(message: AnyMessage, options?: AskOptions): Promise<R>;
  /**
   * Ends the actor after the mail that it has by then; `reason` is a text of at most 1 024 characters, by default `stopped`. Resolves once it has
   * ended. Rejects ASK_TIMEOUT after 10 000 ms, ASK_CYCLE.
   *
   * @example
   * ```ts
   * await system.ref('counter/alice').stop();
   * ```
   */
  stop(reason?: string): Promise<void>;
}
